import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';
import { checkTagQuota, checkTags } from './tags.ts';

export const tagResource = kmsOperation('TagResource', {
  readOnly: false,
  needs: (input) => ({ key: ownKey('kms:TagResource', input.KeyId, 'edit', { requestTags: input.Tags }) }),
  handle(input, { key }, { services: { table, quotas } }) {
    checkTags(input.Tags, quotas.tagsPerKey);
    const merged = new Map(key.tags.map((tag) => [tag.TagKey, tag]));
    for (const { TagKey, TagValue } of input.Tags) merged.set(TagKey, { TagKey, TagValue });
    checkTagQuota(merged.size, quotas.tagsPerKey);
    const change = updateKeyChange(table, key, { ...key, tags: [...merged.values()] });
    return { output: undefined, change, audit: keyChanged(key) };
  },
});
