/** Seed files against what a data directory holds already, and against the sizes that the API allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyPolicies } from '../../src/keys/key-policy.ts';
import { KeyTable } from '../../src/keys/key-table.ts';
import { parseSeed, SeedRefused, seedKeyChange } from '../../src/keys/seed.ts';
import { start } from '../keystore/hierarchy.ts';

const defaults = { accountId: '000000000000', region: 'us-east-1' };
const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';
const otherId = '2234abcd-12ab-34cd-56ef-1234567890ab';
const parse = (...keys: readonly object[]) => parseSeed(JSON.stringify({ keys }), defaults);

test('a seed file cannot say more of a key than the API could', () => {
  for (const [entry, member] of [
    [{ tags: { t: 'x'.repeat(257) } }, 'tags'],
    [{ tags: { ['t'.repeat(129)]: '' } }, 'tags'],
    [{ tags: { '': '' } }, 'tags'],
    [{ description: 'x'.repeat(8193) }, 'description'],
    [{ policy: { Id: 'é'.repeat(16_384) } }, 'policy'],
  ] as const) {
    assert.throws(
      () => parse({ keyId, ...entry }),
      (error) => error instanceof SeedRefused && error.message.includes(`keys[0].${member}`),
      member,
    );
  }
});

test('one key id in two Regions is two keys', () => {
  assert.equal(parse({ keyId }, { keyId, region: 'eu-west-1' }).length, 2);
});

test("a seeded key never stands for another account's, nor takes an alias that is in use", async () => {
  const { keyStore } = await start();
  const table = new KeyTable();
  const seed = async (entry: object) => {
    const [only] = parse(entry);
    assert.ok(only !== undefined);
    return seedKeyChange(table, keyStore, new KeyPolicies(), only, 0);
  };
  (await seed({ keyId, aliases: ['alias/a'] }))?.change.apply();
  assert.equal(await seed({ keyId, aliases: ['alias/a'] }), undefined);
  await assert.rejects(seed({ keyId, accountId: '111122223333' }), /is a key of account 000000000000/);
  await assert.rejects(seed({ keyId: otherId, aliases: ['alias/a'] }), /`alias\/a` is in use/);
  assert.notEqual(await seed({ keyId: otherId, accountId: '111122223333', aliases: ['alias/a'] }), undefined);
});
