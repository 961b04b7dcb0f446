import type { Recorder } from '../audit/recorder.ts';
import { isRotationDue, rotateKey } from '../keys/rotation.ts';
import type { Services } from '../operations/operation.ts';
import { dueKeys } from './due-keys.ts';
import { keyEvent } from './service-event.ts';

/** Rotates every key whose automatic rotation is due. Safe to run again: the new date is part of the change. */
export async function rotateDueKeys(
  { table, clock, keyStore }: Services,
  recorder: Recorder,
): Promise<number> {
  const nowMs = clock.nowMs();
  return dueKeys(
    table,
    (key) => isRotationDue(key, nowMs),
    async (key) => {
      const { change, previousKeyMaterialId, currentKeyMaterialId } = await rotateKey(
        table,
        keyStore,
        key,
        'AUTOMATIC',
        nowMs,
      );
      const details = {
        keyId: key.keyId,
        rotationType: 'AUTOMATIC',
        keyOrigin: key.origin,
        previousKeyMaterialId,
        currentKeyMaterialId,
      };
      await recorder.commit(change, [keyEvent('RotateKey', key, nowMs, details)]);
    },
  );
}
