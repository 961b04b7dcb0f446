import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';

/** The key comes back disabled: whoever cancels decides separately that it may be used. */
export const cancelKeyDeletion = kmsOperation('CancelKeyDeletion', {
  readOnly: false,
  needs: (input) => ({ key: ownKey('kms:CancelKeyDeletion', input.KeyId, 'cancel-deletion') }),
  handle(_input, { key }, { services: { table } }) {
    const { deletionMs: _gone, ...kept } = key;
    const change = updateKeyChange(table, key, { ...kept, state: 'Disabled' });
    return { output: { KeyId: key.arn }, change, audit: keyChanged(key) };
  },
});
