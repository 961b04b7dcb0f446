/** Child processes that hold a data directory, and die. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Each line of the child's output, from the first. */
  readonly lines: AsyncIterableIterator<string>;
  readonly ended: Promise<unknown>;
  readonly errors: () => string;
}

/** Runs a script of this directory. `shell` is a prefix for the command, such as a limit. */
export function runScript(
  script: string,
  args: readonly string[],
  options: { shell?: string; flags?: string[] } = {},
): Child {
  const command = [process.execPath, ...(options.flags ?? []), join(import.meta.dirname, script), ...args];
  const child =
    options.shell === undefined
      ? spawn(process.execPath, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] })
      : spawn('/bin/sh', ['-c', `${options.shell}; exec "$@"`, 'sh', ...command], {
          stdio: ['pipe', 'pipe', 'pipe'],
        });
  if (child.pid === undefined) throw new Error('the child did not start');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  return {
    process: child,
    pid: child.pid,
    lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    ended: once(child, 'close'),
    errors: () => errors,
  };
}

export async function nextLine(child: Child): Promise<string> {
  const { value, done } = await child.lines.next();
  if (done === true) throw new Error(`the child ended: ${child.errors()}`);
  return value;
}

export async function kill(child: Child): Promise<void> {
  child.process.kill('SIGKILL');
  await child.ended;
}
