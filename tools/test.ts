/**
 * Runs the tests: every `*.test.ts` under `test/`, or those under the paths given. Each file has a process of its
 * own. What passes is counted; what fails is shown in full, with what its file printed. A run fails when a
 * test fails or is skipped, and when a file, or the whole run, holds no test.
 *
 *     npm test [-- PATH...]
 */
import { existsSync, globSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';

const root = path.join(import.meta.dirname, '..');
const minutesMax = Number(process.env.HOLDFAST_TEST_TIMEOUT_MINUTES ?? 10);
// Tests start servers and clients of their own: more files at once than cores makes time limits lie.
const concurrency = Number(process.env.HOLDFAST_TEST_CONCURRENCY ?? Math.max(2, availableParallelism() - 2));
const heartbeatMs = 30_000;
const slowestShown = 8;

interface FileResult {
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  ended: boolean;
  readonly output: string[];
  readonly failures: string[];
}

function testFiles(paths: readonly string[]): string[] {
  if (paths.length === 0) return globSync('test/**/*.test.ts', { cwd: root }).sort();
  return paths.flatMap((given) => {
    const found = path.relative(root, path.resolve(given));
    if (!existsSync(path.join(root, found))) throw new Error(`there is no \`${given}\``);
    if (!statSync(path.join(root, found)).isDirectory()) return [found];
    return globSync(`${found}/**/*.test.ts`, { cwd: root }).sort();
  });
}

/** Nothing of the user's own: real AWS credentials must not reach a test, nor a proxy its local requests. */
function isolateEnvironment(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, {
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    NO_PROXY: '127.0.0.1,localhost,::1',
    no_proxy: '127.0.0.1,localhost,::1',
  });
}

async function runFiles(files: readonly string[]): Promise<Map<string, FileResult>> {
  const results = new Map(files.map((file) => [file, emptyResult()]));
  const resultOf = (file = ''): FileResult => {
    const name = path.relative(root, file);
    const known = results.get(name) ?? emptyResult();
    results.set(name, known);
    return known;
  };

  const heartbeat = setInterval(() => console.log(progress(results)), heartbeatMs);
  heartbeat.unref();
  const events = run({
    files: files.map((file) => path.join(root, file)),
    concurrency,
    timeout: minutesMax * 60_000,
    cwd: root,
  });
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      resultOf(data.entryFile ?? data.file).output.push(data.message);
    } else if (type === 'test:complete' && isFile(data)) {
      const result = resultOf(data.file);
      result.ended = true;
      result.seconds = data.details.duration_ms / 1000;
    } else if (type === 'test:pass' && !isFile(data) && data.details.type !== 'suite') {
      const result = resultOf(data.entryFile ?? data.file);
      if (data.skip === undefined && data.todo === undefined) result.passed++;
      else {
        result.skipped++;
        result.failures.push(`skipped: ${data.name}`);
      }
    } else if (type === 'test:fail') {
      const result = resultOf(data.entryFile ?? data.file);
      const { error } = data.details;
      if (data.details.type !== 'suite') result.failed++;
      if ('failureType' in error && error.failureType === 'subtestsFailed') continue;
      result.failures.push(`${placeOf(data)}\n${indent(inspect(error.cause ?? error, { depth: 8 }))}`);
    }
  }
  clearInterval(heartbeat);
  for (const [file, result] of results) {
    if (result.passed + result.failed + result.skipped > 0) continue;
    result.failed++;
    result.failures.push(`${file}: no test in this file`);
  }
  return results;
}

const emptyResult = (): FileResult => ({
  passed: 0,
  failed: 0,
  skipped: 0,
  seconds: 0,
  ended: false,
  output: [],
  failures: [],
});

/** The runner reports each file as a test that bears the file's path. */
const isFile = (data: { name: string; file?: string | undefined }): boolean => data.name === data.file;

const placeOf = (data: { name: string; file?: string | undefined; line?: number | undefined }): string =>
  isFile(data)
    ? 'the file itself failed'
    : `${data.name} (${path.relative(root, data.file ?? '')}:${data.line ?? 0})`;

const indent = (text: string): string => text.replace(/^/gm, '    ');

const total = (results: Iterable<FileResult>, count: 'passed' | 'failed' | 'skipped'): number =>
  [...results].reduce((sum, result) => sum + result[count], 0);

function progress(results: ReadonlyMap<string, FileResult>): string {
  const ended = [...results.values()].filter((result) => result.ended).length;
  return `${ended} of ${results.size} files, ${total(results.values(), 'passed')} tests passed so far`;
}

function report(results: ReadonlyMap<string, FileResult>, seconds: number): void {
  for (const [file, { output, failures }] of results) {
    if (failures.length === 0) continue;
    console.log(`\n--- ${file}`);
    if (output.length > 0) console.log(`  it printed:\n${indent(output.join('').trimEnd())}`);
    for (const failure of failures) console.log(`  ${failure}`);
  }
  const slowest = [...results].sort(([, a], [, b]) => b.seconds - a.seconds).slice(0, slowestShown);
  console.log('\nslowest files:');
  for (const [file, result] of slowest) console.log(`  ${result.seconds.toFixed(1).padStart(6)} s  ${file}`);
  const [passed, failed, skipped] = [
    total(results.values(), 'passed'),
    total(results.values(), 'failed'),
    total(results.values(), 'skipped'),
  ];
  const skips = skipped === 0 ? '' : `, ${skipped} skipped`;
  console.log(
    `\n${passed} passed, ${failed} failed${skips} (${results.size} files, ${seconds.toFixed(0)} s)`,
  );
  if (failed > 0 || skipped > 0 || passed === 0) process.exitCode = 1;
}

isolateEnvironment();
const files = testFiles(process.argv.slice(2));
if (files.length === 0) {
  console.error('holdfast: no test file found');
  process.exitCode = 1;
} else {
  const start = performance.now();
  report(await runFiles(files), (performance.now() - start) / 1000);
}
