/**
 * The bytes of a log segment (docs/formats/audit-log.md): a header, then batches one after another,
 * then zeros up to the size that was set aside. Each checksum covers the one before it, which lies
 * right in front of what it covers, so a batch is hashed as it stands in the file.
 */
import { crc32 } from 'node:zlib';
import { sha256 } from '../crypto/hash.ts';
import { CompactRange, compactRangeLength, hashBytes } from '../tlog/merkle.ts';

export const checksumBytes = 32;
export const genesisChecksum: Uint8Array = new Uint8Array(checksumBytes);

/** One record; CloudTrail's own limit for an event is the same 256 KiB. */
export const recordBytesMax = 256 * 1024;
/** Records of one batch with their prefixes. */
export const entriesBytesMax = 384 * 1024;
export const checkpointBytesMax = 4096;
export const segmentHeaderBytesMax = 4096;
export const originBytesMax = 512;

/** The first segment is small, so that a new log is ready at once; each later one is twice as large, up to the last. */
export const firstSegmentBytes = 1024 * 1024;
export const segmentBytesMin = 4096;
export const segmentBytesMax = 16 * 1024 * 1024;
export const nextSegmentBytes = (bytes: number): number => Math.min(segmentBytesMax, 2 * bytes);

export const segmentName = (number: number): string => `segment-${String(number).padStart(8, '0')}.log`;

