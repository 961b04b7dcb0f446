/**
 * The append-only audit log, open: what `append` has resolved is on the disk, in order, for good. Records that
 * arrive while one flush runs share the next one (group commit), so there is one write and one flush
 * in flight, however many requests wait.
 *
 * One event loop owns it, and one process the directory. The first write or flush that fails ends it:
 * nothing is tried again on that file, every later `append` is refused, and only opening the log
 * anew, which reads what is really on the disk, recovers.
 *
 * Long because batch, flush, checkpoint and segment are one state that a failure ends at once.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Faults, replaceFile } from '../base/durable-file.ts';
import { signCheckpoint } from '../tlog/checkpoint.ts';
import { type CompactRange, hashPrefixedLeaf } from '../tlog/merkle.ts';
import type { NoteSigner, NoteVerifier } from '../tlog/note.ts';
import { checkpointName, type LogEnd } from './log-scan.ts';
import { type LoggedRecord, readRecords } from './read-records.ts';
import { checkpointBytesMax, nextSegmentBytes, recordBytesMax, segmentName } from './segment.ts';
import { beginSegment, type OpenSegment, prepareSegment } from './segment-file.ts';
import { scratchBytes, WaitingBatch } from './waiting-batch.ts';

/** The log takes no more: a write or a flush has failed, or it was closed. Nothing may be served until it is opened anew. */
export class AuditLogFailed extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AuditLogFailed';
  }
}

/** More waits to be written than may wait. The record was not taken; the log goes on. */
export class AuditLogBusy extends Error {
  constructor() {
    super('too many audit records wait to be written');
    this.name = 'AuditLogBusy';
  }
}

export interface AuditLogOptions {
  readonly directory: string;
  /** Signs the checkpoints. Its name is the log's origin. */
  readonly signer: NoteSigner;
  /** Keys that signed earlier checkpoints, beside the signer's own. */
  readonly earlierKeys?: readonly NoteVerifier[];
  readonly faults?: Faults | undefined;
  /**
   * Asked, before anything in the directory is changed, whether to go on where the log ends; it throws when
   * not. Whoever keeps a second store compares the two here.
   */
  readonly confirm?: (end: LogEnd) => Promise<void>;
  /** While records arrive, a checkpoint is signed this often. Default 1000. */
  readonly checkpointIntervalMs?: number;
  /** Of all the records that wait. Default 64 MiB. */
  readonly waitingBytesMax?: number;
  /**
   * False answers once the system has the batch, before the disk has it: a crash of the process loses
   * nothing, one of the machine may. Default true.
   */
  readonly durable?: boolean;
  /** Default 1 MiB. Smaller ones, which not every batch fits into, are for tests. */
  readonly firstSegmentBytes?: number;
}

/** A segment is begun when the one before is full, and set aside when that one is used to this part. */
const prepareAtFraction = 0.25;

