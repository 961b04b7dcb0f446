import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';

export const disableKeyRotation = kmsOperation('DisableKeyRotation', {
  readOnly: false,
  needs: (input) => ({ key: ownKey('kms:DisableKeyRotation', input.KeyId, 'rotation-change') }),
  handle(_input, { key }, { services: { table } }) {
    const { nextMs: _off, ...rotation } = key.rotation;
    return {
      output: undefined,
      change: updateKeyChange(table, key, { ...key, rotation }),
      audit: keyChanged(key),
    };
  },
});
