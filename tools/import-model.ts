/**
 * Takes over a service model of botocore: `node tools/import-model.ts SERVICE-2.JSON OUT.JSON VERSION`.
 * The copy keeps what is on the wire and drops the documentation, so that generating needs no network
 * and the repository carries no prose of others.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const [from, to, version] = process.argv.slice(2);
if (from === undefined || to === undefined || version === undefined) {
  throw new Error('usage: node tools/import-model.ts SERVICE-2.JSON[.GZ] OUT.JSON VERSION');
}

const droppedKeys: ReadonlySet<string> = new Set([
  'documentation',
  'documentationUrl',
  'deprecatedMessage',
  'deprecatedSince',
  'examples',
]);

/** Drops prose. Inside `shapes`, `members` and `operations` the keys are names, which are all kept. */
function withoutProse(value: unknown, keysAreNames: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutProse(item, false));
  if (typeof value !== 'object' || value === null) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (!keysAreNames && droppedKeys.has(key)) continue;
    const holdsNames = !keysAreNames && (key === 'shapes' || key === 'members' || key === 'operations');
    kept[key] = withoutProse(item, holdsNames);
  }
  return kept;
}

const bytes = readFileSync(from);
const model: unknown = JSON.parse((from.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
const stripped = withoutProse(model, false);
if (typeof stripped !== 'object' || stripped === null) throw new Error(`${from} is not a service model`);

const notice =
  `From botocore ${version}, Copyright Amazon.com, Inc. or its affiliates, licensed under the Apache License, ` +
  'Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0). Changed: the documentation is left out.';
writeFileSync(to, `${JSON.stringify({ notice, ...stripped }, null, 2)}\n`);
