import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DirectoryRefused } from '../../src/storage/data-directory.ts';
import { DirectoryInUse, lockDirectory } from '../../src/storage/directory-lock.ts';
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts';
import { kill, nextLine, runScript } from './processes.ts';
import { change, insertKey } from './rows.ts';

describe('the data directory has one owner', () => {
  let parent: string;
  let directory: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'holdfast-lock-'));
    directory = join(parent, 'data');
  });
  afterEach(() => rm(parent, { recursive: true, force: true }));

  it('a second process is refused with the pid of the first, until the first is killed', async () => {
    const holder = runScript('hold-directory.ts', [directory]);
    assert.equal(await nextLine(holder), 'held');
    await assert.rejects(lockDirectory(directory), (error) => {
      assert.ok(error instanceof DirectoryInUse);
      assert.equal(error.holderPid, holder.pid);
      assert.match(error.message, new RegExp(`is in use by process ${holder.pid}: stop it first`));
      return true;
    });
    await kill(holder);
    assert.match(await readFile(join(directory, 'holdfast.pid'), 'utf8'), new RegExp(`^${holder.pid} `));
    const lock = await lockDirectory(directory);
    assert.match(await readFile(join(directory, 'holdfast.pid'), 'utf8'), new RegExp(`^${process.pid} `));
    await lock.release();
  });

  it('a process that is given the directory by another path is refused', async () => {
    const lock = await lockDirectory(directory);
    await assert.rejects(lockDirectory(`${parent}/./data/../data`), DirectoryInUse);
    await lock.release();
  });

  it('of many processes that start at once one holds the directory', async () => {
    const children = Array.from({ length: 6 }, () => runScript('hold-directory.ts', [directory]));
    const outcomes = await Promise.all(children.map((child) => nextLine(child).catch(() => child.errors())));
    assert.equal(outcomes.filter((outcome) => outcome === 'held').length, 1);
    assert.equal(outcomes.filter((outcome) => outcome.includes('DirectoryInUse')).length, 5);
    await Promise.all(children.map(kill));
  });

  it('a lock that nothing refers to is not lost to garbage collection', async () => {
    const holder = runScript('hold-directory.ts', [directory, 'forget'], { flags: ['--expose-gc'] });
    assert.equal(await nextLine(holder), 'held');
    await assert.rejects(lockDirectory(directory), DirectoryInUse);
    await kill(holder);
  });

  it('the lock survives that its holder opens and closes everything else in the directory', async () => {
    const lock = await lockDirectory(directory);
    const storage = await openSqliteStorage({ directory });
    await storage.commit(change([insertKey('k')]));
    await storage.close();
    await assert.rejects(lockDirectory(directory), DirectoryInUse);
    const second = runScript('hold-directory.ts', [directory]);
    await assert.rejects(nextLine(second), /DirectoryInUse/);
    await lock.release();
  });

  it('a pid file does not hold the directory, whatever it says', async () => {
    await (await lockDirectory(directory)).release();
    for (const text of ['1 host\n', `${process.pid}\n`, 'garbage', '']) {
      await writeFile(join(directory, 'holdfast.pid'), text);
      await (await lockDirectory(directory)).release();
    }
  });

  it('a holder whose pid file is unreadable is still refused to others', async () => {
    const lock = await lockDirectory(directory);
    await writeFile(join(directory, 'holdfast.pid'), 'x'.repeat(10_000));
    await assert.rejects(lockDirectory(directory), /in use by another process/);
    await lock.release();
  });

  it('release gives the directory up, once', async () => {
    const lock = await lockDirectory(directory);
    await Promise.all([lock.release(), lock.release()]);
    const next = await lockDirectory(directory);
    await lock.release();
    await assert.rejects(lockDirectory(directory), DirectoryInUse);
    await next.release();
  });

  it('a database that is open is refused to a second process even without the lock', async () => {
    const lock = await lockDirectory(directory);
    const storage = await openSqliteStorage({ directory });
    await assert.rejects(openSqliteStorage({ directory }), /state\.db` is in use by another process/);
    await storage.commit(change([insertKey('k')]));
    await storage.close();
    await lock.release();
  });
});

describe('the data directory is for its owner alone', () => {
  let parent: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'holdfast-mode-'));
  });
  afterEach(() => rm(parent, { recursive: true, force: true }));

  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

  for (const umask of [0o000, 0o022, 0o277]) {
    it(`modes are 0700 and 0600 under umask 0${umask.toString(8)}`, async () => {
      const directory = join(parent, 'data');
      const before = process.umask(umask);
      try {
        const lock = await lockDirectory(directory);
        const storage = await openSqliteStorage({ directory });
        await storage.commit(change([insertKey('k')]));
        assert.equal(await modeOf(directory), '700');
        for (const name of ['state.db', 'state.db-wal', 'holdfast.lock', 'holdfast.pid']) {
          assert.equal(await modeOf(join(directory, name)), '600', name);
        }
        await storage.close();
        await lock.release();
      } finally {
        process.umask(before);
      }
    });
  }

  it('modes that were widened are corrected', async () => {
    const directory = join(parent, 'data');
    await (await lockDirectory(directory)).release();
    await (await openSqliteStorage({ directory })).close();
    await chmod(directory, 0o755);
    for (const name of ['state.db', 'holdfast.lock']) await chmod(join(directory, name), 0o666);
    const lock = await lockDirectory(directory);
    await (await openSqliteStorage({ directory })).close();
    assert.equal(await modeOf(directory), '700');
    for (const name of ['state.db', 'holdfast.lock'])
      assert.equal(await modeOf(join(directory, name)), '600');
    await lock.release();
  });

  it('an empty directory that was there is taken, and closed to others', async () => {
    const directory = join(parent, 'volume');
    await mkdir(join(directory, 'lost+found'), { recursive: true });
    await chmod(directory, 0o755);
    await (await lockDirectory(directory)).release();
    assert.equal(await modeOf(directory), '700');
  });

  it('a directory with files of others is refused and left as it was', async () => {
    await chmod(parent, 0o755);
    await writeFile(join(parent, 'thesis.tex'), '');
    await assert.rejects(lockDirectory(parent), (error) => {
      assert.ok(error instanceof DirectoryRefused);
      assert.match(
        error.message,
        /is not empty and holds no Holdfast data: give a new or an empty directory/,
      );
      return true;
    });
    assert.equal(await modeOf(parent), '755');
  });

  it('a file where the directory should be is refused', async () => {
    await writeFile(join(parent, 'data'), '');
    await assert.rejects(lockDirectory(join(parent, 'data')), DirectoryRefused);
    await assert.rejects(lockDirectory(join(parent, 'data', 'below')), DirectoryRefused);
  });
});
