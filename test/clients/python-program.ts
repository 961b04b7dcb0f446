/** Runs the Python programs beside this file, in the environment that `make test` makes for the real clients. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const pythonBin = fileURLToPath(new URL('../../.cache/venv/bin', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs any program to its end, or ends it after `limitMs`. */
export async function runProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: { readonly cwd?: string; readonly input?: string; readonly limitMs?: number } = {},
): Promise<Ended> {
  const { limitMs = 120_000, input = '' } = options;
  const child = spawn(command, args, {
    env,
    stdio: 'pipe',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  child.stdin.on('error', () => undefined).end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  clearTimeout(timer);
  return { code, out, err };
}

export async function runPython(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const python = join(pythonBin, 'python');
  assert.ok(existsSync(python), `${python} is missing: \`make test\` makes it`);
  const path = fileURLToPath(new URL(program, import.meta.url));
  return runProgram(python, [path, ...args], { ...env, PYTHONDONTWRITEBYTECODE: '1' });
}

/** Each check of the program becomes a test of its own. Resolves with the operations that it called. */
export async function runChecks(
  t: TestContext,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const { code, out, err } = await runPython(program, args, env);
  let operations: readonly string[] = [];
  let checks = 0;
  for (const line of out.split('\n').filter((each) => each !== '')) {
    const said: { title?: string; error?: string | null; operations?: readonly string[] } = JSON.parse(line);
    operations = said.operations ?? operations;
    if (said.title === undefined) continue;
    checks += 1;
    await t.test(said.title, () => assert.ok(said.error === null, said.error ?? 'no result'));
  }
  assert.equal(code, 0, `${program} ended with ${code}:\n${err}`);
  assert.ok(checks > 0, `${program} made no check`);
  return operations;
}
