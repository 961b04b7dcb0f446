/**
 * Golden files are read by people: the test compares, and `HOLDFAST_UPDATE_GOLDEN=1` writes them anew, to be
 * read before they are committed.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

export function assertGolden(path: URL, actual: string): void {
  if (process.env.HOLDFAST_UPDATE_GOLDEN === '1') writeFileSync(path, actual);
  assert.ok(existsSync(path), `${path.pathname} is missing: run with HOLDFAST_UPDATE_GOLDEN=1 and read it`);
  assert.equal(actual, readFileSync(path, 'utf8'));
}
