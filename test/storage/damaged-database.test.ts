import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { StorageFailed } from '../../src/storage/interface.ts';
import { inspect } from '../../src/storage/sqlite/inspect.ts';
import { integerOf, seededRandom, seedOfRun } from '../fuzz/random.ts';
import { change, event, insertAlias, insertDomainKey, insertKey, materialRow } from './rows.ts';
import { SqliteHome } from './sqlite-home.ts';

const mutationCount = Number(process.env.HOLDFAST_STORAGE_MUTATIONS ?? 60);

describe('a damaged or altered database is refused with a clear error', () => {
  let home: SqliteHome;

  beforeEach(async () => {
    home = await SqliteHome.make();
    const storage = await home.open();
    await storage.commit(change([insertDomainKey(1)]));
    for (let index = 0; index < 40; index += 1) {
      const keyId = `k${index}`;
      await storage.commit(
        change(
          [
            insertKey(keyId, { body: JSON.stringify({ filler: 'x'.repeat(400) }) }),
            { do: 'insertKeyMaterial', row: materialRow(keyId) },
            insertAlias(keyId, keyId),
          ],
          [event(keyId)],
        ),
      );
    }
    await storage.close();
  });
  afterEach(() => home.remove());

  async function refused(expected: RegExp): Promise<void> {
    const before = await readFile(home.databasePath);
    await assert.rejects(home.open(), (error) => {
      assert.ok(error instanceof StorageFailed);
      assert.match(error.message, expected);
      assert.ok(error.message.includes(home.databasePath) && error.message.length < 600, error.message);
      return true;
    });
    assert.ok(before.equals(await readFile(home.databasePath)), 'the refused file was changed');
  }

  function alter(sql: string): void {
    const database = new DatabaseSync(home.databasePath, {
      defensive: false,
      enableForeignKeyConstraints: false,
    });
    database.exec(`PRAGMA ignore_check_constraints = ON; PRAGMA journal_mode = DELETE; ${sql}`);
    database.close();
  }

  const damaged =
    /is damaged or was altered \(.+\): nothing was changed\. Run `holdfast doctor`, or restore a backup/;

  it('a file that is no database', async () => {
    await writeFile(home.databasePath, 'not a database, but long enough to be looked at. '.repeat(100));
    await refused(/is damaged or was altered \(file is not a database\)/);
  });

  it('a file cut in half', async () => {
    const bytes = await readFile(home.databasePath);
    await writeFile(home.databasePath, bytes.subarray(0, bytes.length / 2));
    await refused(damaged);
  });

  it('a page overwritten with zeros', async () => {
    const bytes = await readFile(home.databasePath);
    bytes.fill(0, 8192, 12_288);
    await writeFile(home.databasePath, bytes);
    await refused(damaged);
  });

  it('a database of another program', async () => {
    alter('PRAGMA application_id = 1');
    await refused(/is not a Holdfast database: give another data directory/);
  });

  it('a database of a newer version', async () => {
    alter('PRAGMA user_version = 9');
    await refused(
      /has schema version 9 and this program knows 1: run the newer program, or restore the copy/,
    );
  });

  it('a version that was set back', async () => {
    alter('PRAGMA user_version = 0');
    await refused(/is not a Holdfast database/);
  });

  const rows: readonly (readonly [title: string, sql: string])[] = [
    ['a key body that is not JSON', `UPDATE kms_key SET body = '{' WHERE key_id = 'k3'`],
    [
      'an account id of letters',
      `UPDATE access_key SET account_id = 'x'; UPDATE kms_key SET account_id = 'abc'`,
    ],
    ['an unknown manager', `UPDATE kms_key SET manager = 'EVE'`],
    ['a version of zero', 'UPDATE kms_key SET version = 0'],
    ['a sealed value of 1 MiB', 'UPDATE key_material SET sealed = zeroblob(1048576)'],
    ['an alias without its prefix', `UPDATE alias SET alias_name = 'k' || alias_name`],
    ['an empty event record', `UPDATE outbox SET record = x''`],
    ['a key count below zero', 'UPDATE key_count SET customer_keys = -1'],
  ];
  for (const [title, sql] of rows) {
    it(`a row that no program wrote: ${title}`, async () => {
      alter(sql);
      await refused(/CHECK constraint failed in/);
    });
  }

  it('a count of events that is no number', async () => {
    alter(`UPDATE sqlite_sequence SET seq = 'many'`);
    const storage = await home.open();
    await assert.rejects(storage.load(), (error) => {
      assert.ok(error instanceof StorageFailed);
      assert.match(error.message, /a stored row does not read \(.+\): run `holdfast doctor`/);
      return true;
    });
    await storage.close();
  });

  const schemas: readonly (readonly [title: string, sql: string])[] = [
    ['a trigger was added', `CREATE TRIGGER spy AFTER INSERT ON kms_key BEGIN DELETE FROM outbox; END`],
    ['a table was added', 'CREATE TABLE notes (text)'],
    ['an index was removed', 'DROP INDEX alias_by_target'],
    ['a trigger was removed', 'DROP TRIGGER kms_key_inserted'],
    [
      'a constraint was removed',
      `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'AND json_valid(body)', '') WHERE name = 'kms_key'`,
    ],
  ];
  for (const [title, sql] of schemas) {
    it(`a schema that no program made: ${title}`, async () => {
      alter(sql);
      await refused(/is damaged or was altered \(its schema was changed: /);
    });
  }

  it(`${mutationCount} random mutations are refused or harmless to the program, for the server and the doctor`, async (context) => {
    const seed = seedOfRun();
    context.diagnostic(`HOLDFAST_SEED=${seed}`);
    const random = seededRandom(seed);
    const intact = await readFile(home.databasePath);
    let refusals = 0;
    for (let mutation = 0; mutation < mutationCount; mutation += 1) {
      const bytes = Buffer.from(intact);
      for (let flips = integerOf(random, 1, 8); flips > 0; flips -= 1) {
        // Half of them where pages keep their structure, half anywhere.
        const page = integerOf(random, 0, bytes.length / 4096 - 1) * 4096;
        const within = random() < 0.5 ? integerOf(random, 0, 40) : integerOf(random, 0, 4095);
        bytes[page + within] = integerOf(random, 0, 255);
      }
      await writeFile(home.databasePath, bytes);
      const found = await inspect(home.directory);
      assert.ok(found !== undefined);
      try {
        const storage = await home.open();
        try {
          await storage.load();
        } finally {
          await storage.close();
        }
      } catch (error) {
        assert.ok(error instanceof StorageFailed, String(error));
        assert.ok(
          found.problems.length > 0,
          `the doctor sees nothing wrong where the server says ${error.message}`,
        );
        refusals += 1;
      }
    }
    context.diagnostic(`${refusals} refused`);
    assert.ok(refusals > mutationCount / 3, `only ${refusals} of ${mutationCount} were refused`);
  });
});
