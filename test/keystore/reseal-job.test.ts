/** Sealing key material anew, over a real database and a real log, when not everything goes well. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Recorder } from '../../src/audit/recorder.ts';
import { SettableClock } from '../../src/base/clock.ts';
import { Refusal } from '../../src/base/refusal.ts';
import { uuid } from '../../src/crypto/random.ts';
import { domainKeyEvents } from '../../src/jobs/domain-key-events.ts';
import { resealKeyMaterial } from '../../src/jobs/reseal-key-material.ts';
import { DomainKeys } from '../../src/keys/domain-keys.ts';
import type { Key } from '../../src/keys/key.ts';
import { KeyPolicies } from '../../src/keys/key-policy.ts';
import { withMaterials } from '../../src/keys/key-row.ts';
import { KeyTable } from '../../src/keys/key-table.ts';
import { newKey } from '../../src/keys/new-key.ts';
import { createKeyChange } from '../../src/keys/state-change.ts';
import { KeyMaterialBroken, SoftwareKeyStore } from '../../src/keystore/software/key-store.ts';
import { createFileSeal } from '../../src/seal/file/seal.ts';
import { newDirectory, open } from '../audit/scratch-log.ts';
import { newSealPath } from '../seal/seal-suite.ts';
import { SqliteHome } from '../storage/sqlite-home.ts';

const home = await SqliteHome.make();
const storage = await home.open();
const log = await open(newDirectory());
after(async () => {
  await log.close();
  await storage.close();
  await home.remove();
});

const region = 'us-east-1';
const clock = new SettableClock();
const recorder = new Recorder(storage, log);
const seal = await createFileSeal(newSealPath());
const domainKeys = new DomainKeys(seal, [], clock, (writes) =>
  recorder.commit({ writes, apply: () => undefined }, domainKeyEvents(writes, '000000000000', 0)),
);
const keyStore = new SoftwareKeyStore(domainKeys);
const policies = new KeyPolicies();
const table = new KeyTable();
const quotaExceeded = new Refusal('LimitExceededException');

async function store(key: Key): Promise<Key> {
  await recorder.commit(createKeyChange(table, key, 1_000, quotaExceeded), []);
  return key;
}
const make = () =>
  newKey(
    keyStore,
    {
      accountId: '000000000000',
      region,
      keyId: uuid(),
      manager: 'CUSTOMER',
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      description: '',
      policy: policies.of('{}'),
      tags: [],
    },
    0,
  );
const reseal = () => resealKeyMaterial({ table, clock, keyStore }, recorder, domainKeys);
const versionOf = ({ keyId }: Key) => table.key(region, keyId)?.current.domainKeyVersion;

test('a key whose material does not open keeps no other from being sealed anew, and its domain key is kept', async () => {
  const whole = await make();
  const sealed = Buffer.from(whole.current.sealed);
  sealed[20] = (sealed[20] ?? 0) ^ 1;
  const broken = await store(withMaterials(whole, [{ ...whole.current, sealed }]));
  const good = await store(await make());
  await domainKeys.rotate(region);
  await assert.rejects(reseal(), KeyMaterialBroken);
  assert.deepEqual([versionOf(broken), versionOf(good)], [1, 2]);
  assert.deepEqual(domainKeys.versions(region), [1, 2]);
  table.deleteKey(broken);
});

test('a domain key that a key is being stored under is left for the next run', async () => {
  const late = await make();
  await domainKeys.rotate(region);
  const other = new KeyTable();
  await recorder.commit(
    { ...createKeyChange(other, late, 1_000, quotaExceeded), apply: () => undefined },
    [],
  );
  assert.equal(await reseal(), 1);
  assert.ok(domainKeys.versions(region).includes(late.current.domainKeyVersion));
  table.putKey(late);
  assert.equal(await reseal(), 1);
  assert.equal(versionOf(late), 3);
});