/** The number in a segment's name; undefined for any other name. */
export function segmentNumber(name: string): number | undefined {
  const number = Number(/^segment-([0-9]{8})\.log$/.exec(name)?.[1]);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

export interface SegmentHeader {
  /** From 1. */
  readonly number: number;
  /** What was set aside for the whole segment: its file has exactly this length. */
  readonly segmentBytes: number;
  readonly origin: string;
  /** The tree before the segment's first record: with it a reader can start here. */
  readonly range: CompactRange;
  /** Of the segment's first batch. */
  readonly firstSequence: number;
  /** Of the last batch of the segment before; zeros for the first segment. */
  readonly previousChecksum: Uint8Array;
  /** As the last batch before says. */
  readonly committed: number;
}

const magic = Buffer.from('HOLDFAST');
const formatVersion = 1;
const fixedHeaderBytes = 80;

/** The header with its checksum, which is the previous one of the first batch. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const origin = Buffer.from(header.origin);
  if (origin.length > originBytesMax) throw new RangeError(`an origin has at most ${originBytesMax} bytes`);
  const length = fixedHeaderBytes + origin.length + header.range.hashes.length * hashBytes + checksumBytes;
  const bytes = Buffer.alloc(length);
  magic.copy(bytes);
  bytes.writeUInt32BE(formatVersion, 8);
  bytes.writeUInt32BE(length, 12);
  bytes.writeUInt32BE(header.number, 16);
  bytes.writeUInt32BE(header.segmentBytes, 20);
  bytes.writeBigUInt64BE(BigInt(header.range.size), 24);
  bytes.writeBigUInt64BE(BigInt(header.firstSequence), 32);
  bytes.set(header.previousChecksum, 40);
  bytes.writeUInt16BE(origin.length, 72);
  bytes.writeUInt16BE(header.range.hashes.length, 74);
  bytes.writeUInt32BE(header.committed, 76);
  bytes.set(origin, fixedHeaderBytes);
  for (const [i, hash] of header.range.hashes.entries()) {
    bytes.set(hash, fixedHeaderBytes + origin.length + i * hashBytes);
  }
  bytes.set(sha256(bytes.subarray(0, length - checksumBytes)), length - checksumBytes);
  return bytes;
}

/** The header at the start of `bytes` and its length, or what is wrong with it. */
export function decodeSegmentHeader(
  bytes: Buffer,
):
  | { readonly header: SegmentHeader; readonly length: number; readonly checksum: Buffer }
  | { readonly problem: string } {
  if (bytes.length < fixedHeaderBytes || !magic.equals(bytes.subarray(0, 8)))
    return { problem: 'no segment header' };
  const version = bytes.readUInt32BE(8);
  if (version !== formatVersion) return { problem: `format version ${version} is not known` };
  const length = bytes.readUInt32BE(12);
  const originBytes = bytes.readUInt16BE(72);
  const hashes = bytes.readUInt16BE(74);
  const size = Number(bytes.readBigUInt64BE(24));
  const wellFormed =
    length === fixedHeaderBytes + originBytes + hashes * hashBytes + checksumBytes &&
    length <= Math.min(segmentHeaderBytesMax, bytes.length);
  if (!wellFormed) return { problem: 'the segment header is malformed' };
  const checksum = bytes.subarray(length - checksumBytes, length);
  if (!sha256(bytes.subarray(0, length - checksumBytes)).equals(checksum)) {
    return { problem: 'the segment header does not match its checksum' };
  }
  if (!Number.isSafeInteger(size) || compactRangeLength(size) !== hashes) {
    return { problem: 'the segment header names a tree that cannot be' };
  }
  const hashesAt = fixedHeaderBytes + originBytes;
  const header: SegmentHeader = {
    number: bytes.readUInt32BE(16),
    segmentBytes: bytes.readUInt32BE(20),
    origin: bytes.toString('utf8', fixedHeaderBytes, hashesAt),
    range: new CompactRange(
      size,
      Array.from({ length: hashes }, (_, i) =>
        bytes.subarray(hashesAt + i * hashBytes, hashesAt + (i + 1) * hashBytes),
      ),
    ),
    firstSequence: Number(bytes.readBigUInt64BE(32)),
    previousChecksum: Uint8Array.from(bytes.subarray(40, 72)),
    committed: bytes.readUInt32BE(76),
  };
  return { header, length, checksum: Buffer.from(checksum) };
}

export interface BatchHeader {
  /** From 0, without gaps through all segments. */
  readonly sequence: number;
  /** Index of the batch's first record; a checkpoint in the batch is of the tree of this size. */
  readonly firstIndex: number;
  readonly count: number;
  readonly checkpointBytes: number;
  readonly entriesBytes: number;
  /**
   * How many of all records up to the end of this batch were committed with a change of the database, modulo
   * 2^32. The database counts them too: of two stores that do not belong together, one has too few.
   */
  readonly committed: number;
}

/** The sum of two such counts. */
export const committedAfter = (committed: number, added: number): number => (committed + added) >>> 0;
/** How many were added between two such counts; a small number, unless `after` is the earlier one. */
export const committedBetween = (before: number, after: number): number => (after - before) >>> 0;

export const batchHeaderBytes = 40;
/** `u32 length || 0x00`: the 0x00 is the leaf prefix of RFC 6962, so prefix and record are hashed as they lie. */
export const entryPrefixBytes = 5;
export const batchBytesMin = batchHeaderBytes + checksumBytes;
export const batchBytesMax = batchBytesMin + checkpointBytesMax + entriesBytesMax;

export const batchBytes = (header: Pick<BatchHeader, 'checkpointBytes' | 'entriesBytes'>): number =>
  batchBytesMin + header.checkpointBytes + header.entriesBytes;

/** A control character first: no record in JSON contains these bytes. */
export const batchMagic = Buffer.from('\u001eHFB');

export function writeBatchHeader(bytes: Buffer, at: number, header: BatchHeader): void {
  batchMagic.copy(bytes, at);
  bytes.writeBigUInt64BE(BigInt(header.sequence), at + 8);
  bytes.writeBigUInt64BE(BigInt(header.firstIndex), at + 16);
  bytes.writeUInt32BE(header.count, at + 24);
  bytes.writeUInt32BE(header.checkpointBytes, at + 28);
  bytes.writeUInt32BE(header.entriesBytes, at + 32);
  bytes.writeUInt32BE(header.committed, at + 36);
  bytes.writeUInt32BE(crc32(bytes.subarray(at + 8, at + batchHeaderBytes)), at + 4);
}

/** The header that stands at `at`, or undefined when none does or its CRC is wrong. */
export function readBatchHeader(bytes: Buffer, at: number): BatchHeader | undefined {
  if (bytes.length < at + batchHeaderBytes) return undefined;
  if (batchMagic.compare(bytes, at, at + 4) !== 0) return undefined;
  if (crc32(bytes.subarray(at + 8, at + batchHeaderBytes)) !== bytes.readUInt32BE(at + 4)) return undefined;
  return {
    sequence: Number(bytes.readBigUInt64BE(at + 8)),
    firstIndex: Number(bytes.readBigUInt64BE(at + 16)),
    count: bytes.readUInt32BE(at + 24),
    checkpointBytes: bytes.readUInt32BE(at + 28),
    entriesBytes: bytes.readUInt32BE(at + 32),
    committed: bytes.readUInt32BE(at + 36),
  };
}

/** `chained` is the previous checksum, the batch's header, checkpoint and entries, as they lie in the file. */
export const batchChecksum = (chained: Uint8Array): Buffer => sha256(chained);

/**
 * The entries of a batch as views: the 0x00 prefix and the record. Undefined when they do not fill
 * `bytes` exactly with `count` entries.
 */
export function splitEntries(bytes: Buffer, count: number): Buffer[] | undefined {
  const entries: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + entryPrefixBytes > bytes.length || entries.length === count) return undefined;
    const length = bytes.readUInt32BE(at);
    const end = at + entryPrefixBytes + length;
    if (length > recordBytesMax || end > bytes.length || bytes[at + 4] !== 0) return undefined;
    entries.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return entries.length === count ? entries : undefined;
}
