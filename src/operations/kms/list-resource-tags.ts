import { kmsOperation } from '../operation.ts';
import { checkLimit, cutPage, openPage } from '../pagination.ts';
import { ownKey } from './key-edit.ts';

export const listResourceTags = kmsOperation('ListResourceTags', {
  readOnly: true,
  validate: (input) => checkLimit(input.Limit, 50),
  needs: (input) => ({ key: ownKey('kms:ListResourceTags', input.KeyId, 'read') }),
  handle(input, { key }, { caller, services: { markers } }) {
    const { limit, after } = openPage(markers, 'ListResourceTags', caller, key.keyId, input, 50);
    const sorted = key.tags
      .toSorted((a, b) => (a.TagKey < b.TagKey ? -1 : 1))
      .filter((tag) => tag.TagKey > after);
    const { items, page } = cutPage(
      markers,
      'ListResourceTags',
      caller,
      key.keyId,
      sorted,
      limit,
      (tag) => tag.TagKey,
    );
    return { output: { Tags: items, ...page } };
  },
});
