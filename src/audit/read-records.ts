/** Reads records by index, from whichever segments hold them. */
import { join } from 'node:path';
import { listSegments } from './log-scan.ts';
import { segmentName } from './segment.ts';
import { type Batch, SegmentReader } from './segment-reader.ts';

export interface LoggedRecord {
  readonly index: number;
  /** A copy: the caller's to keep. */
  readonly record: Buffer;
}

/**
 * The records `from` up to, not including, `to`; fewer when the log ends before. Each batch's checksum is
 * checked. At the end of the log `waitForMore` is asked whether to look again.
 */
export async function* readRecords(
  directory: string,
  from: number,
  to: number,
  waitForMore: () => Promise<boolean> = async () => false,
): AsyncGenerator<LoggedRecord> {
  if (from >= to) return;
  for await (const batch of readBatches(directory, from, waitForMore)) {
    for (const [i, entry] of batch.entries.entries()) {
      const index = batch.firstIndex + i;
      if (index >= to) return;
      if (index >= from) yield { index, record: Buffer.from(entry.subarray(1)) };
    }
    if (batch.firstIndex + batch.count >= to) return;
  }
}

/** How many records the log in a directory holds; undefined when there is none. */
export async function countRecords(directory: string): Promise<number | undefined> {
  let size: number | undefined;
  for await (const batch of readBatches(directory, Number.POSITIVE_INFINITY, async () => false)) {
    size = batch.firstIndex + batch.count;
  }
  if (size !== undefined) return size;
  const segments = await listSegments(directory);
  const reader = await openBegun(
    directory,
    segments.at(await segmentOf(directory, segments, Number.POSITIVE_INFINITY)) ?? 0,
  );
  await reader?.close();
  return reader?.index;
}

async function* readBatches(
  directory: string,
  from: number,
  waitForMore: () => Promise<boolean>,
): AsyncGenerator<Batch> {
  const segments = await listSegments(directory);
  let reader = await openBegun(directory, segments[await segmentOf(directory, segments, from)] ?? 0);
  try {
    while (reader?.header !== undefined) {
      for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) yield batch;
      const following = await openBegun(directory, reader.header.number + 1);
      if (following !== undefined) {
        // The last batches may have been written between the last look and the beginning of the next segment.
        for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) yield batch;
        await reader.close();
        reader = following;
      } else if (!(await waitForMore())) {
        return;
      }
    }
  } finally {
    await reader?.close();
  }
}

/** The segment of that number, unless there is none or it was only set aside. */
async function openBegun(directory: string, number: number): Promise<SegmentReader | undefined> {
  let reader: SegmentReader;
  try {
    reader = await SegmentReader.open(join(directory, segmentName(number)));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  if (reader.header !== undefined) return reader;
  await reader.close();
  return undefined;
}

/** Position in `segments` of the last one that begins at or before record `index`. */
async function segmentOf(directory: string, segments: readonly number[], index: number): Promise<number> {
  for (let position = segments.length - 1; position > 0; position -= 1) {
    const reader = await openBegun(directory, segments[position] ?? 0);
    await reader?.close();
    if (reader?.header !== undefined && reader.header.range.size <= index) return position;
  }
  return 0;
}
