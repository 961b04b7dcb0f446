import assert from 'node:assert/strict';
import { chmod, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DirectoryInUse, lockDirectory } from '../../src/storage/directory-lock.ts';
import { inspect } from '../../src/storage/sqlite/inspect.ts';
import { kill, nextLine, runScript } from './processes.ts';
import { change, event, insertAlias, insertDomainKey, insertKey, materialRow } from './rows.ts';
import { SqliteHome } from './sqlite-home.ts';

describe('what the doctor sees of a database', () => {
  let home: SqliteHome;

  beforeEach(async () => {
    home = await SqliteHome.make();
  });
  afterEach(() => home.remove());

  async function fill(): Promise<void> {
    await (await lockDirectory(home.directory)).release();
    const storage = await home.open();
    await storage.commit(
      change(
        [
          insertDomainKey(1),
          insertKey('k'),
          insertKey('other'),
          { do: 'insertKeyMaterial', row: materialRow('k') },
          insertAlias('a', 'k'),
        ],
        [event('e')],
      ),
    );
    await storage.close();
  }

  async function problemsAfter(sql: string): Promise<readonly string[]> {
    await fill();
    const database = new DatabaseSync(home.databasePath, { enableForeignKeyConstraints: false });
    database.exec(sql);
    database.close();
    return (await inspect(home.directory))?.problems ?? [];
  }

  it('a sound database has its rows counted and no problems', async () => {
    await fill();
    const found = await inspect(home.directory);
    assert.ok(found !== undefined && found.databaseBytes > 4096);
    assert.deepEqual(
      { ...found, databaseBytes: 0 },
      {
        databasePath: home.databasePath,
        databaseBytes: 0,
        schemaVersion: 1,
        programSchemaVersion: 1,
        rows: { domainKeys: 1, keys: 2, keyMaterials: 1, aliases: 1, accessKeys: 0, meta: 0, outbox: 1 },
        writeAheadLogBytes: 0,
        migrationCopies: [],
        problems: [],
      },
    );
  });

  it('a directory without a database has nothing to see', async () => {
    assert.equal(await inspect(home.directory), undefined);
    assert.deepEqual(await readdir(home.directory), []);
  });

  it('a database that a server has open is not looked at, and its pid is named', async () => {
    const child = runScript('crash-writer.ts', [home.directory]);
    assert.equal(await nextLine(child), 'ready');
    await assert.rejects(
      inspect(home.directory),
      (error) => error instanceof DirectoryInUse && error.holderPid === child.pid,
    );
    await kill(child);
  });

  it('what a crash left is read, write-ahead log included, and not changed', async () => {
    const child = runScript('crash-writer.ts', [home.directory]);
    let acknowledged = -1;
    for await (const _ of child.lines) {
      acknowledged += 1;
      if (acknowledged === 50) break;
    }
    await kill(child);
    const contents = async () =>
      Promise.all(
        (await readdir(home.directory))
          .sort()
          .map(async (name) => [name, (await readFile(join(home.directory, name))).toString('base64')]),
      );
    const before = await contents();
    const found = await inspect(home.directory);
    assert.ok(found !== undefined && found.writeAheadLogBytes > 0);
    assert.ok((found.rows?.outbox ?? 0) >= 50);
    assert.deepEqual(found.problems, []);
    assert.deepEqual(await contents(), before);
  });

  it('a row without what it refers to', async () => {
    const problems = await problemsAfter(`DELETE FROM kms_key WHERE key_id = 'k'`);
    assert.match(problems.join('\n'), /a row refers to one that is missing: alias/);
    assert.match(problems.join('\n'), /a row refers to one that is missing: key_material/);
  });

  it('a quota counter that does not agree with the keys', async () => {
    assert.deepEqual(await problemsAfter('UPDATE key_count SET customer_keys = 1'), [
      'account 111122223333 has 2 customer keys in eu-central-1 and its quota counts 1',
    ]);
  });

  it('a count of events that is no number', async () => {
    assert.deepEqual(await problemsAfter(`UPDATE sqlite_sequence SET seq = 'many'`), [
      'the count of committed events is no number',
    ]);
  });

  it('files that others could read, with what to do', async () => {
    await fill();
    await chmod(home.directory, 0o755);
    await chmod(home.databasePath, 0o640);
    assert.deepEqual((await inspect(home.directory))?.problems, [
      `\`${home.directory}\` has mode 755: run \`chmod 700 ${home.directory}\``,
      `\`${home.databasePath}\` has mode 640: run \`chmod 600 ${home.databasePath}\``,
    ]);
  });
});
