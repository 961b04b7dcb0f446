/** Records that wait to become durable together, and how they are laid out for the segment. */
import {
  batchBytes,
  batchChecksum,
  batchHeaderBytes,
  checksumBytes,
  committedAfter,
  entriesBytesMax,
  entryPrefixBytes,
  writeBatchHeader,
} from './segment.ts';

export class WaitingBatch {
  readonly #records: (string | Uint8Array)[] = [];
  readonly #lengths: number[] = [];
  readonly #durable = Promise.withResolvers<void>();
  #entriesBytes = 0;
  #committed = 0;

  constructor() {
    // Each append hands this promise to its caller; a batch whose callers have all gone must not end the process.
    this.#durable.promise.catch(() => undefined);
  }

  get count(): number {
    return this.#records.length;
  }

  get entriesBytes(): number {
    return this.#entriesBytes;
  }

  /** Of the records alone. */
  get recordBytes(): number {
    return this.#entriesBytes - this.count * entryPrefixBytes;
  }

  /** One promise for all: a batch is durable or not as a whole. */
  get durable(): Promise<void> {
    return this.#durable.promise;
  }

  fits(length: number): boolean {
    return this.#entriesBytes + entryPrefixBytes + length <= entriesBytesMax;
  }

  /** `committed` when the record came with a change of the database. */
  add(record: string | Uint8Array, length: number, committed: boolean): void {
    this.#records.push(record);
    this.#lengths.push(length);
    if (committed) this.#committed += 1;
    this.#entriesBytes += entryPrefixBytes + length;
  }

  resolve(): void {
    this.#durable.resolve();
  }

  reject(error: Error): void {
    this.#durable.reject(error);
  }

  /** Lays the batch out in `scratch`, behind the checksum of the batch before. The result is views into it. */
  encode(scratch: Buffer, place: BatchPlace, checkpoint: string | undefined): EncodedBatch {
    scratch.set(place.previousChecksum, 0);
    let at = checksumBytes + batchHeaderBytes;
    const checkpointBytes = checkpoint === undefined ? 0 : scratch.write(checkpoint, at);
    at += checkpointBytes;
    const leaves: Buffer[] = [];
    const committed = committedAfter(place.committed, this.#committed);
    for (const [i, record] of this.#records.entries()) {
      const length = this.#lengths[i] ?? 0;
      scratch.writeUInt32BE(length, at);
      scratch[at + 4] = 0;
      const start = at + entryPrefixBytes;
      if (typeof record === 'string') scratch.write(record, start, length);
      else scratch.set(record, start);
      leaves.push(scratch.subarray(at + 4, start + length));
      at = start + length;
    }
    writeBatchHeader(scratch, checksumBytes, {
      sequence: place.sequence,
      firstIndex: place.firstIndex,
      count: this.count,
      checkpointBytes,
      entriesBytes: this.#entriesBytes,
      committed,
    });
    const checksum = batchChecksum(scratch.subarray(0, at));
    scratch.set(checksum, at);
    return { bytes: scratch.subarray(checksumBytes, at + checksumBytes), checksum, committed, leaves };
  }
}

/** Where a batch follows: what the one before says, or the segment's header. */
export interface BatchPlace {
  readonly sequence: number;
  readonly firstIndex: number;
  readonly previousChecksum: Uint8Array;
  readonly committed: number;
}

export interface EncodedBatch {
  /** As it goes into the segment. */
  readonly bytes: Buffer;
  readonly checksum: Buffer;
  /** See `BatchHeader`. */
  readonly committed: number;
  /** 0x00 and record each. */
  readonly leaves: readonly Buffer[];
}

/** Scratch space that a batch with so many bytes of entries and checkpoint needs. */
export const scratchBytes = (entriesBytes: number, checkpointBytes: number): number =>
  checksumBytes + batchBytes({ entriesBytes, checkpointBytes });
