/**
 * Walks through a log's segments and says what does not hold: every checksum and number, the Merkle tree
 * at every signed checkpoint, and that nothing is missing. Opening a log and verifying one offline are
 * this same walk, from the last checkpoint or from the beginning. Never writes.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listDirectory, readIfPresent } from '../base/durable-file.ts';
import { type Checkpoint, openCheckpoint } from '../tlog/checkpoint.ts';
import { CompactRange, hashPrefixedLeaf } from '../tlog/merkle.ts';
import { InvalidNote, type NoteVerifier } from '../tlog/note.ts';
import {
  checkpointBytesMax,
  encodeSegmentHeader,
  genesisChecksum,
  segmentBytesMin,
  segmentName,
  segmentNumber,
} from './segment.ts';
import { type Batch, SegmentReader } from './segment-reader.ts';
import type { SegmentEnd } from './tear.ts';

/** Beside the segments: the newest signed checkpoint. */
export const checkpointName = 'checkpoint';

/** What does not hold, and where. */
export interface Finding {
  readonly segment?: string;
  /** Byte offset in the segment. */
  readonly offset?: number;
  /** Sequence number of the batch. */
  readonly batch?: number;
  /** Index of the first record concerned. */
  readonly leafIndex?: number;
  readonly what: string;
}

/** `segment-00000002.log, offset 4711, batch 12, record 345: the batch does not match its checksum` */
export function findingText({ segment, offset, batch, leafIndex, what }: Finding): string {
  const where = [
    segment,
    offset === undefined ? undefined : `offset ${offset}`,
    batch === undefined ? undefined : `batch ${batch}`,
    leafIndex === undefined ? undefined : `record ${leafIndex}`,
  ].filter((part) => part !== undefined);
  return where.length === 0 ? what : `${where.join(', ')}: ${what}`;
}

export interface NamedCheckpoint extends Checkpoint {
  /** Where it was found. */
  readonly source: string;
}

/** Where the next batch goes. */
export interface LogEnd {
  /** Number of the segment; undefined when no segment is begun. */
  readonly segment: number | undefined;
  readonly offset: number;
  readonly sequence: number;
  readonly checksum: Uint8Array;
  readonly range: CompactRange;
  /** As the last batch says. */
  readonly committed: number;
}

export interface LogScan {
  readonly findings: readonly Finding[];
  readonly end: LogEnd;
  /** The last batch, or a segment's header, that a crash left half written: never acknowledged, to be zeroed. */
  readonly torn: { readonly segment: number; readonly offset: number; readonly bytes: number } | undefined;
  /** The segment that is set aside for when the last one is full. */
  readonly prepared: number | undefined;
  readonly batches: number;
  /** Checkpoints within the log whose signature and root are right. */
  readonly checkpoints: number;
  /** Size of the largest checkpoint that the log was found to agree with. */
  readonly signedSize: number;
}

export interface LogScanOptions {
  readonly directory: string;
  readonly origin: string;
  readonly verifiers: readonly NoteVerifier[];
  /** Checkpoints from outside the segments, which the log must agree with. */
  readonly checkpoints: readonly NamedCheckpoint[];
  /** Start at the segment that contains the record of this index; what is before it is taken from its header. */
  readonly fromIndex?: number;
}

/** The numbers of the segments in a directory, in order. */
export async function listSegments(directory: string): Promise<number[]> {
  return (await listDirectory(directory)).map(segmentNumber).filter((number) => number !== undefined);
}

/** The text of the checkpoint file, if there is one. */
export async function readCheckpointFile(directory: string): Promise<string | undefined> {
  return (await readIfPresent(join(directory, checkpointName), checkpointBytesMax))?.toString('utf8');
}

export async function scanLog(options: LogScanOptions): Promise<LogScan> {
  return new Scan(options).run();
}

class Scan {
  readonly #options: LogScanOptions;
  readonly #findings: Finding[] = [];
  readonly #pending: NamedCheckpoint[];
  #range = new CompactRange();
  #sequence = 0;
  #checksum: Uint8Array = genesisChecksum;
  #committed = 0;
  /** False after damage: what the next header says is then taken as it is. */
  #stateKnown = true;
  #segment: number | undefined;
  #offset = 0;
  /** The last segment, when it is neither all zeros nor begun with a valid header. */
  #headerless: number | undefined;
  #torn: LogScan['torn'];
  #batches = 0;
  #checkpoints = 0;
  #signedSize = 0;

  constructor(options: LogScanOptions) {
    this.#options = options;
    this.#pending = options.checkpoints.toSorted((a, b) => a.size - b.size);
  }

