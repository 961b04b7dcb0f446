import { dayMs, rotationPeriodDaysDefault } from '../../keys/rotation.ts';
import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';

/** Enabling it again with another period sets a new date; with the same one the date stays. */
export const enableKeyRotation = kmsOperation('EnableKeyRotation', {
  readOnly: false,
  needs: (input) => ({
    key: ownKey('kms:EnableKeyRotation', input.KeyId, 'rotation-change', {
      rotationPeriodInDays: input.RotationPeriodInDays ?? rotationPeriodDaysDefault,
    }),
  }),
  handle(input, { key }, { services: { table, clock } }) {
    const enabled = key.rotation.nextMs !== undefined;
    const periodDays =
      input.RotationPeriodInDays ?? (enabled ? key.rotation.periodDays : rotationPeriodDaysDefault);
    const nextMs =
      enabled && periodDays === key.rotation.periodDays
        ? key.rotation.nextMs
        : clock.nowMs() + periodDays * dayMs;
    const rotation = { ...key.rotation, periodDays, nextMs };
    return {
      output: undefined,
      change: updateKeyChange(table, key, { ...key, rotation }),
      audit: keyChanged(key),
    };
  },
});
