/**
 * Keys given from outside, for development: a test suite that needs the same key ids and the same key
 * material in every run lists them in a JSON file. The file holds plaintext key material, which is why
 * only `holdfast dev` reads one.
 *
 *     { "keys": [ { "keyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "keyMaterial": "<32 bytes, base64>",
 *                   "accountId": "000000000000", "region": "us-east-1", "description": "orders",
 *                   "aliases": ["alias/orders"], "tags": { "team": "shop" }, "policy": { ... } } ] }
 *
 * Only `keyId` is required. Without `keyMaterial` the key gets fresh key material.
 */
import { aliasArn, isAccountId, isRegion, keyArn } from '../base/arn.ts';
import type { KeyStore } from '../keystore/interface.ts';
import { encodeBlobHeader } from './ciphertext-blob.ts';
import type { Alias, Key, Tag } from './key.ts';
import { defaultKeyPolicy, type KeyPolicies, type KeyPolicy } from './key-policy.ts';
import { withMaterials } from './key-row.ts';
import type { KeyTable } from './key-table.ts';
import { newKey } from './new-key.ts';
import { insertKeyChange, type StateChange } from './state-change.ts';

export interface SeedKey {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
  readonly keyMaterial?: string;
  readonly description: string;
  readonly aliases: readonly string[];
  readonly tags: readonly Tag[];
  readonly policy?: string;
}

export class SeedRefused extends Error {
  constructor(message: string) {
    super(`the seed file is not usable: ${message}`);
    this.name = 'SeedRefused';
  }
}

const keyMaterialBytes = 32;
const seedKeysMax = 10_000;
const tagsMax = 50;
/** The bounds that CreateKey has. */
const descriptionCharactersMax = 8192;
const policyBytesMax = 32_768;
const members = ['accountId', 'region', 'keyId', 'keyMaterial', 'description', 'aliases', 'tags', 'policy'];

/** Throws `SeedRefused`, which names the entry that is wrong and never shows key material. */
export function parseSeed(
  text: string,
  defaults: { readonly accountId: string; readonly region: string },
): readonly SeedKey[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new SeedRefused('it is not JSON');
  }
  if (!isObject(document) || !Array.isArray(document.keys)) throw new SeedRefused('it has no list `keys`');
  const entries: readonly unknown[] = document.keys;
  if (entries.length > seedKeysMax) throw new SeedRefused(`it has more than ${seedKeysMax} keys`);
  const seeds = entries.map((entry, index) => parseKey(entry, `keys[${index}]`, defaults));
  requireDistinct(seeds);
  return seeds;
}

/** A second entry of the same name would be left out, and a test suite would wonder. */
function requireDistinct(seeds: readonly SeedKey[]): void {
  const names = new Set<string>();
  for (const [index, { accountId, region, keyId, aliases }] of seeds.entries()) {
    for (const name of [keyId, ...aliases.map((alias) => `${accountId} ${alias}`)]) {
      if (names.has(`${region} ${name}`)) {
        throw new SeedRefused(`keys[${index}] has a key id or alias that is taken by an earlier one`);
      }
      names.add(`${region} ${name}`);
    }
  }
}

