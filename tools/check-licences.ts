/**
 * What ships is free to use: each package that `npm install holdfast` brings has a licence on the list, as
 * the lock file records it, and where it is installed its own package.json says the same.
 *
 *     node tools/check-licences.ts [--root DIR]
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

/** Permissive licences that ask no more of a user than to keep a notice. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
]);

interface Shipped {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

/** The packages of the lock file that are not for development alone. */
function shippedPackages(root: string): Shipped[] {
  const { packages } = readJson(path.join(root, 'package-lock.json'));
  if (!isRecord(packages))
    throw new Error('package-lock.json lists no packages: is it of lockfileVersion 3?');
  return Object.entries(packages)
    .filter((entry): entry is [string, Record<string, unknown>] => entry[0] !== '' && isRecord(entry[1]))
    .filter(([, entry]) => entry.dev !== true)
    .map(([place, entry]) => ({
      name: place.replace(/^(.*\/)?node_modules\//, ''),
      version: String(entry.version),
      licence: installedLicence(path.join(root, place)) ?? String(entry.license),
    }));
}

function installedLicence(folder: string): string | undefined {
  const file = path.join(folder, 'package.json');
  return existsSync(file) ? String(readJson(file).license) : undefined;
}

/** `A OR B` is allowed when one of them is, `A AND B` when both are; anything less plain is refused. */
function isAllowed(licence: string): boolean {
  const plain = licence.replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(plain)) return false;
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((part) => allowed.has(part)));
}

function readJson(file: string): Record<string, unknown> {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isRecord(value)) throw new Error(`${file} is not a JSON object`);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const { values } = parseArgs({
  options: { root: { type: 'string', default: path.join(import.meta.dirname, '..') } },
});
const shipped = shippedPackages(values.root);
for (const { name, version, licence } of shipped) {
  if (isAllowed(licence)) continue;
  console.error(
    `${name}@${version} ships under \`${licence}\`, which is not on the list of tools/check-licences.ts`,
  );
  process.exitCode = 1;
}
if (process.exitCode === undefined) {
  console.log(
    `${shipped.length} packages ship: ${shipped.map(({ name, licence }) => `${name} (${licence})`).join(', ')}`,
  );
}
