/** The servers under measurement, each a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { call } from './signed-requests.ts';

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

/** The launcher of this checkout, which runs the sources. */
export const sourceLauncher = fileURLToPath(new URL('../bin/holdfast', import.meta.url));

/** The echo as plain JavaScript: stripping types would make its start look slower than a bare one is. */
export function writePlainEcho(directory: string): string {
  const path = join(directory, 'echo-server.mjs');
  const source = readFileSync(new URL('echo-server.ts', import.meta.url), 'utf8');
  writeFileSync(path, stripTypeScriptTypes(source));
  return path;
}

export const startEcho = (path: string): Promise<ServerProcess> =>
  start(process.execPath, [path], /^(http:\S+)$/);

export const startHoldfast = (launcher: string, args: readonly string[]): Promise<ServerProcess> =>
  start(launcher, ['dev', '--port', '0', ...args], /ready at (http:\S+)/);

export async function createKey(port: number): Promise<string> {
  const { KeyMetadata } = await call<{ KeyMetadata: { KeyId: string } }>(signer, port, 'CreateKey', {});
  return KeyMetadata.KeyId;
}

export const plaintext = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64');

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
