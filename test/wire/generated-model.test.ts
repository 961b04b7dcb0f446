/** The generated tables are those of the committed models, and the check of that can fail. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compilePattern } from '../../src/protocol/constraint.ts';

const generator = fileURLToPath(new URL('../../tools/generate-model.ts', import.meta.url));
const generate = (...options: string[]): number | null =>
  spawnSync(process.execPath, [generator, ...options], { stdio: 'ignore' }).status;

test('src/model/ is fresh', () => assert.equal(generate('--check'), 0));

test('a table that was edited or is missing is found stale', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-model-'));
  context.after(() => rmSync(folder, { recursive: true }));
  assert.equal(generate('--check', folder), 1);
  assert.equal(generate(folder), 0);
  assert.equal(generate('--check', folder), 0);
  appendFileSync(join(folder, 'kms-table.ts'), '// edited\n');
  assert.equal(generate('--check', folder), 1);
});

test('no table carries the prose of the model', () => {
  for (const name of ['kms-table.ts', 'kms.ts']) {
    const text = readFileSync(new URL(`../../src/model/${name}`, import.meta.url), 'utf8');
    assert.doesNotMatch(text, /<p>|<\/|documentation['"]?:/);
  }
});

test('patterns mean what they mean in Java', () => {
  assert.ok(compilePattern('^[a-z\\s]+$').test('a \t\n\v\f\rb'));
  assert.ok(!compilePattern('^[a-z\\s]+$').test('a\u00a0b'));
  assert.ok(!compilePattern('\\s').test('\u2003'));
  assert.ok(!compilePattern('a.b').test('a\u0085b'));
  assert.ok(!compilePattern('a.b').test('a\nb'));
  assert.ok(compilePattern('[.]').test('.'));
  assert.ok(!compilePattern('[.]').test('x'));
  // The whole value: neither a part of it nor all but a last line break.
  assert.ok(!compilePattern('[0-9]{12}').test('1234567890123'));
  assert.ok(!compilePattern('^a$').test('a\n'));
  assert.ok(!compilePattern('a|b').test('ab'));
});