  async run(): Promise<LogScan> {
    const segments = await listSegments(this.#options.directory);
    for (const [i, number] of segments.entries()) {
      if (number !== i + 1) {
        this.#findings.push({ segment: segmentName(i + 1), what: 'the segment is missing' });
        return this.#result(undefined);
      }
    }
    await this.#checkLengths(segments);
    const begun = await this.#lastBegun(segments);
    const prepared = segments.find((number) => number > begun);
    for (const number of segments) {
      if (number > begun + 1)
        this.#findings.push({
          segment: segmentName(number),
          what: 'the segment was never begun, nor was the one before it',
        });
    }
    const start = await this.#startSegment(begun);
    for (let number = start; number <= begun; number += 1) {
      await this.#scanSegment(number, number === start && start > 1, number === begun);
    }
    if (this.#headerless !== undefined) await this.#judgeHeader(this.#headerless);
    this.#compareCheckpoints();
    for (const checkpoint of this.#pending) {
      this.#findings.push({
        ...(this.#segment === undefined ? {} : { segment: segmentName(this.#segment), offset: this.#offset }),
        leafIndex: this.#range.size,
        what: `the log ends after ${this.#range.size} records, but ${checkpoint.source} says that it had ${checkpoint.size}`,
      });
    }
    return this.#result(prepared);
  }

  /** A segment has its name only once it is whole, and is never smaller than the one before. */
  async #checkLengths(segments: readonly number[]): Promise<void> {
    let least = segmentBytesMin;
    for (const number of segments) {
      const { size } = await stat(join(this.#options.directory, segmentName(number)));
      if (size < least) {
        const what = `the segment has ${size} bytes, less than can have been set aside`;
        this.#findings.push({ segment: segmentName(number), what });
      }
      least = Math.max(least, size);
    }
  }

  /** The last segment with a header. What follows it is set aside, or was about to be begun. */
  async #lastBegun(segments: readonly number[]): Promise<number> {
    for (const number of segments.toReversed()) {
      const reader = await this.#open(number);
      try {
        if (reader.isUnused && (await reader.isZeroFrom(0))) continue;
        // Its header may have been about to be written: judged once it is known what it was to be.
        if (reader.header === undefined && number === segments.length) {
          this.#headerless = number;
          continue;
        }
        return number;
      } finally {
        await reader.close();
      }
    }
    return 0;
  }

  async #startSegment(begun: number): Promise<number> {
    const { fromIndex } = this.#options;
    if (fromIndex === undefined) return 1;
    for (let number = begun; number > 1; number -= 1) {
      const reader = await this.#open(number);
      await reader.close();
      if (reader.header === undefined || reader.header.range.size <= fromIndex) return number;
    }
    return 1;
  }

  async #scanSegment(number: number, isStart: boolean, isLast: boolean): Promise<void> {
    const segment = segmentName(number);
    const reader = await this.#open(number);
    try {
      const { header } = reader;
      if (header === undefined) {
        this.#damage({
          segment,
          offset: 0,
          leafIndex: this.#range.size,
          what: reader.headerProblem ?? 'no segment header',
        });
        return;
      }
      this.#segment = number;
      if (isStart) this.#stateKnown = false;
      this.#checkHeader(segment, number, reader);
      this.#stateKnown = true;
      this.#range = new CompactRange(header.range.size, header.range.hashes);
      this.#compareCheckpoints();
      const end = await this.#takeAll(segment, reader);
      this.#offset = reader.offset;
      this.#sequence = reader.sequence;
      this.#checksum = reader.checksum;
      this.#committed = reader.committed;
      if (end.kind === 'torn' && isLast) {
        this.#torn = { segment: number, offset: reader.offset, bytes: end.bytes };
      } else if (end.kind !== 'clean') {
        this.#damage({
          segment,
          offset: reader.offset,
          batch: reader.sequence,
          leafIndex: reader.index,
          what:
            end.kind === 'damaged'
              ? end.what
              : 'the batch is incomplete, but the log goes on in another segment',
        });
      }
    } finally {
      await reader.close();
    }
  }

  /** All valid batches, and what stands behind them. */
  async #takeAll(segment: string, reader: SegmentReader): Promise<SegmentEnd> {
    for (;;) {
      let batch = await reader.next();
      if (batch === undefined) {
        const end = await reader.judgeEnd();
        // Of a log in use, more may have been written between the two looks.
        batch = end.kind === 'clean' ? undefined : await reader.next();
        if (batch === undefined) return end;
      }
      this.#take(segment, batch);
    }
  }

  /**
   * A crash while a segment's header was written leaves a part of it, the rest zeros and nothing behind it. What
   * it was to be is known from the segment before, so anything else is damage.
   */
  async #judgeHeader(number: number): Promise<void> {
    const segment = segmentName(number);
    const reader = await this.#open(number);
    try {
      // Begun meanwhile, by the server that has the log open.
      if (reader.header !== undefined) return await this.#scanSegment(number, false, true);
      const intended = encodeSegmentHeader({
        number,
        segmentBytes: reader.fileBytes,
        origin: this.#options.origin,
        range: this.#range,
        firstSequence: this.#sequence,
        previousChecksum: this.#checksum,
        committed: this.#committed,
      });
      if (this.#stateKnown && (await reader.isPartOf(intended))) {
        this.#torn = { segment: number, offset: 0, bytes: intended.length };
      } else {
        const what = reader.headerProblem ?? 'no segment header';
        this.#damage({ segment, offset: 0, leafIndex: this.#range.size, what });
      }
    } finally {
      await reader.close();
    }
  }

  #checkHeader(segment: string, number: number, { header, fileBytes }: SegmentReader): void {
    if (header === undefined) return;
    const wrong = (what: string): void => {
      this.#findings.push({ segment, offset: 0, leafIndex: header.range.size, what });
    };
    if (header.origin !== this.#options.origin)
      wrong(`the segment is of log \`${header.origin}\`, not of \`${this.#options.origin}\``);
    if (header.number !== number) wrong(`the segment is number ${header.number}`);
    if (fileBytes !== header.segmentBytes)
      wrong(`the segment has ${fileBytes} bytes, but ${header.segmentBytes} were set aside for it`);
    if (!this.#stateKnown) return;
    if (header.range.size !== this.#range.size)
      wrong(
        `the segment begins with record ${header.range.size}, but record ${this.#range.size} is the next one`,
      );
    else if (!header.range.equals(this.#range))
      wrong('the segment begins with another Merkle tree than the records before it make');
    if (header.firstSequence !== this.#sequence)
      wrong(
        `the segment begins with batch ${header.firstSequence}, but batch ${this.#sequence} is the next one`,
      );
    if (Buffer.compare(header.previousChecksum, this.#checksum) !== 0 || header.committed !== this.#committed)
      wrong('the segment does not follow the last batch before it');
  }

  #take(segment: string, batch: Batch): void {
    const where = { segment, offset: batch.offset, batch: batch.sequence, leafIndex: batch.firstIndex };
    this.#batches += 1;
    if (batch.checkpoint !== undefined) this.#checkOwnCheckpoint(where, batch.checkpoint);
    for (const entry of batch.entries) {
      this.#range.append(hashPrefixedLeaf(entry));
      this.#compareCheckpoints();
    }
  }

  #checkOwnCheckpoint(where: Finding | Omit<Finding, 'what'>, note: string): void {
    const { origin, verifiers } = this.#options;
    try {
      const checkpoint = openCheckpoint(note, origin, verifiers);
      if (checkpoint.size !== this.#range.size || Buffer.compare(checkpoint.root, this.#range.root()) !== 0) {
        this.#findings.push({
          ...where,
          what: `the signed checkpoint of ${checkpoint.size} records does not match the ${this.#range.size} records before it`,
        });
        return;
      }
      this.#checkpoints += 1;
      this.#signedSize = checkpoint.size;
    } catch (error) {
      if (!(error instanceof InvalidNote)) throw error;
      this.#findings.push({ ...where, what: `the checkpoint in the batch is not valid: ${error.message}` });
    }
  }

  /** Compares the outside checkpoints of the size reached. Those of a smaller size, left out at the start, cannot be. */
  #compareCheckpoints(): void {
    for (
      let [next] = this.#pending;
      next !== undefined && next.size <= this.#range.size;
      [next] = this.#pending
    ) {
      this.#pending.shift();
      if (next.size < this.#range.size) {
        this.#findings.push({
          what: `${next.source} of ${next.size} records cannot be compared: records around it are damaged`,
        });
      } else if (Buffer.compare(next.root, this.#range.root()) !== 0) {
        this.#findings.push({
          ...(this.#segment === undefined ? {} : { segment: segmentName(this.#segment) }),
          leafIndex: next.size,
          what: `the first ${next.size} records do not make the Merkle tree that ${next.source} was signed for`,
        });
      } else {
        this.#signedSize = Math.max(this.#signedSize, next.size);
      }
    }
  }

  #damage(finding: Finding): void {
    this.#findings.push(finding);
    this.#stateKnown = false;
  }

  #open(number: number): Promise<SegmentReader> {
    return SegmentReader.open(join(this.#options.directory, segmentName(number)));
  }

  #result(prepared: number | undefined): LogScan {
    return {
      findings: this.#findings,
      end: {
        segment: this.#segment,
        offset: this.#offset,
        sequence: this.#sequence,
        checksum: this.#checksum,
        range: this.#range,
        committed: this.#committed,
      },
      torn: this.#torn,
      prepared,
      batches: this.#batches,
      checkpoints: this.#checkpoints,
      signedSize: this.#signedSize,
    };
  }
}
