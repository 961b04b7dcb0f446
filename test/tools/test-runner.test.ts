/** The runner of the tests must not call a run good that was not: seeded test files, each wrong in its way. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const repository = path.join(import.meta.dirname, '../..');
const roots: string[] = [];
after(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

const good = `import { test } from 'node:test';\ntest('one', () => {});\ntest('two', () => {});\n`;

test('the test runner passes files whose tests pass, and counts them', () => {
  const { status, stdout } = runTests({ 'a.test.ts': good, 'b.test.ts': good });
  assert.match(stdout, /^4 passed, 0 failed \(2 files, \d+ s\)$/m);
  assert.equal(status, 0);
});

test('the test runner shows a failure in full, with what its file printed, and fails', () => {
  const { status, stdout } = runTests({
    'a.test.ts': good,
    'b.test.ts': `import { test } from 'node:test';\nconsole.log('seed 7');\ntest('outer', async (t) => {
      await t.test('inner', () => { throw new Error('it broke'); });
    });\n`,
  });
  assert.match(stdout, /--- .*b\.test\.ts\n {2}it printed:\n {4}seed 7/);
  assert.match(stdout, /inner \(.*b\.test\.ts:4\)/);
  assert.match(stdout, /Error: it broke/);
  assert.match(stdout, /^2 passed, 2 failed/m);
  assert.equal(status, 1);
});

const wrong: readonly (readonly [title: string, source: string, report: RegExp])[] = [
  ['a file that does not load', `throw new Error('it does not load');`, /it does not load/],
  ['a file without tests', 'export {};', /no test in this file/],
  [
    'a file whose process ends before its tests',
    `import { test } from 'node:test';\ntest('one', () => {});\nsetTimeout(() => process.exit(3), 10);
     test('two', () => new Promise((resolve) => setTimeout(resolve, 500)));`,
    /1 failed|2 failed/,
  ],
  [
    'a skipped test',
    `import { test } from 'node:test';\ntest('one', { skip: true }, () => {});`,
    /skipped: one/,
  ],
  [
    'a test to be written',
    `import { test } from 'node:test';\ntest('one', { todo: true }, () => {});`,
    /skipped: one/,
  ],
];

for (const [title, source, expected] of wrong) {
  test(`the test runner fails on ${title}`, () => {
    const { status, stdout } = runTests({ 'a.test.ts': good, 'b.test.ts': source });
    assert.match(stdout, expected);
    assert.equal(status, 1);
  });
}

test('the test runner fails when there is no test file at all', () => {
  const { status, stderr } = runTests({ 'readme.txt': '' });
  assert.match(stderr, /no test file found/);
  assert.equal(status, 1);
});

test('the test runner keeps the AWS credentials of the user from the tests', () => {
  const { status } = runTests(
    {
      'a.test.ts': `import { test } from 'node:test';\nimport assert from 'node:assert';
        test('one', () => assert.equal(process.env.AWS_ACCESS_KEY_ID, undefined));`,
    },
    { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' },
  );
  assert.equal(status, 0);
});

function runTests(
  files: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
): { status: number | null; stdout: string; stderr: string } {
  const root = mkdtempSync(path.join(tmpdir(), 'holdfast-runner-'));
  roots.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  // A runner inside a runner would report to the outer one and run nothing.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const tool = path.join(repository, 'tools/test.ts');
  return spawnSync(process.execPath, [tool, root], { encoding: 'utf8', env: { ...inherited, ...env } });
}
