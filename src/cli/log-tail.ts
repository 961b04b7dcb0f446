/** `holdfast log tail`: prints the last records of an audit log, and those that follow. Needs no server. */
import { once } from 'node:events';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { listSegments } from '../audit/log-scan.ts';
import { type LoggedRecord, readRecords } from '../audit/read-records.ts';
import { segmentName } from '../audit/segment.ts';
import { SegmentReader } from '../audit/segment-reader.ts';

export interface LogTailOptions {
  readonly directory: string;
  /** How many of the last records to print first. */
  readonly count: number;
  /** Go on with what is appended, until `signal`. */
  readonly follow: boolean;
  /** The records themselves, one a line, in place of a summary. */
  readonly json: boolean;
  readonly signal?: AbortSignal;
}

const pollMs = 200;

export async function logTail(options: LogTailOptions, output: Writable): Promise<number> {
  const { directory, count, follow, json, signal } = options;
  let next: number;
  try {
    const size = await logSize(directory);
    if (size === undefined) {
      output.write(`there is no audit log in ${directory}\n`);
      return 2;
    }
    next = Math.max(0, size - count);
    next = await print(directory, next, size, json, output);
    while (follow && signal?.aborted !== true) {
      await delay(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
      next = await print(directory, next, (await logSize(directory)) ?? next, json, output);
    }
    return 0;
  } catch (error) {
    output.write(`cannot read the audit log: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

/** How many records there are; undefined when there is no log. */
async function logSize(directory: string): Promise<number | undefined> {
  for (const number of (await listSegments(directory)).toReversed()) {
    const reader = await SegmentReader.open(join(directory, segmentName(number)));
    try {
      // Set aside, not begun.
      if (reader.header === undefined) continue;
      while ((await reader.next()) !== undefined);
      return reader.index;
    } finally {
      await reader.close();
    }
  }
  return undefined;
}

async function print(
  directory: string,
  from: number,
  to: number,
  json: boolean,
  output: Writable,
): Promise<number> {
  let next = from;
  for await (const logged of readRecords(directory, from, to)) {
    next = logged.index + 1;
    if (!output.write(`${json ? printable(logged.record.toString('utf8')) : summary(logged)}\n`))
      await once(output, 'drain');
  }
  return next;
}

/** `INDEX TIME EVENT WHO -> RESULT RESOURCES` */
function summary({ index, record }: LoggedRecord): string {
  let event: unknown;
  try {
    event = JSON.parse(record.toString('utf8'));
  } catch {
    return `${index} (${record.length} bytes that are not JSON)`;
  }
  const { eventTime, eventName, userIdentity, sourceIPAddress, errorCode, resources } = fields(event);
  const who = fields(userIdentity);
  const keys = Array.isArray(resources) ? resources.map((resource) => text(fields(resource).ARN)) : [];
  return printable(
    [
      String(index),
      text(eventTime),
      text(eventName),
      text(who.arn ?? who.invokedBy ?? who.principalId ?? sourceIPAddress),
      '->',
      text(errorCode ?? 'ok'),
      ...keys,
    ].join(' '),
  );
}

const fields = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const text = (value: unknown): string => (typeof value === 'string' ? value : '-');

/** A record may hold what a stranger sent: nothing of it may steer the terminal. */
const printable = (line: string): string =>
  line.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
