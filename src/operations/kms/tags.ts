/** Rules for tags that CreateKey and TagResource share (API reference, "TagException"). */
import { Refusal } from '../../base/refusal.ts';
import type { Tag } from '../../keys/key.ts';

/** The tags of one request. */
export function checkTags(tags: readonly Tag[], max: number): void {
  const keys = tags.map((tag) => tag.TagKey);
  if (new Set(keys).size !== keys.length) throw new Refusal('TagException', 'Duplicate tag keys');
  if (keys.length > max) throw new Refusal('TagException', 'Too many tags');
  checkTagKeys(keys);
}

export function checkTagKeys(keys: readonly string[]): void {
  if (keys.some((key) => key.toLowerCase().startsWith('aws:'))) {
    throw new Refusal('TagException', 'Tags beginning with aws: are reserved');
  }
}

/** Those of the request together with those that the key has. */
export function checkTagQuota(count: number, max: number): void {
  if (count > max)
    throw new Refusal(
      'LimitExceededException',
      `The number of tags exceeds the limit of ${max} tags per key.`,
    );
}
