/** `holdfast log tail`: prints the last records of an audit log, and those that follow. Needs no server. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { countRecords, type LoggedRecord, readRecords } from '../audit/read-records.ts';
import { CommandFailed } from './io.ts';

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

/** Rejects with `CommandFailed` where there is no log, or none that can be read. */
export async function logTail(options: LogTailOptions, output: Writable): Promise<void> {
  const { directory, count, follow, json, signal } = options;
  const waitForMore = async (): Promise<boolean> => {
    if (!follow || isAborted(signal)) return false;
    await delay(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    return !isAborted(signal);
  };
  const size = await reading(countRecords(directory));
  if (size === undefined) throw new CommandFailed(`there is no audit log in ${directory}`);
  const to = follow ? Number.POSITIVE_INFINITY : size;
  const records = readRecords(directory, Math.max(0, size - count), to, waitForMore);
  for (;;) {
    const { done, value: logged } = await reading(records.next());
    if (done) return;
    const line = json ? printable(logged.record.toString('utf8')) : summary(logged);
    if (isAborted(signal)) return;
    if (!output.write(`${line}\n`)) await once(output, 'drain', signal === undefined ? {} : { signal });
  }
}

const reading = <T>(read: Promise<T>): Promise<T> =>
  read.catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(
      `cannot read the audit log: ${reason}`,
      '`holdfast log verify` says what is wrong with it and where.',
    );
  });

/** Asked anew each time: it changes while we wait. */
const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

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

/** A record may hold what a stranger sent: nothing of it may steer the terminal. Valid JSON stays valid. */
const printable = (line: string): string => line.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escaped);

const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');
