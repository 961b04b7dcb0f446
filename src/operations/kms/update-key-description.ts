import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';

export const updateKeyDescription = kmsOperation('UpdateKeyDescription', {
  readOnly: false,
  needs: (input) => ({ key: ownKey('kms:UpdateKeyDescription', input.KeyId, 'edit') }),
  handle(input, { key }, { services: { table } }) {
    const change = updateKeyChange(table, key, { ...key, description: input.Description });
    return { output: undefined, change, audit: keyChanged(key) };
  },
});