function parseKey(
  entry: unknown,
  where: string,
  defaults: { readonly accountId: string; readonly region: string },
): SeedKey {
  if (!isObject(entry)) throw new SeedRefused(`${where} is not an object`);
  const unknown = Object.keys(entry).find((name) => !members.includes(name));
  if (unknown !== undefined) throw new SeedRefused(`${where} has an unknown member \`${unknown}\``);
  const text = (name: string, fallback?: string): string => {
    const value = entry[name] ?? fallback;
    if (typeof value !== 'string') throw new SeedRefused(`${where}.${name} is not a string`);
    return value;
  };
  const accountId = text('accountId', defaults.accountId);
  const region = text('region', defaults.region);
  const keyId = text('keyId');
  if (!isAccountId(accountId)) throw new SeedRefused(`${where}.accountId is not 12 digits`);
  if (!isRegion(region)) throw new SeedRefused(`${where}.region is not the name of a Region`);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(keyId))
    throw new SeedRefused(`${where}.keyId is not a UUID in lower case`);
  const aliases = entry.aliases ?? [];
  if (!isStringList(aliases) || !aliases.every(isOwnAliasName)) {
    throw new SeedRefused(`${where}.aliases is not a list of alias names such as alias/orders`);
  }
  const tags = entry.tags ?? {};
  if (!isTags(tags)) throw new SeedRefused(`${where}.tags is not an object with texts as values`);
  const description = text('description', '');
  if (description.length > descriptionCharactersMax)
    throw new SeedRefused(`${where}.description has more than ${descriptionCharactersMax} characters`);
  const policy = entry.policy === undefined ? undefined : JSON.stringify(entry.policy);
  if (policy !== undefined && Buffer.byteLength(policy) > policyBytesMax)
    throw new SeedRefused(`${where}.policy has more than ${policyBytesMax} bytes`);
  return {
    accountId,
    region,
    keyId,
    ...(entry.keyMaterial === undefined ? {} : { keyMaterial: text('keyMaterial') }),
    description,
    aliases,
    tags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
    ...(policy === undefined ? {} : { policy }),
  };
}

/** The change that makes a seeded key, or undefined when the key is there already. Rejects with `SeedRefused` when it cannot be. */
export async function seedKeyChange(
  table: KeyTable,
  keyStore: KeyStore,
  policies: KeyPolicies,
  seed: SeedKey,
  nowMs: number,
): Promise<{ key: Key; change: StateChange } | undefined> {
  const { accountId, region, keyId } = seed;
  const there = table.key(region, keyId);
  if (there !== undefined) {
    if (there.accountId === accountId) return undefined;
    throw new SeedRefused(`${keyId} of account ${accountId} is a key of account ${there.accountId} already`);
  }
  const taken = seed.aliases.find((name) => table.alias(accountId, region, name) !== undefined);
  if (taken !== undefined) throw new SeedRefused(`the alias \`${taken}\` is in use for another key`);
  const policy = policies.of(seed.policy ?? defaultKeyPolicy(accountId));
  requireCompiles(policy, seed);
  const fresh = await newKey(
    keyStore,
    {
      accountId,
      region,
      keyId,
      manager: 'CUSTOMER',
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      description: seed.description,
      policy,
      tags: seed.tags,
    },
    nowMs,
  );
  const key =
    seed.keyMaterial === undefined ? fresh : await withKeyMaterial(keyStore, fresh, seed.keyMaterial);
  const aliases = seed.aliases.map(
    (name): Alias => ({
      accountId,
      region,
      name,
      arn: aliasArn(region, accountId, name),
      version: 1,
      targetKeyId: keyId,
      createdMs: nowMs,
      updatedMs: nowMs,
    }),
  );
  return { key, change: insertKeyChange(table, key, aliases) };
}

/** Refuses a malformed policy here, and not at its first use. */
function requireCompiles(policy: KeyPolicy, { accountId, region, keyId }: SeedKey): void {
  try {
    policy.compiled;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SeedRefused(`the policy of ${keyArn(region, accountId, keyId)}: ${reason}`);
  }
}

async function withKeyMaterial(keyStore: KeyStore, key: Key, encoded: string): Promise<Key> {
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== keyMaterialBytes) {
    throw new SeedRefused(
      `the key material of ${keyArn(key.region, key.accountId, key.keyId)} is not ${keyMaterialBytes} bytes in base64`,
    );
  }
  const { accountId, region, keyId, spec } = key;
  const sealed = await keyStore.adopt({ accountId, region, keyId, keySpec: spec }, bytes);
  return withMaterials(key, [
    { ...key.current, ...sealed, blobHeader: encodeBlobHeader(keyId, sealed.materialId) },
  ]);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `alias/aws/` belongs to the keys that services manage. */
const isOwnAliasName = (name: string): boolean => /^alias\/(?!aws\/)[a-zA-Z0-9/_-]{1,250}$/.test(name);

/** Within the bounds that TagResource has. */
const isTags = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) &&
  Object.entries(value).length <= tagsMax &&
  Object.entries(value).every(
    ([name, text]) => /^.{1,128}$/su.test(name) && typeof text === 'string' && text.length <= 256,
  );

const isStringList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');
