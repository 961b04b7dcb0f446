import { modelViolation } from '../../base/validation.ts';
import { dayMs } from '../../keys/rotation.ts';
import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { ownKey } from './key-edit.ts';

const waitingPeriodDaysMin = 7;
const waitingPeriodDaysMax = 30;

export const scheduleKeyDeletion = kmsOperation('ScheduleKeyDeletion', {
  readOnly: false,
  validate({ PendingWindowInDays: days }) {
    if (days === undefined) return;
    if (days < waitingPeriodDaysMin) {
      throw modelViolation(
        String(days),
        'pendingWindowInDays',
        'Member must have value greater than or equal to 7',
      );
    }
    if (days > waitingPeriodDaysMax) {
      throw modelViolation(
        String(days),
        'pendingWindowInDays',
        'Member must have value less than or equal to 30',
      );
    }
  },
  needs: (input) => ({
    key: ownKey('kms:ScheduleKeyDeletion', input.KeyId, 'schedule-deletion', {
      pendingWindowInDays: input.PendingWindowInDays ?? waitingPeriodDaysMax,
    }),
  }),
  handle(input, { key }, { services: { table, clock } }) {
    const days = input.PendingWindowInDays ?? waitingPeriodDaysMax;
    const deletionMs = clock.nowMs() + days * dayMs;
    const output = {
      KeyId: key.arn,
      DeletionDate: deletionMs,
      KeyState: 'PendingDeletion',
      PendingWindowInDays: days,
    } as const;
    return {
      output,
      change: updateKeyChange(table, key, { ...key, state: 'PendingDeletion', deletionMs }),
      audit: { responseElements: output },
    };
  },
});
