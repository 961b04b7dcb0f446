/**
 * Tells a batch that a crash left half written from one that was altered. A segment is zeros before it
 * is written, and a disk writes whole sectors: what a crash leaves of the last batch is the batch with
 * some sectors, or its end, still zero, and nothing but zeros after it. Anything else was done to the log.
 */
import {
  batchBytes,
  batchBytesMax,
  batchChecksum,
  batchHeaderBytes,
  batchMagic,
  checksumBytes,
  readBatchHeader,
} from './segment.ts';

const sectorBytes = 512;

export type SegmentEnd =
  | { readonly kind: 'clean' }
  /** `bytes` from the place of the batch on are not all zero, and are to be made so. */
  | { readonly kind: 'torn'; readonly bytes: number }
  | { readonly kind: 'damaged'; readonly what: string };

export interface Expected {
  readonly sequence: number;
  readonly firstIndex: number;
  readonly previousChecksum: Uint8Array;
}

/**
 * What `rest`, the segment from file offset `offset` to its end, holds where no valid batch stands.
 * `problem` says why the batch there is not valid.
 */
export function judgeEnd(rest: Buffer, offset: number, expected: Expected, problem: string): SegmentEnd {
  const used = lengthWithoutZeros(rest);
  if (used === 0) return { kind: 'clean' };
  const header = readBatchHeader(rest, 0);
  if (
    header !== undefined &&
    (header.sequence !== expected.sequence || header.firstIndex !== expected.firstIndex)
  ) {
    return {
      kind: 'damaged',
      what: `batch ${header.sequence} of record ${header.firstIndex} stands where batch ${expected.sequence} of record ${expected.firstIndex} belongs`,
    };
  }
  const later = laterBatch(rest.subarray(0, used));
  if (later !== undefined) {
    return { kind: 'damaged', what: `${problem}, and batch ${later} follows it` };
  }
  const extent = header === undefined ? batchBytesMax : batchBytes(header);
  if (used > extent) return { kind: 'damaged', what: `${problem}, and there is something after it` };
  return isTorn(
    rest.subarray(0, used),
    offset,
    header === undefined ? undefined : extent,
    expected.previousChecksum,
  )
    ? { kind: 'torn', bytes: used }
    : { kind: 'damaged', what: `${problem}, although it was written to its end` };
}

/** `used` ends with the last byte that is not zero; `extent` is the batch's length where that is known. */
function isTorn(
  used: Buffer,
  offset: number,
  extent: number | undefined,
  previousChecksum: Uint8Array,
): boolean {
  // Some sector before the last one that was reached still holds its zeros.
  const firstSectorEnd = sectorBytes - (offset % sectorBytes);
  for (let start = 0, end = firstSectorEnd; end <= used.length; start = end, end += sectorBytes) {
    if (isZero(used.subarray(start, end))) return true;
  }
  // Only a part of the header was reached: no whole batch is so short.
  if (extent === undefined) return used.length <= batchHeaderBytes;
  // The end was not reached. A whole batch can end with a few zeros only where its checksum does,
  // and then what precedes them is that of the batch.
  const missing = extent - used.length;
  if (missing === 0) return false;
  if (missing >= checksumBytes) return true;
  const content = used.subarray(0, extent - checksumBytes);
  const reached = used.subarray(extent - checksumBytes);
  return batchChecksum(Buffer.concat([previousChecksum, content]))
    .subarray(0, reached.length)
    .equals(reached);
}

/** The sequence number of a batch header after the start of `bytes`. */
function laterBatch(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(batchMagic, 1); at >= 0; at = bytes.indexOf(batchMagic, at + 1)) {
    const header = readBatchHeader(bytes, at);
    if (header !== undefined) return header.sequence;
  }
  return undefined;
}

const zeros = Buffer.alloc(64 * 1024);

export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const end = Math.min(bytes.length, at + zeros.length);
    if (bytes.compare(zeros, 0, end - at, at, end) !== 0) return false;
  }
  return true;
}

/** The length of `bytes` without the zeros at its end. */
function lengthWithoutZeros(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0) {
    const start = Math.max(0, end - zeros.length);
    if (isZero(bytes.subarray(start, end))) end = start;
    else break;
  }
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}
