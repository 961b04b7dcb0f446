/**
 * The database and the log at start: whether they belong together, and what the log did not get of what the
 * database committed. Each counts the events that came with changes (`AuditLog.append`, the outbox), so a
 * store that was put back from an older copy has too few of them.
 */
import type { MetaRow, OutboxRow, Storage, StoredState, Write } from '../storage/interface.ts';
import type { AuditLog } from './audit-log.ts';
import { type LogEnd, listSegments, readCheckpointFile } from './log-scan.ts';
import { readRecords } from './read-records.ts';
import { committedAfter, committedBetween } from './segment.ts';

/** One store is older than the other, of another installation, or gone. Nothing was changed. */
export class StoresDisagree extends Error {
  constructor(directory: string, what: string) {
    super(
      `the database and the audit log \`${directory}\` do not belong together: ${what}. Nothing was changed: put back both from one copy of the data directory`,
    );
    this.name = 'StoresDisagree';
  }
}

const logSizeRowName = 'log-size';

/** How many records the log holds, for the database to know: at least so many must be there at the next start. */
export function noteLogSize(size: number): Write {
  const value = Buffer.alloc(8);
  value.writeBigUInt64BE(BigInt(size));
  return { do: 'putMeta', row: { name: logSizeRowName, value } };
}

/** As last noted; undefined when the log was never open. Throws when the row does not read. */
export function notedLogSize(meta: readonly MetaRow[]): number | undefined {
  const row = meta.find(({ name }) => name === logSizeRowName);
  if (row === undefined) return undefined;
  const size = Number(Buffer.from(row.value).readBigUInt64BE());
  if (!Number.isSafeInteger(size)) throw new Error('the stored size of the log does not read');
  return size;
}

/** Throws `StoresDisagree` when there is a log in `directory`: for a database that has not begun. */
export async function requireNoLog(directory: string): Promise<void> {
  const begun =
    (await listSegments(directory)).length > 0 || (await readCheckpointFile(directory)) !== undefined;
  if (begun) throw new StoresDisagree(directory, 'there is a log, and the database is gone or empty');
}

/** Throws `StoresDisagree` unless the log in `directory`, which ends at `end`, is the one of this database. */
export async function requireSameHistory(
  directory: string,
  end: Pick<LogEnd, 'segment' | 'range' | 'committed'>,
  { meta, outbox, eventsCommitted }: Pick<StoredState, 'meta' | 'outbox' | 'eventsCommitted'>,
): Promise<void> {
  const noted = notedLogSize(meta);
  if (noted !== undefined && end.segment === undefined) {
    throw new StoresDisagree(
      directory,
      `the log is gone, and the database says that it had ${noted} records`,
    );
  }
  const { size } = end.range;
  const known = outbox.reduce((most, { logSizeBefore }) => Math.max(most, logSizeBefore), noted ?? 0);
  if (size < known) {
    throw new StoresDisagree(
      directory,
      `the log ends after ${size} records, and the database says that it had ${known}: the log is the older one`,
    );
  }
  const unlogged = await unloggedEvents(directory, outbox);
  const missing = committedBetween(
    committedAfter(end.committed, unlogged.length),
    committedAfter(eventsCommitted, 0),
  );
  if (missing === 0) return;
  // Counts modulo 2^32: what is the larger one is meant by the smaller distance.
  throw new StoresDisagree(
    directory,
    missing < 2 ** 31
      ? `the log lacks ${missing} events of changes that the database made: the log is the older one`
      : `the log has ${2 ** 32 - missing} events of changes that the database does not have: the database is the older one`,
  );
}

/** Appends what an earlier run committed but did not get to log. Call before anything is served. */
export async function recoverOutbox(
  storage: Storage,
  log: AuditLog,
  outbox: readonly OutboxRow[],
): Promise<number> {
  const unlogged = await unloggedEvents(log.directory, outbox);
  // In parts: all of them could be more than the log lets wait.
  for (let at = 0; at < unlogged.length; at += appendedAtOnce) {
    const part = unlogged.slice(at, at + appendedAtOnce);
    await Promise.all(part.map(({ record }) => log.append(record, true)));
  }
  storage.forgetOutbox(outbox.map(({ eventId }) => eventId));
  return unlogged.length;
}

const appendedAtOnce = 100;

/** Those that the log in `directory` does not have, by id, in the order of commit. */
async function unloggedEvents(
  directory: string,
  outbox: readonly OutboxRow[],
): Promise<readonly OutboxRow[]> {
  if (outbox.length === 0) return [];
  const wanted = new Set(outbox.map(({ eventId }) => eventId));
  const from = outbox.reduce(
    (least, { logSizeBefore }) => Math.min(least, logSizeBefore),
    Number.MAX_SAFE_INTEGER,
  );
  for await (const { record } of readRecords(directory, from, Number.POSITIVE_INFINITY)) {
    const eventId = eventIdOf(record);
    if (eventId !== undefined) wanted.delete(eventId);
  }
  return outbox.filter(({ eventId }) => wanted.has(eventId));
}

function eventIdOf(record: Buffer): string | undefined {
  try {
    const event: unknown = JSON.parse(record.toString('utf8'));
    return typeof event === 'object' &&
      event !== null &&
      'eventID' in event &&
      typeof event.eventID === 'string'
      ? event.eventID
      : undefined;
  } catch {
    return undefined;
  }
}
