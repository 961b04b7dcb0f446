/**
 * The embedded store: one SQLite database, driven by a thread of its own so that no flush blocks the
 * event loop. Changes that arrive while one transaction runs share the next (group commit).
 */
import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../base/clock.ts';
import { databaseFile, ensurePrivateFile } from '../data-directory.ts';
import {
  type Change,
  PreconditionFailed,
  type Storage,
  StorageBusy,
  StorageFailed,
  type StoredState,
} from '../interface.ts';
import { type Migration, migrations } from '../migrations/migration.ts';
import { exactChange, sizeOf } from './exact-change.ts';
import type { StorageFaults } from './faults.ts';
import type { FromWorker, OpenRequest, Outcome, RowChunk, ToWorker } from './messages.ts';
import { StoredStateBuilder } from './stored-state.ts';

export interface SqliteStorageOptions {
  /** Locked by this process (`lockDirectory`). */
  readonly directory: string;
  /** What shall go wrong, for tests and `holdfast dev`. */
  readonly faults?: StorageFaults;
  /** Told, in a sentence for the operator, when the database was migrated and where the copy from before is. */
  readonly onNotice?: (message: string) => void;
  /** Told once when the store fails, so that the server need not wait for the next change to learn it. */
  readonly onFailure?: (failure: StorageFailed) => void;
  /** Only for tests of the migrations themselves. */
  readonly migrations?: readonly Migration[];
}

/** Changes that wait or run; beyond it, `commit` rejects with `StorageBusy`. */
export const changesPendingMax = 8192;
export const changesPendingBytesMax = 64 << 20;
/** In one transaction: bounds how long the first of them waits for the last. */
const changesPerCommitMax = 512;
/** Writes and events of one change together, and their bytes. */
export const writesPerChangeMax = 4096;
export const changeBytesMax = 16 << 20;
const forgottenPerCommitMax = 4096;
/** How long a forgotten outbox row may wait for a commit to ride along with. */
const forgetDelayMs = 1000;

/** Opens, checks and migrates the database. Rejects with `StorageFailed`, whose message says what to do. */
export async function openSqliteStorage(options: SqliteStorageOptions): Promise<Storage> {
  const databasePath = join(options.directory, databaseFile);
  await ensurePrivateFile(databasePath);
  const stamp = new Date(systemClock.nowMs()).toISOString().replaceAll(/[-:.]/g, '');
  const request: OpenRequest = {
    databasePath,
    migrations: options.migrations ?? migrations,
    copyPath: `${databasePath}.before-migration-${stamp}`,
  };
  const thread = startThread(request);
  const storage = new SqliteStorage(thread, options);
  const migratedFrom = await storage.opened.catch(async (failure) => {
    await storage.close();
    throw failure;
  });
  if (migratedFrom !== undefined) {
    options.onNotice?.(
      `the database was migrated from schema version ${migratedFrom} to ${request.migrations.length}; a copy from before is \`${request.copyPath}\``,
    );
  }
  return storage;
}

/**
 * From source, the thread runs `worker.ts` beside this file. A bundle must build `worker.ts` as an
 * entry point of its own named `sqlite-worker.js`, in the directory of the file that this one ends
 * up in: with esbuild, `entryPoints: { holdfast: ..., 'sqlite-worker': 'src/storage/sqlite/worker.ts' }`.
 */
function startThread(workerData: OpenRequest): Worker {
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './sqlite-worker.js';
  const compiled = getCompileCacheDir();
  return new Worker(new URL(file, import.meta.url), {
    workerData,
    name: 'sqlite',
    // Nothing of the environment, which may hold credentials, but for where compiled code is kept if it
    // is: compiling again is two thirds of the time to open a small store from source.
    env: compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) },
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8, stackSizeMb: 2 },
  });
}

