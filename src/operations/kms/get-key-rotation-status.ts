import { kmsOperation } from '../operation.ts';

/** Reads as off while the key is pending deletion; cancelling brings the old setting back. */
export const getKeyRotationStatus = kmsOperation('GetKeyRotationStatus', {
  readOnly: true,
  needs: (input) => ({
    key: {
      on: 'key',
      action: 'kms:GetKeyRotationStatus',
      keyId: input.KeyId,
      aliases: false,
      crossAccount: true,
      state: 'rotation-status',
    },
  }),
  handle(_input, { key }) {
    const { nextMs, periodDays } = key.rotation;
    if (nextMs === undefined || key.state === 'PendingDeletion') {
      return { output: { KeyRotationEnabled: false, KeyId: key.arn } };
    }
    return {
      output: {
        KeyRotationEnabled: true,
        KeyId: key.arn,
        RotationPeriodInDays: periodDays,
        NextRotationDate: nextMs,
      },
    };
  },
});
