import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';

export const disableKey = kmsOperation('DisableKey', {
  readOnly: false,
  needs: (input) => ({ key: ownKey('kms:DisableKey', input.KeyId, 'enable-disable') }),
  handle(_input, { key }, { services: { table } }) {
    return {
      output: undefined,
      change: updateKeyChange(table, key, { ...key, state: 'Disabled' }),
      audit: keyChanged(key),
    };
  },
});
