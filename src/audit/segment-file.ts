/** Segments as files: set aside full of zeros, begun with a header, and mended after a crash. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DurableFile,
  type Faults,
  listDirectory,
  type OpenOptions,
  removeIfPresent,
  renameFile,
} from '../base/durable-file.ts';
import { checksumBytes, encodeSegmentHeader, type SegmentHeader, segmentName } from './segment.ts';

export interface OpenSegment {
  readonly number: number;
  /** What was set aside. */
  readonly bytes: number;
  readonly file: DurableFile;
  /** Where the next batch goes. */
  offset: number;
}

const chunkBytes = 1024 * 1024;

/**
 * Sets a segment aside: a file of zeros, really written, so that later writes into it change no metadata
 * and a flush is no more than its data. It has its name only once it is whole.
 */
export async function prepareSegment(
  directory: string,
  number: number,
  bytes: number,
  faults: Faults | undefined,
): Promise<void> {
  const path = join(directory, segmentName(number));
  await removeIfPresent(`${path}.new`, faults);
  const file = await DurableFile.open(`${path}.new`, { create: true, faults });
  try {
    const zeros = Buffer.alloc(Math.min(chunkBytes, bytes));
    for (let offset = 0; offset < bytes; offset += zeros.length) {
      await file.write(zeros.subarray(0, Math.min(zeros.length, bytes - offset)), offset);
      // Bit by bit: one large flush would hold up the flushes of the segment in use.
      await file.flush();
    }
  } finally {
    await file.close();
  }
  // A crash before this leaves a leftover that the next start removes; after it, a segment not yet begun.
  await renameFile(`${path}.new`, path, faults);
}

/** Removes what a crash left of segments that were being set aside. */
export async function removeUnfinishedSegments(directory: string, faults: Faults | undefined): Promise<void> {
  for (const name of await listDirectory(directory)) {
    if (/^segment-[0-9]{8}\.log\.new$/.test(name)) await removeIfPresent(join(directory, name), faults);
  }
}

/** Writes the header into a segment that was set aside. Nothing may follow it before this has resolved. */
export async function beginSegment(
  directory: string,
  header: Omit<SegmentHeader, 'segmentBytes'>,
  options: OpenOptions,
): Promise<{ readonly segment: OpenSegment; readonly checksum: Buffer }> {
  const segment = await reopenSegment(directory, header.number, 0, options);
  try {
    const bytes = encodeSegmentHeader({ ...header, segmentBytes: segment.bytes });
    // A crash while this is written leaves a part of it and nothing behind: the next start zeroes it.
    await segment.file.write(bytes, 0);
    await segment.file.flush();
    segment.offset = bytes.length;
    return { segment, checksum: bytes.subarray(bytes.length - checksumBytes) };
  } catch (error) {
    await segment.file.close();
    throw error;
  }
}

export async function reopenSegment(
  directory: string,
  number: number,
  offset: number,
  options: OpenOptions,
): Promise<OpenSegment> {
  const path = join(directory, segmentName(number));
  const { size } = await stat(path);
  return { number, bytes: size, file: await DurableFile.open(path, options), offset };
}

/** Makes `bytes` from `offset` on zeros again, durably. */
export async function zeroTorn(
  directory: string,
  torn: { readonly segment: number; readonly offset: number; readonly bytes: number },
  faults: Faults | undefined,
): Promise<void> {
  const file = await DurableFile.open(join(directory, segmentName(torn.segment)), { faults });
  try {
    await file.write(Buffer.alloc(torn.bytes), torn.offset);
    await file.flush();
  } finally {
    await file.close();
  }
}
