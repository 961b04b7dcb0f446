/** Reads a segment batch by batch, checking each against the one before. Never writes; holds one window of the file. */
import { type FileHandle, open } from 'node:fs/promises';
import {
  type BatchHeader,
  batchBytes,
  batchBytesMax,
  batchBytesMin,
  batchChecksum,
  batchHeaderBytes,
  checkpointBytesMax,
  checksumBytes,
  committedBetween,
  decodeSegmentHeader,
  entriesBytesMax,
  readBatchHeader,
  type SegmentHeader,
  segmentHeaderBytesMax,
  splitEntries,
} from './segment.ts';
import { isZero, judgeEnd, type SegmentEnd } from './tear.ts';

export interface Batch extends BatchHeader {
  /** Of the batch in the segment. */
  readonly offset: number;
  /** The signed checkpoint that the batch carries. */
  readonly checkpoint: string | undefined;
  /** 0x00 and record each: views that the next read overwrites. */
  readonly entries: readonly Buffer[];
}

export class SegmentReader {
  readonly path: string;
  readonly fileBytes: number;
  /** Undefined when the segment has no valid header. */
  readonly header: SegmentHeader | undefined;
  /** Why there is no header. */
  readonly headerProblem: string | undefined;
  /** The segment was set aside and not begun: where its header goes, there are zeros. */
  readonly isUnused: boolean;
  readonly #file: FileHandle;
  #offset = 0;
  #sequence = 0;
  #index = 0;
  #committed = 0;
  #checksum: Uint8Array = new Uint8Array(checksumBytes);
  #problem = '';
  #window = Buffer.alloc(0);
  #windowOffset = 0;

  private constructor(path: string, file: FileHandle, fileBytes: number, start: Buffer) {
    this.path = path;
    this.#file = file;
    this.fileBytes = fileBytes;
    this.isUnused = isZero(start);
    const decoded = decodeSegmentHeader(start);
    if ('problem' in decoded) {
      this.headerProblem = decoded.problem;
      return;
    }
    this.header = decoded.header;
    this.#offset = decoded.length;
    this.#sequence = decoded.header.firstSequence;
    this.#index = decoded.header.range.size;
    this.#committed = decoded.header.committed;
    this.#checksum = decoded.checksum;
  }

  static async open(path: string): Promise<SegmentReader> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const start = Buffer.alloc(Math.min(size, segmentHeaderBytesMax));
      await file.read(start, 0, start.length, 0);
      return new SegmentReader(path, file, size, start);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Where the next batch begins or would. */
  get offset(): number {
    return this.#offset;
  }

  /** Sequence number that the next batch has or would. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Index that the next record has or would. */
  get index(): number {
    return this.#index;
  }

  /** As the last batch read says, or the header. */
  get committed(): number {
    return this.#committed;
  }

  /** Of the last batch read, or of the header. */
  get checksum(): Uint8Array {
    return this.#checksum;
  }

  /** The next batch, or undefined where none stands that is valid. May be called again once more was written. */
  async next(): Promise<Batch | undefined> {
    const { header: segment } = this;
    if (segment === undefined) return undefined;
    const room = Math.min(segment.segmentBytes, this.fileBytes) - this.#offset;
    if (room < batchBytesMin) return this.#none('there is no batch');
    const header = readBatchHeader(await this.#read(this.#offset, batchHeaderBytes), 0);
    if (header === undefined) return this.#none('the header of the batch is not valid');
    if (header.sequence !== this.#sequence || header.firstIndex !== this.#index) {
      return this.#none('the batch is not the one that belongs here');
    }
    const length = batchBytes(header);
    if (
      header.checkpointBytes > checkpointBytesMax ||
      header.entriesBytes > entriesBytesMax ||
      length > room
    ) {
      return this.#none('the batch is longer than it can be');
    }
    const bytes = await this.#read(this.#offset, length);
    const contentBytes = length - checksumBytes;
    const checksum = batchChecksum(Buffer.concat([this.#checksum, bytes.subarray(0, contentBytes)]));
    if (!checksum.equals(bytes.subarray(contentBytes)))
      return this.#none('the batch does not match its checksum');
    const entriesAt = batchHeaderBytes + header.checkpointBytes;
    const entries = splitEntries(bytes.subarray(entriesAt, contentBytes), header.count);
    if (entries === undefined) return this.#none('the records do not fill their batch');
    if (committedBetween(this.#committed, header.committed) > header.count)
      return this.#none('the batch counts more changes than it has records');
    const batch: Batch = {
      ...header,
      offset: this.#offset,
      checkpoint:
        header.checkpointBytes === 0 ? undefined : bytes.toString('utf8', batchHeaderBytes, entriesAt),
      entries,
    };
    this.#offset += length;
    this.#sequence += 1;
    this.#index += header.count;
    this.#committed = header.committed;
    this.#checksum = checksum;
    return batch;
  }

  /** What stands where `next` found no valid batch. Reads the rest of the segment. */
  async judgeEnd(): Promise<SegmentEnd> {
    const rest = Buffer.alloc(Math.max(0, this.fileBytes - this.#offset));
    await this.#file.read(rest, 0, rest.length, this.#offset);
    const expected = { sequence: this.#sequence, firstIndex: this.#index, previousChecksum: this.#checksum };
    return judgeEnd(rest, this.#offset, expected, this.#problem);
  }

  /** Whether the file holds nothing but zeros from `offset` on. */
  async isZeroFrom(offset: number): Promise<boolean> {
    const rest = Buffer.alloc(Math.max(0, this.fileBytes - offset));
    await this.#file.read(rest, 0, rest.length, offset);
    return isZero(rest);
  }

  /** Whether the file is `bytes` with some of them still zero, and zeros after them. */
  async isPartOf(bytes: Buffer): Promise<boolean> {
    const start = Buffer.alloc(bytes.length);
    await this.#file.read(start, 0, start.length, 0);
    return start.every((byte, i) => byte === 0 || byte === bytes[i]) && (await this.isZeroFrom(bytes.length));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #none(problem: string): undefined {
    this.#problem = problem;
    // More may be written here meanwhile; a later call looks again.
    this.#window = Buffer.alloc(0);
    return undefined;
  }

  async #read(offset: number, length: number): Promise<Buffer> {
    const at = offset - this.#windowOffset;
    if (at >= 0 && at + length <= this.#window.length) return this.#window.subarray(at, at + length);
    const window = Buffer.allocUnsafe(Math.min(2 * batchBytesMax, this.fileBytes - offset));
    const { bytesRead } = await this.#file.read(window, 0, window.length, offset);
    this.#window = window.subarray(0, bytesRead);
    this.#windowOffset = offset;
    return this.#window.subarray(0, length);
  }
}
