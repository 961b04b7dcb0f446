/**
 * The one door to durable writing: what has resolved is on the disk. Whoever must know how a lost
 * write or a failed flush is survived injects `faults` here; nothing is simulated elsewhere.
 *
 * After a failed write or flush a file takes no more: the kernel may have dropped the pages and still
 * answer the next flush with success, so only a restart, which reads what is really there, recovers.
 */
import * as fs from 'node:fs';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';

export type FileOperation =
  | 'create-directory'
  | 'open'
  | 'write'
  | 'flush'
  | 'rename'
  | 'remove'
  | 'flush-directory';

export interface Fault {
  /**
   * - `lost`: nothing is done and the operation fails.
   * - `reported-lost`: everything is done and the operation fails all the same.
   * - `torn`: half of a write is done and the operation fails.
   * - `short`: half of a write is done and reported as such, as the system may; the rest must follow.
   * - `killed-before`, `killed-during`, `killed-after`: the process is killed (SIGKILL) before the operation,
   *   half-way through a write (other operations have no half), or when all is done and nobody was told.
   */
  readonly how:
    | 'lost'
    | 'reported-lost'
    | 'torn'
    | 'short'
    | 'killed-before'
    | 'killed-during'
    | 'killed-after';
  /** Of the error: `EIO`, `ENOSPC`, `EDQUOT`, ... */
  readonly code: string;
}

/** Asked before each operation. `path` is the file or directory that it is about. */
export type Faults = (operation: FileOperation, path: string) => Fault | undefined;

const noFaults: Faults = () => undefined;

const open = promisify(fs.open);
const close = promisify(fs.close);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);

export interface OpenOptions {
  readonly create?: boolean;
  readonly writeThrough?: boolean;
  readonly faults?: Faults | undefined;
}

/**
 * On Linux a write to a file opened with O_DSYNC is the write and the fdatasync in one call, and so one trip
 * to another thread instead of two. Elsewhere it may stop at the disk's cache, where fdatasync does not.
 */
const canWriteThrough = process.platform === 'linux';

export class DurableFile {
  readonly path: string;
  readonly #fd: number;
  readonly #faults: Faults;
  readonly #writesThrough: boolean;
  #failure: Error | undefined;
  #closed = false;

  private constructor(path: string, fd: number, faults: Faults, writesThrough: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#faults = faults;
    this.#writesThrough = writesThrough;
  }

