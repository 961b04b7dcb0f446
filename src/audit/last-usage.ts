/**
 * The last successful cryptographic use of each key, as GetKeyLastUsage tells it. All of it is derived
 * from the log: it is kept in memory, saved now and then together with the log size that it covers,
 * and brought up to date from the records after that at start. No request writes it.
 */
import { type Faults, readIfPresent, replaceFile } from '../base/durable-file.ts';
import type { AuditLog } from './audit-log.ts';

/** The API model's `KeyLastUsageTrackingOperation`. */
const trackedOperations = [
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
] as const;

export type TrackedOperation = (typeof trackedOperations)[number];

export interface KeyUsage {
  readonly operation: TrackedOperation;
  readonly timeMs: number;
  /** Of the record in the log of the key's account. */
  readonly eventId: string;
  readonly requestId: string;
}

const tracked: ReadonlySet<string> = new Set(trackedOperations);
const isTracked = (operation: string): operation is TrackedOperation => tracked.has(operation);

const keysMax = 1_000_000;
const snapshotBytesMax = 512 * 1024 * 1024;
/** So many lines are made before other work has its turn. */
const linesPerTurn = 2000;
const format = 'holdfast last usage 1';

export class LastUsage {
  readonly #usages = new Map<string, KeyUsage>();
  /** False while older uses are read, and after they could not be: what is known then must not stand for the log. */
  #isComplete = true;

  /** Call with each successful use, in the order of the log. Other operations are not tracked. */
  note(keyArn: string, usage: NotedUsage): void {
    note(this.#usages, keyArn, usage);
  }

  get(keyArn: string): KeyUsage | undefined {
    return this.#usages.get(keyArn);
  }

  /** The key is no more. */
  forget(keyArn: string): void {
    this.#usages.delete(keyArn);
  }

  /**
   * Takes up what was saved at `path` and then the records of `log` that it does not cover. A file that is
   * missing, damaged or of another log (longer than this one) is passed over: the log has it all. Uses that
   * are noted meanwhile are later than all of these.
   */
  async restore(path: string, log: Pick<AuditLog, 'read' | 'size'>): Promise<void> {
    this.#isComplete = false;
    const saved = parseSnapshot(await readIfPresent(path, snapshotBytesMax));
    const usable = saved !== undefined && saved.logSize <= log.size;
    const usages = new Map(usable ? saved.usages : []);
    for await (const { record } of log.read(usable ? saved.logSize : 0, log.size)) noteRecord(usages, record);
    for (const [keyArn, usage] of usages) if (!this.#usages.has(keyArn)) note(this.#usages, keyArn, usage);
    this.#isComplete = true;
  }

  /** Saves what is known, durably; nothing while not all of it is known. */
  async save(path: string, log: Pick<AuditLog, 'size'>, faults?: Faults): Promise<void> {
    if (!this.#isComplete) return;
    // Whoever waited for a record that is durable by now has noted it once this turn is over.
    const logSize = log.size;
    await nextTurn();
    const lines = [JSON.stringify([format, logSize])];
    for (const [keyArn, { operation, timeMs, eventId, requestId }] of this.#usages) {
      lines.push(JSON.stringify([keyArn, operation, timeMs, eventId, requestId]));
      // What is noted meanwhile may be in or not: the log has it, after the size that is saved.
      if (lines.length % linesPerTurn === 0) await nextTurn();
    }
    await replaceFile(path, `${lines.join('\n')}\n`, faults);
  }
}

type NotedUsage = Omit<KeyUsage, 'operation'> & { readonly operation: string };

function note(usages: Map<string, KeyUsage>, keyArn: string, usage: NotedUsage): void {
  const { operation, timeMs, eventId, requestId } = usage;
  if (!isTracked(operation)) return;
  usages.set(keyArn, { operation, timeMs, eventId, requestId });
  if (usages.size <= keysMax) return;
  for (const oldest of usages.keys()) {
    usages.delete(oldest);
    return;
  }
}

function noteRecord(usages: Map<string, KeyUsage>, record: Buffer): void {
  const event = parseEvent(record);
  if (event === undefined) return;
  for (const { ARN, accountId } of event.resources) {
    if (accountId !== event.recipientAccountId) continue;
    note(usages, ARN, {
      operation: event.eventName,
      timeMs: Date.parse(event.eventTime),
      eventId: event.eventID,
      requestId: event.requestID,
    });
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface UsageEvent {
  readonly eventName: string;
  readonly eventTime: string;
  readonly eventID: string;
  readonly requestID: string;
  readonly recipientAccountId: string;
  readonly resources: readonly { readonly ARN: string; readonly accountId: string }[];
}

/** The parts of a record of a successful use that are looked at; undefined for any other record. */
function parseEvent(record: Buffer): UsageEvent | undefined {
  let event: unknown;
  try {
    event = JSON.parse(record.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isObject(event) || event.errorCode !== undefined || !Array.isArray(event.resources)) return undefined;
  const { eventName, eventTime, eventID, requestID, recipientAccountId } = event;
  if (
    typeof eventName !== 'string' ||
    typeof eventTime !== 'string' ||
    typeof eventID !== 'string' ||
    typeof requestID !== 'string' ||
    typeof recipientAccountId !== 'string'
  ) {
    return undefined;
  }
  const resources = event.resources.flatMap((resource: unknown) =>
    isObject(resource) && typeof resource.ARN === 'string' && typeof resource.accountId === 'string'
      ? [{ ARN: resource.ARN, accountId: resource.accountId }]
      : [],
  );
  return { eventName, eventTime, eventID, requestID, recipientAccountId, resources };
}

/** Undefined unless every line is as `save` writes it. */
function parseSnapshot(
  bytes: Buffer | undefined,
): { readonly logSize: number; readonly usages: readonly (readonly [string, KeyUsage])[] } | undefined {
  if (bytes === undefined) return undefined;
  try {
    const [first, ...lines] = bytes.toString('utf8').trimEnd().split('\n');
    const head: unknown = JSON.parse(first ?? '');
    if (!Array.isArray(head) || head[0] !== format || !Number.isSafeInteger(head[1])) return undefined;
    const logSize = Number(head[1]);
    const usages = lines.map((line): readonly [string, KeyUsage] => {
      const parsed: unknown = JSON.parse(line);
      if (!Array.isArray(parsed)) throw new TypeError('not a line of a snapshot');
      const [keyArn, operation, timeMs, eventId, requestId]: unknown[] = parsed;
      if (
        typeof keyArn !== 'string' ||
        typeof operation !== 'string' ||
        !isTracked(operation) ||
        typeof timeMs !== 'number' ||
        typeof eventId !== 'string' ||
        typeof requestId !== 'string'
      ) {
        throw new TypeError('not a line of a snapshot');
      }
      return [keyArn, { operation, timeMs, eventId, requestId }];
    });
    return { logSize, usages };
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
