/**
 * Seeded violations: a copy of the source is broken in each way that `tools/check-layers.ts` must see.
 * What is copied is a small clean tree with every folder of the table in it, so that a test of the tool
 * does not fail for what somebody is changing elsewhere; that the real tree is clean is `npm run check`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { rows } from '../../tools/layers.ts';

const repository = path.join(import.meta.dirname, '../..');
const roots: string[] = [];
after(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

interface Seed {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly report: RegExp;
}

const seeds: readonly Seed[] = [
  {
    title: 'an import of a higher row',
    files: { 'keys/seed.ts': `import { idea } from '../pipeline/idea.ts';\nexport const seed = idea;\n` },
    report: /src\/keys\/seed\.ts -> src\/pipeline\/idea\.ts: `keys` imports itself and lower rows only/,
  },
  {
    title: 'an import of main.ts',
    files: { 'cli/seed.ts': `import { idea } from '../main.ts';\nexport const seed = idea;\n` },
    report: /src\/cli\/seed\.ts -> src\/main\.ts: `cli` imports itself and lower rows only/,
  },
  {
    title: 'an import of another folder in the same row',
    files: { 'seal/seed.ts': `import { idea } from '../storage/idea.ts';\nexport const seed = idea;\n` },
    report: /src\/seal\/seed\.ts -> src\/storage\/idea\.ts: `seal` imports itself and lower rows only/,
  },
  {
    title: 'an import of a higher row for its types alone',
    files: { 'base/seed.ts': `import type { Idea } from '../keys/idea.ts';\nexport type Seed = Idea;\n` },
    report: /src\/base\/seed\.ts -> src\/keys\/idea\.ts: `base` imports itself and lower rows only/,
  },
  {
    title: 'an import of a higher row made while running',
    files: { 'base/seed.ts': `export const seed = await import('../keys/idea.ts');\n` },
    report: /src\/base\/seed\.ts -> src\/keys\/idea\.ts: `base` imports itself and lower rows only/,
  },
  {
    title: 'a re-export from a higher row',
    files: { 'base/seed.ts': `export type { Idea } from '../keys/idea.ts';\n` },
    report: /src\/base\/seed\.ts -> src\/keys\/idea\.ts: `base` imports itself and lower rows only/,
  },
  {
    title: 'a circle of imports within one folder, closed by a type',
    files: {
      'keys/seed.ts': `import type { Round } from './round.ts';\nexport interface Seed { round?: Round }\n`,
      'keys/round.ts': `import type { Seed } from './seed.ts';\nexport interface Round { seed?: Seed }\n`,
    },
    report: /src\/keys\/(seed|round)\.ts -> .*: imports go round in a circle/,
  },
  {
    title: 'node:crypto outside src/crypto/',
    files: {
      'http/seed.ts': `import { randomBytes } from 'node:crypto';\nexport const seed = randomBytes(1);\n`,
    },
    report: /src\/http\/seed\.ts -> .*crypto: only src\/crypto\/ imports node:crypto/,
  },
  {
    title: 'crypto under its short name in a folder that may only name key objects',
    files: {
      'keystore/seed.ts': `import { randomBytes } from 'crypto';\nexport const seed = randomBytes(1);\n`,
    },
    report: /src\/keystore\/seed\.ts -> .*crypto: only src\/crypto\/ imports node:crypto/,
  },
  {
    title: 'a type of node:crypto in a folder that holds no key objects',
    files: {
      'http/seed.ts': `import type { KeyObject } from 'node:crypto';\nexport type Seed = KeyObject;\n`,
    },
    report: /src\/http\/seed\.ts -> .*crypto: only .* name types of node:crypto/,
  },
  {
    title: 'a provider named outside main.ts',
    files: {
      'storage/sqlite/database.ts': `export const database = 1;\n`,
      'jobs/seed.ts': `import { database } from '../storage/sqlite/database.ts';\nexport const seed = database;\n`,
    },
    report:
      /src\/jobs\/seed\.ts -> src\/storage\/sqlite\/database\.ts: only main\.ts and the provider itself/,
  },
  {
    title: 'a provider named by the folder of its own interface',
    files: {
      'seal/passphrase/seal.ts': `export const open = 1;\n`,
      'seal/seed.ts': `import { open } from './passphrase/seal.ts';\nexport const seed = open;\n`,
    },
    report: /src\/seal\/seed\.ts -> src\/seal\/passphrase\/seal\.ts: only main\.ts and the provider itself/,
  },
  {
    title: 'a package',
    files: { 'http/seed.ts': `import typescript from 'typescript';\nexport const seed = typescript;\n` },
    report:
      /src\/http\/seed\.ts -> .*typescript.*: (src\/ imports Node and itself only|imports a file that is not)/,
  },
  {
    title: 'a file that nothing that runs imports',
    files: { 'keys/seed.ts': `export const seed = 1;\n` },
    report: /src\/keys\/seed\.ts: nothing that runs imports it/,
  },
  {
    title: 'a folder that is in no row',
    files: { 'utils/seed.ts': `export const seed = 1;\n` },
    report: /src\/utils\/seed\.ts: its folder is in no row/,
  },
];

for (const { title, files, report } of seeds) {
  test(`the layer check catches ${title}`, () => {
    const root = cleanTree();
    for (const [file, text] of Object.entries(files)) write(root, file, text);
    const { status, stderr } = checkLayers(root);
    assert.match(stderr, report);
    assert.equal(status, 1);
  });
}

test('the layer check passes a tree where every folder imports every folder of the rows below', () => {
  const { status, stderr } = checkLayers(cleanTree());
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('the layer check lets main.ts name a provider and a key store name the type of a key object', () => {
  const root = cleanTree();
  write(root, 'storage/sqlite/database.ts', `export const database = 1;\n`);
  write(
    root,
    'keystore/seed.ts',
    `import type { KeyObject } from 'node:crypto';\nexport type Seed = KeyObject;\n`,
  );
  const imports = `import './storage/sqlite/database.ts';\nimport type { Seed } from './keystore/seed.ts';\n`;
  appendFileSync(path.join(root, 'src/main.ts'), `${imports}export type Seeded = Seed;\n`);
  const { status, stderr } = checkLayers(root);
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('the layer check fails when dependency-cruiser finds no TypeScript and so reads no module', () => {
  const root = cleanTree();
  const hook = path.join(root, 'hide-typescript.mjs');
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module';
     registerHooks({
       resolve(specifier, context, next) {
         if (specifier === 'typescript') throw Object.assign(new Error('hidden'), { code: 'ERR_MODULE_NOT_FOUND' });
         return next(specifier, context);
       },
     });`,
  );
  const { status, stderr } = checkLayers(root, ['--import', hook]);
  assert.match(stderr, /src\/keys\/idea\.ts: not read by dependency-cruiser/);
  assert.equal(status, 1);
});

test('the layer check fails on a tree without source files', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'holdfast-layers-'));
  roots.push(root);
  mkdirSync(path.join(root, 'src'));
  const { status, stderr } = checkLayers(root);
  assert.match(stderr, /no source file/);
  assert.equal(status, 1);
});

/** A tree with `idea.ts` in every folder of the table, each importing those of all rows below it. */
function cleanTree(): string {
  const root = mkdtempSync(path.join(tmpdir(), 'holdfast-layers-'));
  roots.push(root);
  rows.forEach((row, index) => {
    const below = rows.slice(index + 1).flat();
    const prefix = index === 0 ? './' : '../';
    const imports = below.map(
      (folder, n) => `import { idea as idea${n} } from '${prefix}${folder}/idea.ts';\n`,
    );
    const sum = ['1', ...below.map((_, n) => `idea${n}`)].join(' + ');
    for (const folder of row) {
      const file = folder.endsWith('.ts') ? folder : `${folder}/idea.ts`;
      write(root, file, `${imports.join('')}export const idea = ${sum};\nexport type Idea = typeof idea;\n`);
    }
  });
  return root;
}

function write(root: string, file: string, text: string): void {
  const at = path.join(root, 'src', file);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, text);
}

function checkLayers(root: string, flags: readonly string[] = []): { status: number | null; stderr: string } {
  const tool = path.join(repository, 'tools/check-layers.ts');
  return spawnSync(process.execPath, [...flags, tool, '--root', root], { encoding: 'utf8', cwd: root });
}
