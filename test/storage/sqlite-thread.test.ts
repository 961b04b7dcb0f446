import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { build } from 'esbuild';
import { StorageFailed } from '../../src/storage/interface.ts';
import {
  accountId,
  bytes,
  change,
  event,
  insertDomainKey,
  insertKey,
  materialRow,
  region,
  updateKey,
} from './rows.ts';
import { SqliteHome } from './sqlite-home.ts';

const root = join(import.meta.dirname, '../..');

describe('the thread that owns the database', () => {
  let home: SqliteHome;

  beforeEach(async () => {
    home = await SqliteHome.make();
  });
  afterEach(() => home.remove());

  it('key material of a deleted key is gone from the files, not only from the tables', async () => {
    const sealed = bytes('MARK-OF-SEALED-KEY-MATERIAL-IN-A-ROW');
    const storage = await home.open();
    await storage.commit(
      change([
        insertDomainKey(1),
        insertKey('k'),
        { do: 'insertKeyMaterial', row: materialRow('k', { sealed }) },
      ]),
    );
    const files = async () =>
      Buffer.concat([await readFile(home.databasePath), await readFile(`${home.databasePath}-wal`)]);
    assert.ok((await files()).includes(sealed));
    await storage.commit(change([{ do: 'deleteKey', accountId, region, keyId: 'k', version: 1 }]));
    // The thread answers before it empties the log; what is asked next waits for that.
    await storage.load();
    assert.ok(!(await files()).includes(sealed));
    await storage.close();
  });

  it('the write-ahead log stays short however much is written', async () => {
    const storage = await home.open();
    const body = JSON.stringify({ filler: 'x'.repeat(3000) });
    await storage.commit(change([insertKey('k', { body })]));
    let largest = 0;
    for (let version = 2; version < 1500; version += 1) {
      await storage.commit(change([updateKey('k', version, { body })]));
      if (version % 50 === 0) largest = Math.max(largest, (await stat(`${home.databasePath}-wal`)).size);
    }
    assert.ok(largest > 0 && largest < 5 << 20, `${largest} bytes`);
    await storage.close();
  });

  it('an idle store does not keep the process alive, and a commit that runs does', () => {
    const run = (code: string) =>
      spawnSync(
        process.execPath,
        [
          '--input-type=module-typescript',
          '-e',
          `import { openSqliteStorage } from '${root}/src/storage/sqlite/sqlite-storage.ts';
           const storage = await openSqliteStorage({ directory: '${home.directory}' });
           ${code}`,
        ],
        { encoding: 'utf8', timeout: 20_000, cwd: root },
      );
    const idle = run(`console.log('opened');`);
    assert.deepEqual([idle.stdout, idle.stderr, idle.status], ['opened\n', '', 0]);
    const committing = run(
      `storage.commit({ writes: [], events: [] }).then(() => console.log('committed'));`,
    );
    assert.deepEqual([committing.stdout, committing.stderr, committing.status], ['committed\n', '', 0]);
  });

  it('a failure is told once, without waiting for the next change', async () => {
    const failures: StorageFailed[] = [];
    const storage = await home.open(() => 'lost', { onFailure: (failure) => failures.push(failure) });
    const given = [storage.commit(change([insertKey('k')])), storage.commit(change([insertKey('l')]))];
    await Promise.allSettled(given);
    await storage.close();
    assert.equal(failures.length, 1);
    assert.ok(failures[0] instanceof StorageFailed);
    assert.match(
      failures[0].message,
      /could not be written or read \(injected: COMMIT failed\): look for the cause/,
    );
  });

  it('a full disk is named as such', async () => {
    const storage = await home.open(() => 'diskFull');
    await assert.rejects(
      storage.commit(change([])),
      /there is no room to write `.*state\.db`: free some and restart/,
    );
    await storage.close();
  });

  it('an orderly close leaves one file, and no failure is told', async () => {
    const failures: StorageFailed[] = [];
    const storage = await home.open(undefined, { onFailure: (failure) => failures.push(failure) });
    await storage.commit(change([insertKey('k')], [event('e')]));
    await storage.close();
    assert.deepEqual(failures, []);
    await assert.rejects(stat(`${home.databasePath}-wal`));
  });

  it('a bundled build finds its thread', async () => {
    const outdir = join(home.directory, 'dist');
    const entry = join(home.directory, 'entry.ts');
    await writeFile(
      entry,
      `import { openSqliteStorage } from '${root}/src/storage/sqlite/sqlite-storage.ts';
       const storage = await openSqliteStorage({ directory: '${home.directory}' });
       await storage.commit({ writes: [{ do: 'putMeta', row: { name: 'a', value: new Uint8Array(3) } }], events: [] });
       console.log((await storage.load()).meta[0]?.value.length);
       await storage.close();`,
    );
    await build({
      entryPoints: { main: entry, 'sqlite-worker': join(root, 'src/storage/sqlite/worker.ts') },
      outdir,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      outExtension: { '.js': '.js' },
    });
    await writeFile(join(outdir, 'package.json'), '{"type":"module"}');
    const { stdout, stderr } = spawnSync(process.execPath, [join(outdir, 'main.js')], { encoding: 'utf8' });
    assert.deepEqual([stdout, stderr], ['3\n', '']);
  });
});
