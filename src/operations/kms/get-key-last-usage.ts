import { kmsOperation } from '../operation.ts';
import { ownKey } from './key-edit.ts';

/** Every key is tracked from its creation on: the log it is read from has been kept since before any key was. */
export const getKeyLastUsage = kmsOperation('GetKeyLastUsage', {
  readOnly: true,
  needs: (input) => ({ key: ownKey('kms:GetKeyLastUsage', input.KeyId, 'read') }),
  handle(_input, { key }, { services: { lastUsage } }) {
    const usage = lastUsage.get(key.arn);
    return {
      output: {
        KeyId: key.keyId,
        KeyLastUsage:
          usage === undefined
            ? {}
            : {
                Operation: usage.operation,
                Timestamp: usage.timeMs,
                CloudTrailEventId: usage.eventId,
                KmsRequestId: usage.requestId,
              },
        TrackingStartDate: key.createdMs,
        KeyCreationDate: key.createdMs,
      },
    };
  },
});