  /**
   * Opens an existing file, or with `create` a new one that must not exist yet (mode 0600). With `writeThrough`
   * each write makes itself durable where the system can do that, and a flush has nothing left to do.
   */
  static async open(path: string, options: OpenOptions = {}): Promise<DurableFile> {
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_DSYNC } = fs.constants;
    const faults = options.faults ?? noFaults;
    const writesThrough = options.writeThrough === true && canWriteThrough;
    const creates = options.create === true ? O_CREAT | O_EXCL : 0;
    const flags = O_RDWR | O_NOFOLLOW | creates | (writesThrough ? O_DSYNC : 0);
    const fd = await attempt(faults('open', path), 'open', path, () => open(path, flags, 0o600));
    return new DurableFile(path, fd, faults, writesThrough);
  }

  /** Writes all of `bytes` at `offset`. They are durable once a later `flush` has resolved. */
  async write(bytes: Uint8Array, offset: number): Promise<void> {
    this.#requireUsable();
    try {
      const fault = this.#faults('write', this.path);
      if (fault?.how === 'torn' || fault?.how === 'short' || fault?.how === 'killed-during') {
        const half = bytes.length >> 1;
        await writeAll(this.#fd, bytes.subarray(0, half), offset);
        if (fault.how === 'killed-during') killThisProcess();
        if (fault.how === 'torn') throw faultError(fault, 'write', this.path);
        await writeAll(this.#fd, bytes.subarray(half), offset + half);
      } else {
        await attempt(fault, 'write', this.path, () => writeAll(this.#fd, bytes, offset));
      }
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Makes what was written durable: the data, and as much of the metadata as is needed to read it back. */
  async flush(): Promise<void> {
    this.#requireUsable();
    try {
      const fault = this.#faults('flush', this.path);
      if (fault === undefined && this.#writesThrough) return;
      await attempt(fault, 'flush', this.path, () => fdatasync(this.#fd));
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Idempotent. Flushes nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await close(this.#fd);
  }

  #fail(error: unknown): Error {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    return this.#failure;
  }

  #requireUsable(): void {
    if (this.#failure !== undefined) {
      throw new Error(`${this.path} takes no writes after a failed one`, { cause: this.#failure });
    }
    if (this.#closed) throw new Error(`${this.path} is closed`);
  }
}

/**
 * Puts `bytes` in the place of whatever `path` held: after a crash at any point the file is the old
 * one or the new one, whole. Mode 0600. One replacement of a path at a time.
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array | string,
  faults: Faults = noFaults,
): Promise<void> {
  const temporary = `${path}.new`;
  // What a crash left half written is of no use to anyone.
  await removeIfPresent(temporary, faults);
  const file = await DurableFile.open(temporary, { create: true, faults });
  try {
    await file.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, 0);
    await file.flush();
  } finally {
    await file.close();
  }
  // A crash before this leaves the old file and a leftover; after it, the new file or (unflushed) the old.
  await attempt(faults('rename', path), 'rename', path, () => fs.promises.rename(temporary, path));
  await flushDirectory(dirname(path), faults);
}

/** Gives a finished file its final name, durably. */
export async function renameFile(from: string, to: string, faults: Faults = noFaults): Promise<void> {
  await attempt(faults('rename', to), 'rename', to, () => fs.promises.rename(from, to));
  await flushDirectory(dirname(to), faults);
}

/** True when there was such a file. The removal need not be durable: it is done again after a crash. */
export async function removeIfPresent(path: string, faults: Faults = noFaults): Promise<boolean> {
  try {
    await attempt(faults('remove', path), 'remove', path, () => fs.promises.unlink(path));
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Creates the directory (mode 0700) and those above it that are missing; durable, each in its parent. */
export async function createDirectory(path: string, faults: Faults = noFaults): Promise<void> {
  const first = await attempt(faults('create-directory', path), 'create-directory', path, () =>
    fs.promises.mkdir(path, { recursive: true, mode: 0o700 }),
  );
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await flushDirectory(dirname(made), faults);
    if (made === first || dirname(made) === made) return;
  }
}

/** Makes the names in a directory durable. */
export async function flushDirectory(path: string, faults: Faults = noFaults): Promise<void> {
  const fd = await open(path, fs.constants.O_RDONLY);
  try {
    await attempt(faults('flush-directory', path), 'flush-directory', path, () => fsync(fd));
  } finally {
    await close(fd);
  }
}

/** The bytes of a file, or undefined when there is none. Throws when it is longer than `bytesMax`. */
export async function readIfPresent(path: string, bytesMax: number): Promise<Buffer | undefined> {
  try {
    const { size } = await fs.promises.stat(path);
    if (size > bytesMax) throw new Error(`${basename(path)} has ${size} bytes, more than it can have`);
    return await fs.promises.readFile(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Fills `into` from a file, a pipe, or an open descriptor, and says how many bytes there were. Nothing of them
 * is anywhere else: what `readFile` gathers from a pipe it leaves lying in parts. For secrets; it blocks.
 */
export function readInto(source: string | number, into: Uint8Array): number {
  const fd = typeof source === 'string' ? fs.openSync(source, fs.constants.O_RDONLY) : source;
  try {
    for (let read = 0; ; ) {
      const more = fs.readSync(fd, into, read, into.length - read, null);
      read += more;
      if (more === 0 || read === into.length) return read;
    }
  } finally {
    if (typeof source === 'string') fs.closeSync(fd);
  }
}

/** The names in a directory, sorted; none when the directory does not exist. */
export async function listDirectory(path: string): Promise<string[]> {
  try {
    return (await fs.promises.readdir(path)).sort();
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

async function attempt<T>(
  fault: Fault | undefined,
  operation: FileOperation,
  path: string,
  act: () => Promise<T>,
): Promise<T> {
  if (fault === undefined || fault.how === 'short') return act();
  if (fault.how === 'killed-before') killThisProcess();
  if (fault.how === 'reported-lost' || fault.how === 'killed-after') await act();
  if (fault.how === 'killed-after') killThisProcess();
  throw faultError(fault, operation, path);
}

/** No handler runs and nothing is flushed. */
const killThisProcess = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

function faultError(fault: Fault, operation: FileOperation, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${fault.code}: injected fault in ${operation} of ${path}`), {
    code: fault.code,
  });
}

async function writeAll(fd: number, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await writeSome(fd, bytes, done, offset + done);
    if (written === 0) throw Object.assign(new Error('ENOSPC: the system wrote nothing'), { code: 'ENOSPC' });
    done += written;
  }
}

const writeSome = (fd: number, bytes: Uint8Array, from: number, offset: number): Promise<number> =>
  new Promise((resolve, reject) => {
    fs.write(fd, bytes, from, bytes.length - from, offset, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
