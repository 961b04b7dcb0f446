/** Records that wait to become durable together, and how they are laid out for the segment. */
import {
  batchBytes,
  batchChecksum,
  batchHeaderBytes,
  checksumBytes,
  entriesBytesMax,
  entryPrefixBytes,
  writeBatchHeader,
} from './segment.ts';

export class WaitingBatch {
  readonly #records: (string | Uint8Array)[] = [];
  readonly #lengths: number[] = [];
  readonly #durable = Promise.withResolvers<void>();
  #entriesBytes = 0;

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

  add(record: string | Uint8Array, length: number): void {
    this.#records.push(record);
    this.#lengths.push(length);
    this.#entriesBytes += entryPrefixBytes + length;
  }

  resolve(): void {
    this.#durable.resolve();
  }

  reject(error: Error): void {
    this.#durable.reject(error);
  }

  /** Lays the batch out in `scratch`, behind the checksum of the batch before. The result is views into it. */
  encode(
    scratch: Buffer,
    place: { readonly sequence: number; readonly firstIndex: number; readonly previousChecksum: Uint8Array },
    checkpoint: string | undefined,
  ): EncodedBatch {
    scratch.set(place.previousChecksum, 0);
    let at = checksumBytes + batchHeaderBytes;
    const checkpointBytes = checkpoint === undefined ? 0 : scratch.write(checkpoint, at);
    at += checkpointBytes;
    const leaves: Buffer[] = [];
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
    });
    const checksum = batchChecksum(scratch.subarray(0, at));
    scratch.set(checksum, at);
    return { bytes: scratch.subarray(checksumBytes, at + checksumBytes), checksum, leaves };
  }
}

export interface EncodedBatch {
  /** As it goes into the segment. */
  readonly bytes: Buffer;
  readonly checksum: Buffer;
  /** 0x00 and record each. */
  readonly leaves: readonly Buffer[];
}

/** Scratch space that a batch with so many bytes of entries and checkpoint needs. */
export const scratchBytes = (entriesBytes: number, checkpointBytes: number): number =>
  checksumBytes + batchBytes({ entriesBytes, checkpointBytes });
