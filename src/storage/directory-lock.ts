/**
 * One owner of the data directory, enforced by the kernel: an exclusive SQLite lock on an empty file,
 * which is a POSIX record lock on its inode. It ends with the process however that ends, holds between
 * containers that share the directory (an abstract socket would not), and leaves nothing stale. The
 * pid file beside it only names the holder in a message; nothing is decided by it.
 *
 * Nothing in this process may open the lock file otherwise: closing any descriptor of it would drop
 * the lock. (SQLite itself takes care among its own connections, those of other threads included.)
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ensurePrivateFile, fileMode, lockFile, ownerFile, prepareDirectory } from './data-directory.ts';

export interface DirectoryLock {
  /** The real path of the directory that is held. */
  readonly directory: string;
  /** Gives the directory up. Idempotent. Not calling it is safe: the lock ends with the process. */
  release(): Promise<void>;
}

/** Another process holds the data directory. */
export class DirectoryInUse extends Error {
  /** What the holder wrote about itself, where it could be read. */
  readonly holderPid: number | undefined;

  constructor(directory: string, holder: Holder | undefined) {
    super(
      `the data directory \`${directory}\` is in use by ${describe(holder)}: stop it first, or give another directory`,
    );
    this.name = 'DirectoryInUse';
    this.holderPid = holder?.pid;
  }
}

interface Holder {
  readonly pid: number;
  readonly host: string;
}

/**
 * Prepares the directory (see `prepareDirectory`) and takes it, without waiting. Rejects with
 * `DirectoryInUse` or `DirectoryRefused`. Take it before anything in the directory is opened.
 */
export async function lockDirectory(given: string): Promise<DirectoryLock> {
  const directory = await prepareDirectory(given);
  await ensurePrivateFile(join(directory, lockFile));
  const lock = takeLock(directory);
  if (lock === undefined) throw new DirectoryInUse(directory, await readHolder(directory));
  try {
    await writeHolder(directory);
  } catch (error) {
    lock.close();
    throw error;
  }
  held.add(lock);
  return {
    directory,
    release: async () => {
      if (!held.delete(lock)) return;
      // First the name, then the lock: the other way round could remove the next owner's.
      await rm(join(directory, ownerFile), { force: true });
      lock.close();
    },
  };
}

/**
 * Keeps others from the directory until the function it resolves to is called, and changes nothing in it.
 * Rejects with `DirectoryInUse` when a process holds it now. Needs a lock file to be there.
 */
export async function holdUnchanged(directory: string): Promise<() => void> {
  const lock = takeLock(directory);
  if (lock === undefined) throw new DirectoryInUse(directory, await readHolder(directory));
  held.add(lock);
  return () => {
    if (held.delete(lock)) lock.close();
  };
}

// A lock whose connection were collected as garbage would end unnoticed: the process keeps them.
const held = new Set<DatabaseSync>();

const sqliteBusy = 5;

/** The connection whose open transaction is the lock, or undefined when another has it. */
function takeLock(directory: string): DatabaseSync | undefined {
  const database = new DatabaseSync(join(directory, lockFile), { timeout: 0 });
  try {
    // Nothing is ever written: the file stays empty, and no journal appears beside it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return undefined;
    throw error;
  }
}

async function writeHolder(directory: string): Promise<void> {
  const path = join(directory, ownerFile);
  const written = `${path}.new`;
  await ensurePrivateFile(written);
  await writeFile(written, `${process.pid} ${hostname()}\n`, { mode: fileMode });
  await rename(written, path);
}

async function readHolder(directory: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(join(directory, ownerFile), 'utf8');
  } catch {
    return undefined;
  }
  const [pid = '', host = ''] = text.slice(0, 300).trim().split(' ');
  return /^[1-9][0-9]{0,9}$/.test(pid) ? { pid: Number(pid), host } : undefined;
}

function describe(holder: Holder | undefined): string {
  if (holder === undefined) return 'another process';
  return holder.host === hostname()
    ? `process ${holder.pid}`
    : `process ${holder.pid} on host ${holder.host}`;
}
