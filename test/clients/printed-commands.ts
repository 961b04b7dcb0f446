/** Commands as documents print them: found under their headings, and run one after the other in one shell. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram } from './python-program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The code blocks of a language under a heading, in order. */
export function codeBlocks(document: string, heading: string, language: string): readonly string[] {
  const section = readFileSync(join(root, document), 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section !== undefined, `${document} has no section \`${heading}\``);
  const blocks = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return blocks.filter(([, name]) => name === language).map(([, , code = '']) => code);
}

export interface CommandEnded {
  readonly command: string;
  readonly code: number;
  readonly out: string;
}

/** Runs the commands one after the other in one shell, as they would be pasted. */
export async function runInShell(
  code: string,
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<readonly CommandEnded[]> {
  const commands = code
    .replaceAll('\\\n', '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const mark = '=== ended with ';
  const script = commands.map((command) => `${command}\nprintf '\\n${mark}%s\\n' "$?"\n`).join('');
  const { out, err } = await runProgram('sh', ['-c', `exec 2>&1\n${script}`], env, { cwd });
  const parts = out.split(`\n${mark}`);
  assert.equal(parts.length - 1, commands.length, `${out}\n${err}`);
  return commands.map((command, index) => {
    const before = parts[index] ?? '';
    const codeOfNext = Number.parseInt(parts[index + 1] ?? '', 10);
    return { command, code: codeOfNext, out: index === 0 ? before : before.slice(before.indexOf('\n') + 1) };
  });
}

export const exportsIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^ {2}export (.*)$/gm)].flatMap(([, pairs = '']) =>
      pairs.split(' ').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
  );

/** Starts a command that serves, and resolves with what it printed once it is ready. */
export async function serve(
  t: TestContext,
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<{ readonly printed: string; stop(): Promise<void> }> {
  // A group of its own: what `make` starts gets the signal too.
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGTERM');
    }
    await closed;
  };
  t.after(stop);
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      if (/ready at .*\n[\s\S]*^log key .*\n/m.test(printed)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    void closed.then(() => reject(new Error(`ended before it was ready:\n${printed}`)));
  });
  return { printed, stop };
}

/** Free now; the server takes it a moment later. */
export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
