/** What every storage provider must do. A provider's test file calls `storageSuite` with its own. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  type Change,
  PreconditionFailed,
  type Storage,
  StorageBusy,
  StorageFailed,
  type StoredState,
  type Write,
} from '../../src/storage/interface.ts';
import type { StorageFault, StorageFaults } from '../../src/storage/sqlite/faults.ts';
import { integerOf, seededRandom, seedOfRun } from '../fuzz/random.ts';
import { randomChange } from './random-changes.ts';
import {
  accessKeyRow,
  accountId,
  aliasRow,
  bytes,
  change,
  domainKeyRow,
  event,
  insertAlias,
  insertDomainKey,
  insertKey,
  keyRow,
  materialRow,
  region,
  updateKey,
} from './rows.ts';
import { StorageModel } from './storage-model.ts';

/** One store's durable place. */
export interface StorageHome {
  open(faults?: StorageFaults): Promise<Storage>;
  remove(): Promise<void>;
}

const historyCount = Number(process.env.HOLDFAST_STORAGE_HISTORIES ?? 8);

export function storageSuite(provider: string, makeHome: () => Promise<StorageHome>): void {
  describe(`storage: ${provider}`, () => {
    let home: StorageHome;
    let storage: Storage;

    beforeEach(async () => {
      home = await makeHome();
      storage = await home.open();
    });
    afterEach(async () => {
      await storage.close();
      await home.remove();
    });

    async function reopen(faults?: StorageFaults): Promise<void> {
      await storage.close();
      storage = await home.open(faults);
    }

    const commit = (...writes: Write[]): Promise<void> => storage.commit(change(writes));

    it('a new store is empty', async () => {
      assert.deepEqual(await storage.load(), new StorageModel().state);
    });

    it('every kind of row is there again after the store was closed and opened', async () => {
      const every: Change = change(
        [
          insertDomainKey(1),
          { do: 'insertDomainKey', row: domainKeyRow(1, { region: '' }) },
          insertKey('k', { body: JSON.stringify({ text: 'ünïcode \u{1f511} \u0000 "' }) }),
          insertKey('managed', { manager: 'AWS' }),
          { do: 'insertKeyMaterial', row: materialRow('k') },
          { do: 'insertKeyMaterial', row: materialRow('k', { materialId: 'b'.repeat(64) }) },
          insertAlias('a', 'k'),
          { do: 'insertAccessKey', row: accessKeyRow('AKIA1') },
          { do: 'putMeta', row: { name: 'installation', value: bytes('x') } },
          { do: 'putMeta', row: { name: 'empty', value: new Uint8Array() } },
        ],
        [event('e1'), event('e2')],
      );
      await storage.commit(every);
      const model = new StorageModel();
      assert.equal(model.commit(every), undefined);
      assert.deepEqual(ordered(await storage.load()), ordered(model.state));
      await reopen();
      assert.deepEqual(ordered(await storage.load()), ordered(model.state));
    });

    describe('a precondition that does not hold is named by its index and keeps nothing of the change', () => {
      const base: readonly Write[] = [
        insertDomainKey(1),
        insertKey('k'),
        insertKey('managed', { manager: 'AWS' }),
        { do: 'insertKeyMaterial', row: materialRow('k') },
        insertAlias('a', 'k'),
        { do: 'insertAccessKey', row: accessKeyRow('AKIA1') },
      ];
      const scope = { accountId, region };
      const cases: readonly (readonly [title: string, write: Write])[] = [
        ['a key id that is taken', insertKey('k')],
        ['a version that is not the next', updateKey('k', 1)],
        ['a version beyond the next', updateKey('k', 3)],
        ['a change of a key that is missing', updateKey('missing', 2)],
        ['a change of a key of another account', updateKey('k', 2, { accountId: '999999999999' })],
        ['a change of a key of another Region', updateKey('k', 2, { region: 'us-east-1' })],
        ['a change of who manages a key', updateKey('k', 2, { manager: 'AWS' })],
        ['a deletion of another version', { do: 'deleteKey', ...scope, keyId: 'k', version: 2 }],
        ['a deletion of a missing key', { do: 'deleteKey', ...scope, keyId: 'missing', version: 1 }],
        ['key material that is there already', { do: 'insertKeyMaterial', row: materialRow('k') }],
        ['key material of a missing key', { do: 'insertKeyMaterial', row: materialRow('missing') }],
        [
          'key material under a missing domain key',
          { do: 'insertKeyMaterial', row: materialRow('managed', { domainKeyVersion: 2 }) },
        ],
        ['a change of missing key material', { do: 'updateKeyMaterial', row: materialRow('managed') }],
        [
          'key material sealed anew under a missing domain key',
          { do: 'updateKeyMaterial', row: materialRow('k', { domainKeyVersion: 2 }) },
        ],
        ['an alias that is taken', insertAlias('a', 'managed')],
        ['an alias of a missing key', insertAlias('b', 'missing')],
        ['an alias version that is not the next', { do: 'updateAlias', row: aliasRow('a', 'k') }],
        ['a missing alias', { do: 'updateAlias', row: aliasRow('b', 'k', { version: 2 }) }],
        [
          'an alias moved to a missing key',
          { do: 'updateAlias', row: aliasRow('a', 'missing', { version: 2 }) },
        ],
        [
          'a deletion of another alias version',
          { do: 'deleteAlias', ...scope, aliasName: 'alias/a', version: 2 },
        ],
        ['a domain key version that is taken', insertDomainKey(1)],
        ['a change of a missing domain key', { do: 'updateDomainKey', row: domainKeyRow(2) }],
        ['a deletion of a domain key that seals something', { do: 'deleteDomainKey', region, version: 1 }],
        ['a deletion of a missing domain key', { do: 'deleteDomainKey', region, version: 2 }],
        ['an access key id that is taken', { do: 'insertAccessKey', row: accessKeyRow('AKIA1') }],
        ['an access key version that is not the next', { do: 'updateAccessKey', row: accessKeyRow('AKIA1') }],
        [
          'an access key of another account',
          { do: 'updateAccessKey', row: accessKeyRow('AKIA1', { version: 2, accountId: '999999999999' }) },
        ],
        ['a quota of keys that is reached', { do: 'requireKeysBelow', ...scope, max: 1 }],
        ['a quota of no keys', { do: 'requireKeysBelow', accountId, region: 'us-east-1', max: 0 }],
        ['a quota of aliases that is reached', { do: 'requireAliasesBelow', ...scope, keyId: 'k', max: 1 }],
      ];
      for (const [title, write] of cases) {
        it(title, async () => {
          await commit(...base);
          const before = await storage.load();
          const failing = storage.commit(
            change(
              [insertKey('before'), insertAlias('before', 'before'), write, insertKey('after')],
              [event('e')],
            ),
          );
          await assert.rejects(failing, (error) => error instanceof PreconditionFailed && error.index === 2);
          assert.deepEqual(await storage.load(), before);
        });
      }
    });

    it('a quota of keys counts customer keys of the account in the Region and no others', async () => {
      await commit(
        insertKey('aws', { manager: 'AWS' }),
        insertKey('other-account', { accountId: '999999999999' }),
        insertKey('other-region', { region: 'us-east-1' }),
        insertKey('k'),
      );
      await commit({ do: 'requireKeysBelow', accountId, region, max: 2 });
      await commit({ do: 'deleteKey', accountId, region, keyId: 'k', version: 1 });
      await commit({ do: 'requireKeysBelow', accountId, region, max: 1 }, insertKey('again'));
      await assert.rejects(commit({ do: 'requireKeysBelow', accountId, region, max: 1 }), PreconditionFailed);
    });

    it('many writers at once cannot exceed a quota of keys', async () => {
      const create = (keyId: string) =>
        commit({ do: 'requireKeysBelow', accountId, region, max: 5 }, insertKey(keyId));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, (_, index) => create(`k${index}`)),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 5);
      assert.equal((await storage.load()).keys.length, 5);
    });

    it('many writers at once cannot exceed a quota of aliases', async () => {
      await commit(insertKey('k'));
      const create = (name: string) =>
        commit({ do: 'requireAliasesBelow', accountId, region, keyId: 'k', max: 3 }, insertAlias(name, 'k'));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => create(`a${index}`)),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
      assert.equal((await storage.load()).aliases.length, 3);
    });

    it('of writers that take the same alias one wins', async () => {
      await commit(...Array.from({ length: 10 }, (_, index) => insertKey(`k${index}`)));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) => commit(insertAlias('same', `k${index}`))),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.equal((await storage.load()).aliases.length, 1);
    });

    it('of writers that read the same version one wins', async () => {
      await commit(insertKey('k'));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) => commit(updateKey('k', 2, { body: `{"writer":${index}}` }))),
      );
      const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      assert.equal(winners.length, 1);
      assert.equal((await storage.load()).keys[0]?.body, `{"writer":${winners[0]}}`);
    });

    it('changes are applied in the order given', async () => {
      const given = [commit(insertKey('k'))];
      for (let version = 2; version <= 200; version += 1) given.push(commit(updateKey('k', version)));
      await Promise.all(given);
      assert.equal((await storage.load()).keys[0]?.version, 200);
    });

    it('a change that fails leaves those that share its transaction untouched', async () => {
      const outcomes = await Promise.allSettled([
        commit(insertKey('a'), insertAlias('x', 'a')),
        storage.commit(change([insertKey('b'), insertAlias('x', 'b')], [event('lost')])),
        storage.commit(change([insertKey('b'), insertAlias('y', 'b')], [event('kept')])),
        commit(insertKey('a')),
        commit(insertKey('c')),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
      );
      const state = await storage.load();
      assert.deepEqual(state.keys.map(({ keyId }) => keyId).sort(), ['a', 'b', 'c']);
      assert.deepEqual(state.aliases.map(({ aliasName }) => aliasName).sort(), ['alias/x', 'alias/y']);
      assert.deepEqual(state.outbox, [event('kept')]);
    });

    it('deleteKey removes the key materials and aliases of that key alone', async () => {
      await commit(insertDomainKey(1));
      for (const keyId of ['k', 'other']) {
        await commit(
          insertKey(keyId),
          { do: 'insertKeyMaterial', row: materialRow(keyId) },
          { do: 'insertKeyMaterial', row: materialRow(keyId, { materialId: 'b'.repeat(64) }) },
          insertAlias(`${keyId}-1`, keyId),
          insertAlias(`${keyId}-2`, keyId),
        );
      }
      await commit({ do: 'deleteKey', accountId, region, keyId: 'k', version: 1 });
      const state = await storage.load();
      assert.deepEqual(
        [state.keys, state.keyMaterials, state.aliases].map((rows) => rows.length),
        [1, 2, 2],
      );
      assert.ok(state.keyMaterials.every(({ keyId }) => keyId === 'other'));
      await commit(insertKey('k'));
      assert.equal((await storage.load()).keyMaterials.length, 2);
    });

    it('a domain key that no longer seals anything can be deleted', async () => {
      await commit(insertDomainKey(1), insertDomainKey(2), insertKey('k'), {
        do: 'insertKeyMaterial',
        row: materialRow('k'),
      });
      await commit({ do: 'updateKeyMaterial', row: materialRow('k', { domainKeyVersion: 2 }) });
      await commit({ do: 'deleteDomainKey', region, version: 1 });
      assert.deepEqual(
        (await storage.load()).domainKeys.map(({ version }) => version),
        [2],
      );
    });

    it('the outbox keeps the order of commit, survives a restart, and loses what was forgotten', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          storage.commit(change([], [event(`a${index}`), event(`b${index}`)])),
        ),
      );
      await reopen();
      const expected = Array.from({ length: 20 }, (_, index) => [
        event(`a${index}`),
        event(`b${index}`),
      ]).flat();
      assert.deepEqual((await storage.load()).outbox, expected);
      storage.forgetOutbox(expected.slice(0, 39).map(({ eventId }) => eventId));
      await reopen();
      assert.deepEqual((await storage.load()).outbox, [event('b19')]);
    });

    it('a forgotten event is gone by the next commit', async () => {
      await storage.commit(change([], [event('e')]));
      storage.forgetOutbox(['e', 'never-was']);
      await commit();
      assert.deepEqual((await storage.load()).outbox, []);
    });

    it('forgetting needs no commit to happen in time', async () => {
      await storage.commit(change([], [event('e')]));
      storage.forgetOutbox(['e']);
      for (let attempt = 0; attempt < 100; attempt += 1) {
        if ((await storage.load()).outbox.length === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.fail('the event was still in the outbox after five seconds');
    });

    describe('a row that no caller should make is refused, and no other change with it', () => {
      const cases: readonly (readonly [title: string, write: Write])[] = [
        ['an account id of letters', insertKey('k', { accountId: 'abcdefghijkl' })],
        ['an account id with a NUL', insertKey('k', { accountId: '11112222333\u0000' })],
        ['a Region with a slash', insertKey('k', { region: 'eu/central' })],
        ['a key id with a quote', insertKey("k'); DROP TABLE kms_key; --")],
        ['an empty key id', insertKey('')],
        ['a key id of 129 characters', insertKey('k'.repeat(129))],
        ['a version of zero', insertKey('k', { version: 0 })],
        ['a fractional version', insertKey('k', { version: 1.5 })],
        ['a body that is not JSON', insertKey('k', { body: '{"open":' })],
        ['a body of more than 256 KiB', insertKey('k', { body: JSON.stringify('x'.repeat(262_144)) })],
        [
          'an alias without its prefix',
          { do: 'insertAlias', row: aliasRow('a', 'base', { aliasName: 'a' }) },
        ],
        ['an alias with a space', insertAlias('a b', 'base')],
        [
          'a material id in upper case',
          { do: 'insertKeyMaterial', row: materialRow('base', { materialId: 'A'.repeat(64) }) },
        ],
        [
          'empty key material',
          { do: 'insertKeyMaterial', row: materialRow('base', { sealed: new Uint8Array() }) },
        ],
        [
          'a domain key made in the past of the epoch',
          { do: 'insertDomainKey', row: domainKeyRow(2, { createdMs: -1 }) },
        ],
        ['an access key id with a slash', { do: 'insertAccessKey', row: accessKeyRow('a/b') }],
        ['a name with a space', { do: 'putMeta', row: { name: 'a b', value: bytes('') } }],
        [
          'a value of more than 1 MiB',
          { do: 'putMeta', row: { name: 'a', value: new Uint8Array((1 << 20) + 1) } },
        ],
      ];
      for (const [title, write] of cases) {
        it(title, async () => {
          await commit(insertDomainKey(1), insertKey('base'));
          const [refused, kept] = await Promise.allSettled([
            commit(insertKey('a'), write),
            commit(insertKey('b')),
          ]);
          assert.ok(
            refused?.status === 'rejected' && refused.reason instanceof TypeError,
            String(refused?.status),
          );
          assert.equal(kept?.status, 'fulfilled');
          assert.deepEqual(
            (await storage.load()).keys.map(({ keyId }) => keyId),
            ['base', 'b'],
          );
        });
      }

      it('an event whose id was given before', async () => {
        await storage.commit(change([insertKey('a')], [event('e')]));
        await assert.rejects(storage.commit(change([insertKey('b')], [event('e')])), TypeError);
        assert.equal((await storage.load()).keys.length, 1);
      });
    });

    it('a change too large for one transaction is refused', async () => {
      const value = new Uint8Array(1 << 20);
      const writes = Array.from(
        { length: 17 },
        (_, index): Write => ({ do: 'putMeta', row: { name: `${index}`, value } }),
      );
      await assert.rejects(commit(...writes), RangeError);
      await assert.rejects(
        commit(...Array.from({ length: 4097 }, (_, index) => insertKey(`k${index}`))),
        RangeError,
      );
      assert.deepEqual(await storage.load(), new StorageModel().state);
    });

    it('changes beyond the bound of the queue are refused and those before it are kept', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 9000 }, (_, index) => commit(insertKey(`k${index}`))),
      );
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      assert.ok(refused.length > 0 && refused.every((reason) => reason instanceof StorageBusy));
      assert.equal((await storage.load()).keys.length, outcomes.length - refused.length);
      await commit(insertKey('later'));
    });

    it('the caller may reuse the bytes of a change once it was given', async () => {
      const pool = Buffer.from('secret of others, sealed value, secret of others');
      const given = commit({ do: 'putMeta', row: { name: 'a', value: pool.subarray(18, 30) } });
      pool.fill(0);
      await given;
      assert.deepEqual((await storage.load()).meta, [{ name: 'a', value: bytes('sealed value') }]);
    });

    it('close keeps what was given before it, may be called again, and ends the store', async () => {
      const given = Array.from({ length: 50 }, (_, index) => commit(insertKey(`k${index}`)));
      await Promise.all([storage.close(), storage.close(), ...given]);
      await assert.rejects(commit(insertKey('late')), StorageFailed);
      await assert.rejects(storage.load(), StorageFailed);
      storage.forgetOutbox(['e']);
      await reopen();
      assert.equal((await storage.load()).keys.length, 50);
    });

    it('random histories leave what an in-memory model says, change by change', async (context) => {
      const seed = seedOfRun();
      context.diagnostic(`HOLDFAST_SEED=${seed}`);
      const random = seededRandom(seed);
      const counts = { kept: 0, failed: 0 };
      for (let history = 0; history < historyCount; history += 1) {
        await storage.close();
        await home.remove();
        home = await makeHome();
        storage = await home.open();
        const model = new StorageModel();
        for (let round = 0; round < 25; round += 1) {
          const changes = Array.from({ length: integerOf(random, 1, 12) }, (_, index) =>
            randomChange(random, history * 100_000 + round * 100 + index),
          );
          const outcomes = await Promise.all(
            changes.map((given) => storage.commit(given).then(() => undefined, failedIndex)),
          );
          const expected = changes.map((given) => model.commit(given));
          assert.deepEqual(outcomes, expected);
          for (const outcome of expected) counts[outcome === undefined ? 'kept' : 'failed'] += 1;
          const { outbox } = model.state;
          const forgotten = outbox.filter(() => random() < 0.3).map(({ eventId }) => eventId);
          storage.forgetOutbox(forgotten);
          model.forget(forgotten);
        }
        await reopen();
        assert.deepEqual(ordered(await storage.load()), ordered(model.state));
      }
      assert.ok(
        Math.min(counts.kept, counts.failed) > (counts.kept + counts.failed) / 10,
        JSON.stringify(counts),
      );
    });

    describe('a transaction that goes wrong fails the store, and a new open tells what was kept', () => {
      const cases: readonly (readonly [StorageFault, kept: boolean])[] = [
        ['lost', false],
        ['doneButReportedLost', true],
        ['diskFull', false],
      ];
      for (const [fault, kept] of cases) {
        it(`${fault}: everything given is rejected, nothing is retried, and all of it is ${kept ? 'kept' : 'gone'}`, async () => {
          let transaction = 0;
          await reopen(() => {
            transaction += 1;
            return transaction === 2 ? fault : undefined;
          });
          await storage.commit(change([insertKey('acknowledged')], [event('acknowledged')]));
          const inTransaction = [
            storage.commit(change([insertKey('a')], [event('a')])),
            storage.commit(change([insertKey('b')], [event('b')])),
          ];
          await Promise.resolve();
          const queued = storage.commit(change([insertKey('queued')]));
          for (const given of [...inTransaction, queued]) await assert.rejects(given, StorageFailed);
          await assert.rejects(commit(insertKey('later')), StorageFailed);
          await assert.rejects(storage.load(), StorageFailed);
          await reopen();
          const state = await storage.load();
          const names = kept ? ['acknowledged', 'a', 'b'] : ['acknowledged'];
          assert.deepEqual(
            state.keys.map(({ keyId }) => keyId),
            names,
          );
          assert.deepEqual(
            state.outbox.map(({ eventId }) => eventId),
            names,
          );
          await commit(insertKey('after'), updateKey('acknowledged', 2));
        });
      }
    });

    it('a row reads back as it was given', async () => {
      await commit(insertKey('k'));
      assert.deepEqual((await storage.load()).keys, [keyRow('k')]);
    });
  });
}

function failedIndex(error: unknown): number {
  if (error instanceof PreconditionFailed) return error.index;
  throw error;
}

/** Rows have no order but those of the outbox. Byte arrays compare by content whatever their kind. */
function ordered({ eventsCommitted, ...state }: StoredState): Record<string, unknown> {
  const texts = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row, plain));
  const sorted = Object.entries(state).map(([table, rows]) => [
    table,
    table === 'outbox' ? texts(rows) : texts(rows).sort(),
  ]);
  return { eventsCommitted, ...Object.fromEntries(sorted) };
}

const plain = (_name: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
};
