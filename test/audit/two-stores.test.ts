/** A database and a log at start: what a crash left between them is made up for, and what never belonged together is refused. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { AuditLog } from '../../src/audit/audit-log.ts';
import {
  noteLogSize,
  recoverOutbox,
  requireSameHistory,
  StoresDisagree,
} from '../../src/audit/two-stores.ts';
import type { Storage, StoredState } from '../../src/storage/interface.ts';
import { SqliteHome } from '../storage/sqlite-home.ts';
import { contents, copyOf, newDirectory, open, records } from './scratch-log.ts';

const record = (eventId: string): string =>
  JSON.stringify({ eventID: eventId, requestParameters: { eventID: 'nested' } });

async function openStorage(t: TestContext): Promise<Storage> {
  const home = await SqliteHome.make();
  const storage = await home.open();
  t.after(async () => {
    await storage.close();
    await home.remove();
  });
  return storage;
}

/** A change with nothing but its event, as the database keeps it. */
const commit = (storage: Storage, eventId: string, logSizeBefore: number): Promise<void> =>
  storage.commit({ writes: [], events: [{ eventId, logSizeBefore, record: Buffer.from(record(eventId)) }] });

/** Opens the log as a start does, and appends what it lacks. */
async function start(storage: Storage, directory: string): Promise<AuditLog> {
  const stored = await storage.load();
  const log = await open(directory, { confirm: (end) => requireSameHistory(directory, end, stored) });
  await recoverOutbox(storage, log, stored.outbox);
  return log;
}

test('committed events that the log lacks are appended in the order of commit, and no others', async (t) => {
  const storage = await openStorage(t);
  const directory = newDirectory();
  const log = await start(storage, directory);
  await log.append(record('read'));
  for (const eventId of ['a', 'nested', 'b', 'c']) await commit(storage, eventId, log.size);
  await log.append(record('b'), true);
  await log.append(record('read again'));
  await log.close();
  const recovered = await start(storage, directory);
  assert.deepEqual(await records(recovered), ['read', 'b', 'read again', 'a', 'nested', 'c'].map(record));
  await recovered.close();
  const again = await start(storage, directory);
  assert.equal(again.size, 6);
  await again.close();
});

/** Asserts that the log does not open beside what is stored, and that its directory is as it was. */
async function assertRefused(directory: string, stored: StoredState, reason: RegExp): Promise<void> {
  const found = () => (existsSync(directory) ? contents(directory) : undefined);
  const before = found();
  await assert.rejects(
    open(directory, { confirm: (end) => requireSameHistory(directory, end, stored) }),
    (error: unknown) => error instanceof StoresDisagree && reason.test(error.message),
  );
  assert.deepEqual(found(), before);
}

test('of two stores the older one is named, and both are left as they are', async (t) => {
  const storage = await openStorage(t);
  const directory = newDirectory();
  const log = await start(storage, directory);
  const states: { readonly stored: StoredState; readonly log: string }[] = [];
  for (const eventId of ['a', 'b', 'c']) {
    await commit(storage, eventId, log.size);
    await log.append(record(eventId), true);
    storage.forgetOutbox([eventId]);
    await log.checkpoint();
    // What was forgotten goes with the next transaction.
    await storage.commit({ writes: [], events: [] });
    states.push({ stored: await storage.load(), log: copyOf(directory) });
  }
  await log.close();
  for (const [i, { stored }] of states.entries()) {
    for (const [j, { log: copy }] of states.entries()) {
      if (i > j)
        await assertRefused(
          copy,
          stored,
          new RegExp(`the log lacks ${i - j} events .* the log is the older one`),
        );
      if (i < j) {
        await assertRefused(
          copy,
          stored,
          new RegExp(`the log has ${j - i} events .* the database is the older one`),
        );
      }
    }
  }
  for (const { stored, log: copy } of states) {
    const agreed = await open(copy, { confirm: (end) => requireSameHistory(copy, end, stored) });
    await agreed.close();
  }
});

test('a log that lacks records which changed nothing is missed once its size was noted', async (t) => {
  const storage = await openStorage(t);
  const directory = newDirectory();
  const log = await start(storage, directory);
  await log.append(record('read'));
  await log.checkpoint();
  const older = copyOf(directory);
  await log.append(record('read again'));
  await log.close();
  await storage.commit({ writes: [noteLogSize(log.size)], events: [] });
  const stored = await storage.load();
  await assertRefused(older, stored, /the log ends after 1 records, and the database says that it had 2/);
  await assertRefused(newDirectory(), stored, /the log is gone, and the database says that it had 2 records/);
});
