import { Refusal } from '../../base/refusal.ts';
import { rotateKey } from '../../keys/rotation.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';

/** The service refuses while automatic rotation is due within this time. */
const automaticRotationNearMs = 20 * 60_000;

/** Answers with the key ARN, whatever identifier was sent: so the service was recorded (LocalStack's snapshots). */
export const rotateKeyOnDemand = kmsOperation('RotateKeyOnDemand', {
  readOnly: false,
  needs: (input) => ({ key: ownKey('kms:RotateKeyOnDemand', input.KeyId, 'rotation-change') }),
  async handle(_input, { key }, { services: { table, keyStore, clock, quotas } }) {
    const max = quotas.onDemandRotationsPerKey;
    if (key.rotation.onDemandCount >= max) {
      throw new Refusal(
        'LimitExceededException',
        `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${key.arn}`,
      );
    }
    const nowMs = clock.nowMs();
    if (key.rotation.nextMs !== undefined && key.rotation.nextMs - nowMs <= automaticRotationNearMs) {
      throw new Refusal(
        'ConflictException',
        `Automatic rotation of ${key.arn} is in progress or about to begin.`,
      );
    }
    const { change } = await rotateKey(table, keyStore, key, 'ON_DEMAND', nowMs);
    return { output: { KeyId: key.arn }, change, audit: keyChanged(key) };
  },
});
