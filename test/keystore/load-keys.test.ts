import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyPolicies } from '../../src/keys/key-policy.ts';
import { keyMaterialToRow, keyToRow, RowUnreadable } from '../../src/keys/key-row.ts';
import { KeyTable } from '../../src/keys/key-table.ts';
import { loadKeys } from '../../src/keys/load-keys.ts';
import { newKey } from '../../src/keys/new-key.ts';
import { start } from './hierarchy.ts';

test('a key row of one account that was copied to another stops the start', async () => {
  const { keyStore } = await start();
  const policies = new KeyPolicies();
  const keyOf = (accountId: string, region: string) =>
    newKey(
      keyStore,
      {
        accountId,
        region,
        keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
        manager: 'CUSTOMER',
        spec: 'SYMMETRIC_DEFAULT',
        usage: 'ENCRYPT_DECRYPT',
        description: '',
        policy: policies.of('{}'),
        tags: [],
      },
      0,
    );
  const load = async (...scopes: readonly (readonly [string, string])[]) => {
    const keys = await Promise.all(scopes.map((scope) => keyOf(...scope)));
    const keyMaterials = keys.flatMap(({ materials }) => materials.map(keyMaterialToRow));
    const table = new KeyTable();
    loadKeys({ keys: keys.map(keyToRow), keyMaterials, aliases: [] }, table, policies);
    return table.size;
  };
  assert.equal(await load(['000000000000', 'us-east-1'], ['000000000000', 'eu-west-1']), 2);
  await assert.rejects(
    load(['000000000000', 'us-east-1'], ['111122223333', 'us-east-1']),
    (error) =>
      error instanceof RowUnreadable &&
      /of account 111122223333: account 000000000000 has/.test(error.message),
  );
});