export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #waitingBytesMax: number;
  readonly #checkpointIntervalMs: number;
  readonly #durable: boolean;
  #segment: OpenSegment;
  #sequence: number;
  #checksum: Uint8Array;
  #committed: number;
  /** The tree of what is durable, and for the time of a flush also of what is being written. */
  readonly #range: CompactRange;
  #size: number;
  /** Durable or waiting. */
  #appended: number;

  /** Full batches that wait, oldest first, and the one that still takes records. */
  #full: WaitingBatch[] = [];
  #gathering = new WaitingBatch();
  #waitingBytes = 0;
  #scratch = Buffer.alloc(64 * 1024);
  #scheduled = false;
  #isWriting = false;
  #written: Promise<void> = Promise.resolve();

  #checkpointNote: string | undefined;
  #checkpointSize: number | undefined;
  #checkpointAtMs = performance.now();
  #checkpointWanted = false;
  #checkpointTimer: NodeJS.Timeout | undefined;
  #publishing: Promise<void> | undefined;
  #preparing: Promise<void> | undefined;

  #failed: AuditLogFailed | undefined;
  #closed = false;
  readonly #failureListeners: ((error: AuditLogFailed) => void)[] = [];

  /** For `openAuditLog`. */
  constructor(
    options: AuditLogOptions,
    segment: OpenSegment,
    end: Pick<LogEnd, 'sequence' | 'checksum' | 'range' | 'committed'>,
    checkpointNote: string | undefined,
    checkpointSize: number | undefined,
  ) {
    this.#options = options;
    this.#waitingBytesMax = options.waitingBytesMax ?? 64 * 1024 * 1024;
    this.#checkpointIntervalMs = options.checkpointIntervalMs ?? 1000;
    this.#durable = options.durable ?? true;
    this.#segment = segment;
    this.#sequence = end.sequence;
    this.#checksum = end.checksum;
    this.#committed = end.committed;
    this.#range = end.range;
    this.#size = end.range.size;
    this.#appended = end.range.size;
    this.#checkpointNote = checkpointNote;
    this.#checkpointSize = checkpointSize;
    // What a crash left unsigned is signed soon.
    this.#armCheckpointTimer();
  }

  get directory(): string {
    return this.#options.directory;
  }

  /** How many records are durable. */
  get size(): number {
    return this.#size;
  }

  /** Why the log takes no more. */
  get failed(): Error | undefined {
    return this.#failed;
  }

  /** Called once, at the first failure. */
  onFailure(listener: (error: AuditLogFailed) => void): void {
    if (this.#failed === undefined) this.#failureListeners.push(listener);
    else listener(this.#failed);
  }

  /**
   * Resolves when the record is durable. Rejects with `AuditLogFailed` when it may not be, and for ever
   * after; with `AuditLogBusy` when too much waits; with `RangeError` when the record is too long.
   * `committed` when it came with a change of the database, which then has it in its outbox.
   */
  append(record: Uint8Array | string, committed = false): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    if (this.#closed) return Promise.reject(new AuditLogFailed('the audit log is closed'));
    const length = lengthOf(record);
    if (length > recordBytesMax) return Promise.reject(tooLong());
    if (this.#waitingBytes + length > this.#waitingBytesMax) return Promise.reject(new AuditLogBusy());
    if (!this.#gathering.fits(length)) {
      this.#full.push(this.#gathering);
      this.#gathering = new WaitingBatch();
    }
    const batch = this.#gathering;
    batch.add(record, length, committed);
    this.#waitingBytes += length;
    this.#appended += 1;
    this.#schedule();
    return batch.durable;
  }

  /** Resolves when all are durable; they lie next to each other and in this order. Where one is not taken, none is. */
  async appendAll(records: readonly (Uint8Array | string)[]): Promise<void> {
    const lengths = records.map(lengthOf);
    if (lengths.some((length) => length > recordBytesMax)) throw tooLong();
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    if (this.#waitingBytes + bytes > this.#waitingBytesMax) throw new AuditLogBusy();
    await Promise.all(records.map((record) => this.append(record)));
  }

  /** The durable records `from` up to, not including, `to`. */
  read(from: number, to: number): AsyncIterable<LoggedRecord> {
    return readRecords(this.#options.directory, from, Math.min(to, this.#size));
  }

  /** The signed checkpoint of everything appended so far, once it is durable and published. */
  async checkpoint(): Promise<string> {
    if (this.#closed) throw new AuditLogFailed('the audit log is closed');
    return this.#checkpointNow();
  }

  /** Writes what waits, signs a last checkpoint, and lets go of the files. Idempotent; does not reject after a failure. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#checkpointNow();
    } catch (error) {
      if (this.#failed === undefined) throw error;
    } finally {
      clearTimeout(this.#checkpointTimer);
      await Promise.allSettled([this.#preparing, this.#publishing]);
      await this.#segment.file.close();
    }
  }

  async #checkpointNow(): Promise<string> {
    const size = this.#appended;
    for (;;) {
      if (this.#failed !== undefined) throw this.#failed;
      const note = this.#checkpointNote;
      if (note !== undefined && this.#checkpointSize !== undefined && this.#checkpointSize >= size) {
        await this.#publishing;
        if (this.#failed !== undefined) throw this.#failed;
        return note;
      }
      this.#checkpointWanted = this.#size >= size;
      this.#schedule();
      await (this.#isWriting ? this.#written : (this.#publishing ?? nextTurn()));
    }
  }

  /**
   * Begins to write when nothing is being written, once the events that the loop has at hand are through: the
   * requests that came with one wake-up share a flush.
   */
  #schedule(): void {
    if (this.#scheduled || this.#isWriting) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#isWriting = true;
      this.#written = this.#writeAll();
    });
  }

  /** Never rejects: a failure is told to those who wait. */
  async #writeAll(): Promise<void> {
    while (this.#failed === undefined) {
      const isCheckpointDue = this.#isCheckpointDue();
      const batch = this.#full.shift() ?? this.#gathering;
      if (batch.count === 0 && !isCheckpointDue) break;
      if (batch === this.#gathering) this.#gathering = new WaitingBatch();
      try {
        await this.#write(batch, isCheckpointDue);
        batch.resolve();
      } catch (error) {
        this.#fail(error, batch);
      }
    }
    // In the same step as the last look at what waits: a record that comes now begins to be written anew.
    this.#isWriting = false;
    this.#armCheckpointTimer();
  }

  async #write(batch: WaitingBatch, withCheckpoint: boolean): Promise<void> {
    const { directory, signer } = this.#options;
    const waitingBytes = batch.recordBytes;
    const checkpoint = withCheckpoint
      ? signCheckpoint({ origin: signer.verifier.name, size: this.#size, root: this.#range.root() }, [signer])
      : undefined;
    const checkpointBytes = checkpoint === undefined ? 0 : Buffer.byteLength(checkpoint);
    if (checkpointBytes > checkpointBytesMax) throw new RangeError('the checkpoint is too long');
    const needed = scratchBytes(batch.entriesBytes, checkpointBytes);
    if (this.#scratch.length < needed) this.#scratch = Buffer.alloc(2 * needed);
    await this.#makeRoom(needed);

    const place = {
      sequence: this.#sequence,
      firstIndex: this.#size,
      previousChecksum: this.#checksum,
      committed: this.#committed,
    };
    const { bytes, checksum, committed, leaves } = batch.encode(this.#scratch, place, checkpoint);
    const segment = this.#segment;
    const flushed = segment.file
      .write(bytes, segment.offset)
      .then(() => (this.#durable ? segment.file.flush() : undefined));
    // The tree grows while the disk works. Should the disk fail, the log is at its end and the tree with it.
    for (const leaf of leaves) this.#range.append(hashPrefixedLeaf(leaf));
    // A crash before this leaves the batch torn or whole; nobody was told of it, and either is taken at the next start.
    await flushed;

    segment.offset += bytes.length;
    this.#sequence += 1;
    this.#checksum = checksum;
    this.#committed = committed;
    this.#size += batch.count;
    this.#waitingBytes -= waitingBytes;
    if (checkpoint !== undefined) this.#publish(directory, checkpoint, place.firstIndex);
    if (segment.offset > segment.bytes * prepareAtFraction) this.#prepareNext();
  }

  /** Goes on in the next segment when this one has no room for `needed` bytes. */
  async #makeRoom(needed: number): Promise<void> {
    if (this.#segment.offset + needed <= this.#segment.bytes) return;
    const { directory, faults, signer } = this.#options;
    this.#prepareNext();
    await this.#preparing;
    const full = this.#segment;
    const { segment, checksum } = await beginSegment(
      directory,
      {
        number: full.number + 1,
        origin: signer.verifier.name,
        range: this.#range,
        firstSequence: this.#sequence,
        previousChecksum: this.#checksum,
        committed: this.#committed,
      },
      { faults, writeThrough: this.#durable },
    );
    this.#segment = segment;
    this.#checksum = checksum;
    this.#preparing = undefined;
    await full.file.close();
    if (segment.offset + needed > segment.bytes) throw new RangeError('a batch is larger than a segment');
  }

  /** Sets the next segment aside, off the path of the records. */
  #prepareNext(): void {
    if (this.#preparing !== undefined) return;
    const { directory, faults } = this.#options;
    const { number, bytes } = this.#segment;
    this.#preparing = segmentLength(directory, number + 1).then((length) =>
      length === undefined
        ? prepareSegment(directory, number + 1, nextSegmentBytes(bytes), faults)
        : undefined,
    );
    this.#preparing.catch((error: unknown) => this.#fail(error));
  }

  #isCheckpointDue(): boolean {
    if (this.#publishing !== undefined || this.#checkpointSize === this.#size) return false;
    return this.#checkpointWanted || performance.now() - this.#checkpointAtMs >= this.#checkpointIntervalMs;
  }

  /** For when no record comes that could bring the checkpoint along. */
  #armCheckpointTimer(): void {
    if (
      this.#failed !== undefined ||
      this.#checkpointTimer !== undefined ||
      this.#checkpointSize === this.#size
    )
      return;
    const delayMs = Math.max(1, this.#checkpointAtMs + this.#checkpointIntervalMs - performance.now());
    this.#checkpointTimer = setTimeout(() => {
      this.#checkpointTimer = undefined;
      this.#schedule();
    }, delayMs).unref();
  }

  /**
   * Puts the checkpoint, durable in its batch by now, where everyone looks for it. A crash before leaves the
   * older one, which the log agrees with as well.
   */
  #publish(directory: string, note: string, size: number): void {
    this.#checkpointNote = note;
    this.#checkpointSize = size;
    this.#checkpointAtMs = performance.now();
    this.#checkpointWanted = false;
    this.#publishing = replaceFile(join(directory, checkpointName), note, this.#options.faults).then(
      () => {
        this.#publishing = undefined;
        this.#armCheckpointTimer();
      },
      (error: unknown) => {
        this.#publishing = undefined;
        this.#fail(error);
      },
    );
  }

  /** Ends the log. Whoever waits is told, and so is everyone who comes. */
  #fail(error: unknown, inFlight?: WaitingBatch): void {
    const reason = error instanceof Error ? error.message : String(error);
    const first = this.#failed === undefined;
    this.#failed ??= new AuditLogFailed(`the audit log cannot be written: ${reason}`, { cause: error });
    for (const batch of [inFlight, ...this.#full, this.#gathering]) batch?.reject(this.#failed);
    this.#full = [];
    this.#gathering = new WaitingBatch();
    clearTimeout(this.#checkpointTimer);
    if (first) for (const listener of this.#failureListeners) listener(this.#failed);
  }
}

const lengthOf = (record: Uint8Array | string): number =>
  typeof record === 'string' ? Buffer.byteLength(record) : record.length;

const tooLong = (): RangeError => new RangeError(`an audit record has at most ${recordBytesMax} bytes`);

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function segmentLength(directory: string, number: number): Promise<number | undefined> {
  try {
    return (await stat(join(directory, segmentName(number)))).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
