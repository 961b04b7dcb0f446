/** Seeded violations: each convention of `tools/tidy.ts` with the line that breaks it, and the line it allows. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const repository = path.join(import.meta.dirname, '../..');
const roots: string[] = [];
after(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

const head = '/** An idea. */\n';
const breaking = (file: string, line: string): Readonly<Record<string, string>> => ({
  [file]: `${head}${line}\n`,
});
// Put together from halves, for these words are refused in this file as well.
const machinePath = `/${'work'}/main/data`;
const registryHost = `https://registry.${'npmjs'}.org/`;

interface Seed {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly report: RegExp;
}

const seeds: readonly Seed[] = [
  {
    title: 'a source file without a word on what it is',
    files: { 'src/keys/seed.ts': 'export const seed = 1;\n' },
    report: /src\/keys\/seed\.ts:1: begin with a/,
  },
  {
    title: 'a source file longer than a reader can hold',
    files: breaking('src/keys/seed.ts', 'export const a = 1;\n'.repeat(400)),
    report: /src\/keys\/seed\.ts: 402 lines, more than 400/,
  },
  {
    title: 'a cast that mints nothing',
    files: breaking('src/keys/seed.ts', 'export const seed = JSON.parse("1") as number;'),
    report: /src\/keys\/seed\.ts:2: `as number` without a comment `Minted/,
  },
  {
    title: 'a cast of a cast',
    files: breaking('src/keys/seed.ts', 'export const seed = "1" as unknown as number;'),
    report: /src\/keys\/seed\.ts:2: `as unknown`/,
  },
  {
    title: 'an authorization proof made outside the authorizer, whatever its comment says',
    files: breaking(
      'src/operations/seed.ts',
      '// Minted: trust me\nexport const seed = {} as Authorized<Key>;',
    ),
    report: /src\/operations\/seed\.ts:3: only src\/authz\/authorize\.ts makes an `Authorized` value/,
  },
  {
    title: 'a process started',
    files: breaking('src/http/seed.ts', `import { spawn } from 'node:child_process';`),
    report: /src\/http\/seed\.ts:2: `node:child_process` has no place in src\//,
  },
  {
    title: 'a module of Node under its short name',
    files: breaking('src/keys/seed.ts', `import net from 'net';`),
    report: /src\/keys\/seed\.ts:2: `node:net` belongs to src\/http\//,
  },
  {
    title: 'a file written outside the file doors',
    files: breaking('src/keys/seed.ts', `import { readFile, rename } from 'node:fs/promises';`),
    report: /src\/keys\/seed\.ts:2: writing files belongs to/,
  },
  {
    title: 'the whole of node:fs imported outside the file doors',
    files: breaking('src/keys/seed.ts', `import * as fs from 'node:fs';`),
    report: /src\/keys\/seed\.ts:2: writing files belongs to/,
  },
  {
    title: 'the time of day asked past the clock',
    files: breaking('src/keys/seed.ts', 'export const seed = Date.now();'),
    report: /src\/keys\/seed\.ts:2: `Date\.now` belongs to src\/base\/clock\.ts/,
  },
  {
    title: 'the date of today asked past the clock',
    files: breaking('src/keys/seed.ts', 'export const seed = new Date().getTime();'),
    report: /src\/keys\/seed\.ts:2: `new Date\(\)` belongs to/,
  },
  {
    title: 'randomness that is not cryptographic',
    files: breaking('src/keys/seed.ts', 'export const seed = Math.random();'),
    report: /src\/keys\/seed\.ts:2: `Math\.random` has no place/,
  },
  {
    title: 'the environment read outside the configuration',
    files: breaking('src/keys/seed.ts', 'export const seed = process.env.HOME;'),
    report: /src\/keys\/seed\.ts:2: `process\.env` belongs to src\/config\//,
  },
  {
    title: 'cryptography through the global object',
    files: breaking('src/keys/seed.ts', 'export const seed = crypto.subtle;'),
    report: /src\/keys\/seed\.ts:2: `crypto` has no place/,
  },
  {
    title: 'cryptography through the back door of the module loader',
    files: breaking('src/keys/seed.ts', `export const seed = process.getBuiltinModule('node:crypto');`),
    report: /src\/keys\/seed\.ts:2: `process\.getBuiltinModule` belongs to src\/http\/node-http\.ts/,
  },
  {
    title: 'text run as code',
    files: breaking('src/policy/seed.ts', `export const seed = new Function('return 1');`),
    report: /src\/policy\/seed\.ts:2: `Function` has no place/,
  },
  {
    title: 'a promise that no test keeps',
    files: breaking('src/tlog/seed.ts', '// MUST: a log only\n// grows.\nexport const seed = 1;'),
    report: /src\/tlog\/seed\.ts:2: no test has the title `a log only grows`/,
  },
  {
    title: 'a test that keeps a promise nobody makes',
    files: breaking('test/seed.test.ts', `test('MUST: a log only grows', () => {});`),
    report: /test\/seed\.test\.ts: no comment in src\/ makes the promise/,
  },
  {
    title: 'a skipped test',
    files: breaking('test/seed.test.ts', `test.skip('a log only grows', () => {});`),
    report: /test\/seed\.test\.ts:2: `skip`: run the test, or remove it/,
  },
  {
    title: 'a test skipped by an option',
    files: breaking('test/seed.test.ts', `test('a log only grows', { skip: true }, () => {});`),
    report: /test\/seed\.test\.ts:2: `skip`: run the test, or remove it/,
  },
  {
    title: 'a path of one machine in a document',
    files: { 'docs/seed.md': `Look in ${machinePath}.\n` },
    report: /docs\/seed\.md:1: .* is a path of one machine/,
  },
  {
    title: 'the host of a package registry',
    files: { 'docs/seed.md': `Get it from ${registryHost}.\n` },
    report: /docs\/seed\.md:1: .* is the host of a package registry/,
  },
  {
    title: 'a decision that its index does not know',
    files: { 'docs/decisions/README.md': '# Decisions\n', 'docs/decisions/seed.md': '# Seed\n' },
    report: /docs\/decisions\/seed\.md: not linked from docs\/decisions\/README\.md/,
  },
];

for (const { title, files, report } of seeds) {
  test(`tidy catches ${title}`, () => {
    const { status, stderr } = tidy(files);
    assert.match(stderr, report);
    assert.equal(status, 1);
  });
}

test('tidy passes code that keeps the conventions', () => {
  const { status, stderr } = tidy({
    'src/base/clock.ts': `${head}export const now = () => Date.now();\n`,
    'src/operations/kms/encrypt.ts': `import { kmsOperation } from '../o.ts';\nexport const encrypt = kmsOperation('E', {});\n`,
    'src/storage/seed.ts': `${head}import { rename } from 'node:fs/promises';\nexport const seed = rename;\n`,
    'src/http/seed.ts': `${head}import { readFile } from 'node:fs/promises';\nexport const seed = readFile;\n`,
    'src/http/types.ts': `${head}import type { Socket } from 'node:net';\nexport type Seed = Socket;\n`,
    'src/keys/time.ts': `${head}export const seed = new Date(0).toISOString();\n`,
    'src/keys/cast.ts': `${head}// Minted: checked above.\nexport const seed = '1' as Seed;\nexport const x = ['a'] as const;\n`,
    'src/authz/authorize.ts': `${head}export const seed = {} as Authorized<Key>;\n`,
    'src/tlog/seed.ts': `${head}// MUST: a log only\n// grows. Nothing else is promised.\nexport const seed = 1;\n`,
    'src/tlog/table.ts': `/** A table.\n * Long because it is one. */\n${'export const a = 1;\n'.repeat(400)}`,
    'test/seed.test.ts': `${head}test('a log only grows', () => {});\n`,
    'docs/decisions/README.md': '# Decisions\n- [Seed](seed.md)\n',
    'docs/decisions/seed.md': '# Seed\n',
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('tidy fails on a tree without source files', () => {
  const { status, stderr } = tidy({ 'docs/seed.md': '# Seed\n' }, {});
  assert.match(stderr, /no source file under/);
  assert.equal(status, 1);
});

function tidy(
  files: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>> = { 'src/base/idea.ts': `${head}export const idea = 1;\n` },
): { status: number | null; stderr: string } {
  const root = mkdtempSync(path.join(tmpdir(), 'holdfast-tidy-'));
  roots.push(root);
  execFileSync('git', ['init', '--quiet'], { cwd: root });
  for (const [file, text] of Object.entries({ ...others, ...files })) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  const tool = path.join(repository, 'tools/tidy.ts');
  return spawnSync(process.execPath, [tool, '--root', root], { encoding: 'utf8', cwd: root });
}
