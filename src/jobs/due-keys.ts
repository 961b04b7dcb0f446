import { AuditLogFailed } from '../audit/audit-log.ts';
import type { Key } from '../keys/key.ts';
import type { KeyTable } from '../keys/key-table.ts';
import { PreconditionFailed, StorageBusy, StorageFailed } from '../storage/interface.ts';

/** Keys looked at before the event loop gets its turn: a scan never holds up a request for long. */
const keysPerTurn = 5_000;

/**
 * Does `work` for each key that `isDue`, one after the other, and counts them. A key that a request
 * changed at the same moment is left for the next run, and so are all when requests have more to write
 * than the store takes. A key that cannot be worked on keeps no other from it: the first such error is
 * thrown at the end.
 */
export async function dueKeys(
  table: KeyTable,
  isDue: (key: Key) => boolean,
  work: (key: Key) => Promise<void>,
): Promise<number> {
  let seen = 0;
  let done = 0;
  const errors: unknown[] = [];
  for (const key of table.allKeys()) {
    seen += 1;
    if (seen % keysPerTurn === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    if (!isDue(key)) continue;
    try {
      await work(key);
      done += 1;
    } catch (error) {
      if (error instanceof StorageBusy) break;
      if (error instanceof StorageFailed || error instanceof AuditLogFailed) throw error;
      if (!(error instanceof PreconditionFailed) && errors.length === 0) errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return done;
}