interface Pending {
  readonly change: Change;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class SqliteStorage implements Storage {
  readonly opened: Promise<number | undefined>;
  readonly #opening = Promise.withResolvers<number | undefined>();
  readonly #exited = Promise.withResolvers<void>();
  readonly #thread: Worker;
  readonly #options: SqliteStorageOptions;
  readonly #waiting: Pending[] = [];
  /** The changes of the transaction that runs, empty for one that only forgets. */
  #running: readonly Pending[] | undefined;
  #pendingBytes = 0;
  #sendScheduled = false;
  readonly #forgotten = new Set<string>();
  #forgetTimer: NodeJS.Timeout | undefined;
  #loading:
    | { readonly builder: StoredStateBuilder; readonly done: PromiseWithResolvers<StoredState> }
    | undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  #failure: StorageFailed | undefined;

  constructor(thread: Worker, options: SqliteStorageOptions) {
    this.#thread = thread;
    this.#options = options;
    this.opened = this.#opening.promise;
    thread.on('message', (message: FromWorker) => this.#receive(message));
    thread.on('error', (error) => this.#fail(`the database thread failed (${reasonOf(error)}): restart`));
    thread.on('exit', () => {
      this.#exited.resolve();
      this.#fail('the database thread has ended');
    });
  }

  async load(): Promise<StoredState> {
    this.#requireOpen();
    if (this.#loading !== undefined) return this.#loading.done.promise;
    this.#loading = { builder: new StoredStateBuilder(), done: Promise.withResolvers() };
    this.#tell({ do: 'load' });
    return this.#loading.done.promise;
  }

  async commit(given: Change): Promise<void> {
    this.#requireOpen();
    const bytes = sizeOf(given);
    if (given.writes.length + given.events.length > writesPerChangeMax || bytes > changeBytesMax) {
      throw new RangeError('the change is too large for one transaction');
    }
    const pending = this.#waiting.length + (this.#running?.length ?? 0);
    if (pending >= changesPendingMax || this.#pendingBytes + bytes > changesPendingBytesMax)
      throw new StorageBusy();
    const change = exactChange(given);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ change, bytes, resolve, reject });
    this.#pendingBytes += bytes;
    this.#scheduleSend();
    return promise;
  }

  forgetOutbox(eventIds: readonly string[]): void {
    // When it fails, the rows stay: the log is asked on the next start whether it has their events.
    if (this.#failure !== undefined || this.#closing !== undefined) return;
    for (const eventId of eventIds) this.#forgotten.add(eventId);
    if (this.#forgotten.size > 0 && this.#running === undefined) this.#startForgetTimer();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#forgetTimer);
    if (this.#failure === undefined && (this.#running !== undefined || this.#waiting.length > 0)) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    if (this.#failure === undefined) this.#tell({ do: 'close', forget: [...this.#forgotten] });
    this.#thread.ref();
    await this.#exited.promise;
  }

  /** Not at once: what is committed in the same turn of the event loop shares the transaction. */
  #scheduleSend(): void {
    if (this.#running !== undefined || this.#sendScheduled) return;
    this.#sendScheduled = true;
    queueMicrotask(() => {
      this.#sendScheduled = false;
      if (this.#running === undefined && this.#failure === undefined) this.#send();
    });
  }

  /** Starts the next transaction. */
  #send(): void {
    clearTimeout(this.#forgetTimer);
    this.#forgetTimer = undefined;
    const running = this.#waiting.splice(0, changesPerCommitMax);
    this.#running = running;
    const forget = this.#takeForgotten();
    const fault = this.#options.faults?.();
    const changes = running.map(({ change }) => change);
    this.#tell({ do: 'commit', changes, forget, ...(fault === undefined ? {} : { fault }) });
  }

  #takeForgotten(): string[] {
    const taken: string[] = [];
    for (const eventId of this.#forgotten) {
      if (taken.length === forgottenPerCommitMax) break;
      taken.push(eventId);
      this.#forgotten.delete(eventId);
    }
    return taken;
  }

  #startForgetTimer(): void {
    this.#forgetTimer ??= setTimeout(() => {
      this.#forgetTimer = undefined;
      if (this.#running === undefined && this.#failure === undefined) this.#send();
    }, forgetDelayMs).unref();
  }

  #receive(message: FromWorker): void {
    switch (message.is) {
      case 'committed':
        this.#settle(message.outcomes);
        return;
      case 'rows':
        this.#addRows(message.chunk);
        return;
      case 'loaded':
        this.#loading?.done.resolve(this.#loading.builder.build());
        this.#loading = undefined;
        this.#rest();
        return;
      case 'opened':
        this.#opening.resolve(message.migratedFrom);
        this.#rest();
        return;
      case 'closed':
        this.#failure = new StorageFailed('the store is closed');
        return;
      case 'committing':
        process.kill(process.pid, 'SIGKILL');
        return;
      case 'failed':
        this.#fail(message.message);
        return;
      default:
        message satisfies never;
    }
  }

  #addRows(chunk: RowChunk): void {
    try {
      this.#loading?.builder.add(chunk);
    } catch (error) {
      this.#fail(`a stored row does not read (${reasonOf(error)}): run \`holdfast doctor\``);
      void this.#thread.terminate();
    }
  }

  #settle(outcomes: readonly Outcome[]): void {
    const done = this.#running ?? [];
    this.#running = undefined;
    for (const { bytes } of done) this.#pendingBytes -= bytes;
    // First the next transaction, then the answers: its flush runs while they are dealt with.
    if (this.#waiting.length > 0) this.#send();
    else if (this.#forgotten.size > 0 && this.#closing === undefined) this.#startForgetTimer();
    for (const [index, { resolve, reject }] of done.entries()) {
      const outcome = outcomes[index];
      if (outcome === null) resolve();
      else if (typeof outcome === 'number') reject(new PreconditionFailed(outcome));
      else reject(new TypeError(outcome ?? 'the change has no outcome'));
    }
    if (this.#running === undefined) {
      this.#rest();
      this.#drained?.();
    }
  }

  /** Everything pending and everything later is rejected; nothing is tried again. */
  #fail(message: string): void {
    if (this.#failure !== undefined) return;
    const failure = new StorageFailed(message);
    this.#failure = failure;
    clearTimeout(this.#forgetTimer);
    this.#forgotten.clear();
    const pending = [...(this.#running ?? []), ...this.#waiting.splice(0)];
    this.#running = undefined;
    this.#pendingBytes = 0;
    for (const { reject } of pending) reject(failure);
    this.#loading?.done.reject(failure);
    this.#loading = undefined;
    this.#opening.reject(failure);
    this.#drained?.();
    this.#options.onFailure?.(failure);
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new StorageFailed('the store is closed');
  }

  #tell(message: ToWorker): void {
    this.#thread.ref();
    this.#thread.postMessage(message);
  }

  /** An idle thread does not keep the process alive; one that is being closed does until it has ended. */
  #rest(): void {
    if (this.#closing !== undefined) return;
    if (this.#running === undefined && this.#loading === undefined) this.#thread.unref();
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
