/** SQLite's write-ahead log, kept short by checkpoints whose failure is seen (its own hide theirs). */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Change } from '../interface.ts';
import { pragmaNumber } from './database.ts';

/** About 4 MiB of pages: what the next open must read again at most, but for one transaction. */
const framesMax = 1000;

export class WriteAheadLog {
  readonly #database: DatabaseSync;
  readonly #status: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#status = database.prepare('PRAGMA wal_checkpoint(NOOP)');
  }

  /** Copies the log into the database when it has grown long, or when it still holds what was to be destroyed. */
  afterCommit(changes: readonly Change[]): void {
    if (changes.some(destroys)) this.empty();
    else if (this.#frames() >= framesMax) this.#checkpoint('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** Copies all of the log into the database and cuts it to nothing. */
  empty(): void {
    if (this.#frames() > 0) this.#checkpoint('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** Makes the open transaction meet a full disk: SQLite may take no page more, and is asked for some. */
  fillDisk(): never {
    const pages = pragmaNumber(this.#database, 'page_count');
    const needed =
      (pragmaNumber(this.#database, 'freelist_count') + 3) * pragmaNumber(this.#database, 'page_size');
    // A pragma takes no bound value; the number is SQLite's own.
    this.#database.exec(`PRAGMA max_page_count = ${pages}; CREATE TABLE filler (bytes)`);
    this.#database.prepare('INSERT INTO filler VALUES (zeroblob(?))').run(needed);
    throw new Error('the database grew beyond its bound');
  }

  #frames(): number {
    const { log } = this.#status.get() ?? {};
    if (typeof log !== 'number') throw new Error('the write-ahead log has no length');
    return log;
  }

  #checkpoint(pragma: string): void {
    const { busy } = this.#database.prepare(pragma).get() ?? {};
    if (busy !== 0) throw new Error('the write-ahead log could not be copied into the database');
  }
}

const destroys = ({ writes }: Change): boolean =>
  writes.some((write) => write.do === 'deleteKey' || write.do === 'deleteDomainKey');
