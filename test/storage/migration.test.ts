import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { StorageFailed } from '../../src/storage/interface.ts';
import { type Migration, migrations } from '../../src/storage/migrations/migration.ts';
import {
  accountId,
  change,
  event,
  insertAlias,
  insertDomainKey,
  insertKey,
  materialRow,
  region,
} from './rows.ts';
import { SqliteHome } from './sqlite-home.ts';

const next = (sql: string): readonly Migration[] => [...migrations, { version: migrations.length + 1, sql }];

const harmless = 'ALTER TABLE key_count ADD COLUMN note TEXT; UPDATE key_count SET note = region';

describe('a database of an earlier version is migrated', () => {
  let home: SqliteHome;

  beforeEach(async () => {
    home = await SqliteHome.make();
    const storage = await home.open();
    await storage.commit(
      change(
        [
          insertDomainKey(1),
          insertKey('k'),
          { do: 'insertKeyMaterial', row: materialRow('k') },
          insertAlias('a', 'k'),
        ],
        [event('e')],
      ),
    );
    await storage.close();
  });
  afterEach(() => home.remove());

  const copies = async (): Promise<string[]> =>
    (await readdir(home.directory)).filter((name) => name.startsWith('state.db.before-migration-'));

  it('the steps are numbered from one without a gap', () => {
    assert.deepEqual(
      migrations.map(({ version }) => version),
      migrations.map((_, index) => index + 1),
    );
  });

  it('everything is there after, and a copy from before is kept, named in the notice, for its owner alone', async () => {
    const before = await home.open();
    const state = await before.load();
    await before.close();
    const notices: string[] = [];
    const storage = await home.open(undefined, {
      migrations: next(harmless),
      onNotice: (text) => notices.push(text),
    });
    assert.deepEqual(await storage.load(), state);
    await storage.commit(change([insertKey('after')]));
    await storage.close();

    const [copy = '', ...others] = await copies();
    assert.deepEqual(others, []);
    const path = join(home.directory, copy);
    assert.deepEqual(notices, [
      `the database was migrated from schema version 1 to 2; a copy from before is \`${path}\``,
    ]);
    assert.equal((await stat(path)).mode & 0o777, 0o600);

    // The copy is a database of the earlier version, whole.
    const restored = await SqliteHome.make();
    await copyFile(path, restored.databasePath);
    const earlier = await restored.open();
    assert.deepEqual(await earlier.load(), state);
    await earlier.close();
    await restored.remove();
  });

  it('a new database runs every step and keeps no copy', async () => {
    const fresh = await SqliteHome.make();
    const notices: string[] = [];
    const storage = await fresh.open(undefined, {
      migrations: next(harmless),
      onNotice: (text) => notices.push(text),
    });
    await storage.close();
    assert.deepEqual(notices, []);
    assert.deepEqual(await readdir(fresh.directory), ['state.db']);
    await fresh.remove();
  });

  it('a migrated database is migrated once', async () => {
    for (let open = 0; open < 2; open += 1)
      await (await home.open(undefined, { migrations: next(harmless) })).close();
    assert.equal((await copies()).length, 1);
  });

  it('a migrated database is refused by the earlier program, unchanged', async () => {
    await (await home.open(undefined, { migrations: next(harmless) })).close();
    const before = await readFile(home.databasePath);
    await assert.rejects(home.open(), /has schema version 2 and this program knows 1: run the newer program/);
    assert.ok(before.equals(await readFile(home.databasePath)));
  });

  const failing: readonly (readonly [title: string, sql: string, message: RegExp])[] = [
    ['that is refused half-way', `DELETE FROM alias; DELETE FROM nowhere`, /no such table: nowhere/],
    ['that leaves a row without its key', `DELETE FROM kms_key`, /leaves rows without what they refer to/],
  ];
  for (const [title, sql, message] of failing) {
    it(`a step ${title} is undone, and the error names the copy`, async () => {
      await assert.rejects(home.open(undefined, { migrations: next(sql) }), (error) => {
        assert.ok(error instanceof StorageFailed);
        assert.match(error.message, /the migration to schema version 2 failed and was undone/);
        assert.match(error.message, message);
        assert.match(error.message, /A copy from before is `.*state\.db\.before-migration-/);
        return true;
      });
      const storage = await home.open();
      const { keys, aliases, keyMaterials, outbox } = await storage.load();
      assert.deepEqual([keys.length, aliases.length, keyMaterials.length, outbox.length], [1, 1, 1, 1]);
      await storage.commit(
        change([{ do: 'requireKeysBelow', accountId, region, max: 2 }, insertKey('after')]),
      );
      await storage.close();
    });
  }
});
