import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';

export const enableKey = kmsOperation('EnableKey', {
  readOnly: false,
  needs: (input) => ({ key: ownKey('kms:EnableKey', input.KeyId, 'enable-disable') }),
  handle(_input, { key }, { services: { table } }) {
    return {
      output: undefined,
      change: updateKeyChange(table, key, { ...key, state: 'Enabled' }),
      audit: keyChanged(key),
    };
  },
});
