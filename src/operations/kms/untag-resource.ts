import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';
import { checkTagKeys } from './tags.ts';

/** Removing a tag that is not there succeeds without a word. */
export const untagResource = kmsOperation('UntagResource', {
  readOnly: false,
  needs: (input) => ({
    key: ownKey('kms:UntagResource', input.KeyId, 'edit', { requestTagKeys: input.TagKeys }),
  }),
  handle(input, { key }, { services: { table } }) {
    checkTagKeys(input.TagKeys);
    const removed = new Set(input.TagKeys);
    const tags = key.tags.filter((tag) => !removed.has(tag.TagKey));
    return {
      output: undefined,
      change: updateKeyChange(table, key, { ...key, tags }),
      audit: keyChanged(key),
    };
  },
});
