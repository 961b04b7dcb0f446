/**
 * The protocol between the two durable stores. A change and its events commit together in storage (the
 * events as outbox rows); then the events are appended to the log and flushed; only then does the
 * answer leave. What changes nothing only appends. So there is no change without its event, and no
 * answer without either.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { StateChange } from '../keys/state-change.ts';
import type { OutboxRow, Storage } from '../storage/interface.ts';
import { type AuditLog, AuditLogBusy } from './audit-log.ts';

export interface RecordedEvent {
  readonly eventId: string;
  /** The CloudTrail record as JSON. */
  readonly record: string;
}

/** As it is committed with its change. `logSizeBefore`: the log has the event at or after this index, or not at all. */
export const outboxRow = ({ eventId, record }: RecordedEvent, logSizeBefore: number): OutboxRow => ({
  eventId,
  logSizeBefore,
  record: Buffer.from(record),
});

export class Recorder {
  readonly #storage: Storage;
  readonly #log: AuditLog;

  constructor(storage: Storage, log: AuditLog) {
    this.#storage = storage;
    this.#log = log;
  }

  /** Resolves when all are durable. There are several when other accounts are told too, and none when nothing is. */
  append(records: readonly string[]): Promise<void> {
    const [only] = records;
    return only !== undefined && records.length === 1 ? this.#log.append(only) : this.#log.appendAll(records);
  }

  /** Rejects with `PreconditionFailed` when nothing was kept, so that the request can be tried again. */
  async commit(
    change: Pick<StateChange, 'writes' | 'apply'>,
    events: readonly RecordedEvent[],
  ): Promise<void> {
    const logSizeBefore = this.#log.size;
    const outbox = events.map((event) => outboxRow(event, logSizeBefore));
    // A crash before this leaves nothing; during it, all or nothing.
    await this.#storage.commit({ writes: change.writes, events: outbox });
    // A crash from here on leaves the outbox rows, which `recoverOutbox` (two-stores.ts) appends before anything is served.
    change.apply();
    await Promise.all(events.map(({ record }) => this.#appendCommitted(record)));
    // A crash before these rows are forgotten is harmless: the log already has the events, by id.
    this.#storage.forgetOutbox(events.map(({ eventId }) => eventId));
  }

  /** What is committed must reach the log, so a log that is busy is waited for; one that has failed is not. */
  async #appendCommitted(record: string): Promise<void> {
    for (;;) {
      try {
        return await this.#log.append(record, true);
      } catch (error) {
        if (!(error instanceof AuditLogBusy)) throw error;
        await delay(busyRetryMs);
      }
    }
  }
}

const busyRetryMs = 5;
