/**
 * A real server for tests: `bin/holdfast dev` as a child process on a free port of the loopback
 * interface, with credentials of the test's own. It is ended by its process id and nothing else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const holdfast = fileURLToPath(new URL('../../bin/holdfast', import.meta.url));

const compileCache = fileURLToPath(new URL('../../.cache/node-compile', import.meta.url));

export interface Credentials {
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const operator: Credentials = {
  accountId: '000000000000',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

export const neighbour: Credentials = {
  accountId: '111122223333',
  accessKeyId: 'AKIAI44QH8DHBEXAMPLE',
  secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
};

export interface DevServer {
  readonly endpoint: string;
  readonly port: number;
  readonly pid: number;
  readonly process: ChildProcess;
  /** Everything it has written to its two outputs so far. */
  output(): string;
  /** Resolves with the exit code when it has stopped by itself after SIGTERM, or was killed. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface DevServerOptions {
  /** Further arguments of `holdfast dev`; without `--data-dir` it is ephemeral. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: 'dev' | 'server';
  readonly readyMs?: number;
}

/** Resolves when the server answers. Rejects with its output when it ends before. */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const { args = [], command = 'dev', readyMs = 30_000 } = options;
  const given = new Set(args.map((argument) => argument.split('=')[0]));
  const all = [command, ...args];
  if (!given.has('--port')) all.push('--port', '0');
  if (command === 'dev') {
    if (!given.has('--data-dir') && !given.has('--ephemeral')) all.push('--ephemeral');
    all.push('--credential', `${neighbour.accountId}:${neighbour.accessKeyId}:${neighbour.secretAccessKey}`);
  }
  const child = spawn(holdfast, all, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '/tmp',
      // Servers that start again and again need not compile again.
      NODE_COMPILE_CACHE: compileCache,
      ...(command === 'dev'
        ? {
            HOLDFAST_ACCOUNT_ID: operator.accountId,
            HOLDFAST_ACCESS_KEY_ID: operator.accessKeyId,
            HOLDFAST_SECRET_ACCESS_KEY: operator.secretAccessKey,
          }
        : {}),
      ...options.env,
    },
  });
  let written = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    written += chunk;
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const endpoint = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the server was not ready after ${readyMs} ms:\n${written}`));
    }, readyMs);
    createInterface({ input: child.stdout }).on('line', (line) => {
      written += `${line}\n`;
      const url = /ready at (https?:\/\/\S+)/.exec(line)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
    void exited.then(([code, signal]) => {
      clearTimeout(timer);
      reject(new Error(`the server ended (${code ?? signal}) before it was ready:\n${written}`));
    });
  });
  return {
    endpoint,
    port: Number(new URL(endpoint).port),
    pid: child.pid ?? 0,
    process: child,
    output: () => written,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}
