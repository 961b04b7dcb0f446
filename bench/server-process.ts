/** The servers under measurement, each a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export const signer = {
  accessKeyId: 'AKIAIOSFODNN7BENCH00',
  secretAccessKey: 'bench/secret/bench/secret/bench/secret00',
  region: 'us-east-1',
};

const echoPath = fileURLToPath(new URL('echo-server.ts', import.meta.url));
const holdfastPath = fileURLToPath(new URL('../bin/holdfast', import.meta.url));

export const startEcho = (): Promise<ServerProcess> => start(process.execPath, [echoPath], /^(http:\S+)$/);

export const startHoldfast = (args: readonly string[]): Promise<ServerProcess> =>
  start(holdfastPath, ['dev', '--port', '0', ...args], /ready at (http:\S+)/);

async function start(command: string, args: readonly string[], ready: RegExp): Promise<ServerProcess> {
  const child: ChildProcess = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      HOLDFAST_ACCESS_KEY_ID: signer.accessKeyId,
      HOLDFAST_SECRET_ACCESS_KEY: signer.secretAccessKey,
    },
  });
  const exited = once(child, 'exit');
  if (child.stdout === null) throw new Error('no standard output');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = ready.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return {
      pid: child.pid ?? 0,
      port: Number(new URL(url).port),
      async stop() {
        child.kill('SIGTERM');
        await exited;
      },
    };
  }
  throw new Error(`${command} ${args.join(' ')} ended before it was ready`);
}
