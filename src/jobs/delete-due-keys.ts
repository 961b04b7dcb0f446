import type { Recorder } from '../audit/recorder.ts';
import { deleteKeyChange } from '../keys/state-change.ts';
import type { Services } from '../operations/operation.ts';
import { dueKeys } from './due-keys.ts';
import { keyEvent } from './service-event.ts';

/**
 * Deletes every key whose waiting period is over, with its key material and aliases. Safe to run again at
 * any time: what a crash left undone is still due, and a deletion cancelled meanwhile loses no race,
 * because the row's version is a precondition. Returns how many keys are gone.
 */
export async function deleteDueKeys(
  { table, clock, keyStore, lastUsage }: Services,
  recorder: Recorder,
): Promise<number> {
  const nowMs = clock.nowMs();
  return dueKeys(
    table,
    (key) => key.state === 'PendingDeletion' && key.deletionMs !== undefined && key.deletionMs <= nowMs,
    async (key) => {
      await recorder.commit(deleteKeyChange(table, key), [
        keyEvent('DeleteKey', key, nowMs, { keyId: key.keyId }),
      ]);
      for (const { materialId } of key.materials) keyStore.forget(materialId);
      lastUsage.forget(key.arn);
    },
  );
}
