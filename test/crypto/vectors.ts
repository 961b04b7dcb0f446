/** Reads a file of published test vectors. The caller names the members that it uses. */
import { readFileSync } from 'node:fs';

export function vectors<T>(name: string): readonly T[] {
  const path = new URL(`../vectors/${name}`, import.meta.url);
  const { tests } = JSON.parse(readFileSync(path, 'utf8')) as { tests: T[] };
  if (tests.length === 0) throw new Error(`${name} has no cases`);
  return tests;
}

export const hex = (text: string): Buffer => Buffer.from(text, 'hex');
