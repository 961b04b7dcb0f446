/**
 * The directory that holds everything durable, for its owner alone: itself 0700, files 0600,
 * whatever the umask. A directory of someone else's, or with someone else's files in it, is refused
 * rather than changed.
 */
import { chmod, type FileHandle, mkdir, open, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const directoryMode = 0o700;
export const fileMode = 0o600;

/** Names within the data directory. The lock's name is also how a data directory is recognised. */
export const databaseFile = 'state.db';
export const lockFile = 'holdfast.lock';
export const ownerFile = 'holdfast.pid';

export class DirectoryRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DirectoryRefused';
  }
}

/**
 * Makes the directory if it is missing, or checks the one that is there, and resolves to its real
 * path. Rejects with `DirectoryRefused`, which says what to do.
 */
export async function prepareDirectory(directory: string): Promise<string> {
  try {
    const made = await mkdir(directory, { recursive: true, mode: directoryMode });
    const path = await realpath(directory);
    if (made !== undefined) {
      // The umask may have taken what the owner needs; and a name is durable once its directory is.
      await chmod(path, directoryMode);
      await syncDirectory(dirname(made));
      await syncDirectory(dirname(path));
    }
    const { uid, mode } = await stat(path);
    const user = process.geteuid?.() ?? uid;
    if (uid !== user && user !== 0) {
      throw new DirectoryRefused(
        `the data directory \`${path}\` belongs to user ${uid}, and this process runs as user ${user}: give it one of its own`,
      );
    }
    // Changing the mode of, say, /tmp would harm others: only what is empty or already ours is closed.
    const names = await readdir(path);
    if (!names.includes(lockFile) && names.some((name) => name !== 'lost+found')) {
      throw new DirectoryRefused(
        `the directory \`${path}\` is not empty and holds no Holdfast data: give a new or an empty directory`,
      );
    }
    if ((mode & 0o777) !== directoryMode) await chmod(path, directoryMode);
    return path;
  } catch (cause) {
    if (cause instanceof DirectoryRefused) throw cause;
    throw new DirectoryRefused(`the data directory \`${directory}\` cannot be used: ${reason(cause)}`, {
      cause,
    });
  }
}

/**
 * Makes an empty file with mode 0600, its name durable, or corrects the mode of the one that is
 * there without opening it (closing any descriptor of a file drops this process's locks on it).
 * Resolves to whether it was made.
 */
export async function ensurePrivateFile(path: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', fileMode);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    await chmod(path, fileMode);
    return false;
  }
  try {
    // The mode given to open is narrowed by the umask, which may also take what the owner needs.
    await file.chmod(fileMode);
  } finally {
    await file.close();
  }
  await syncDirectory(dirname(path));
  return true;
}

/** Makes names in the directory durable: a file's own fsync does not promise that it can be found again. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export const databasePath = (directory: string): string => join(directory, databaseFile);

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
