/** Rules for tags that CreateKey and TagResource share (API reference, "TagException"). */
import { Refusal } from '../../base/refusal.ts';
import type { Tag } from '../../keys/key.ts';

export function checkTags(tags: readonly Tag[]): void {
  const keys = tags.map((tag) => tag.TagKey);
  if (new Set(keys).size !== keys.length) throw new Refusal('TagException', 'Duplicate tag keys');
  checkTagKeys(keys);
}

export function checkTagKeys(keys: readonly string[]): void {
  if (keys.some((key) => key.toLowerCase().startsWith('aws:'))) {
    throw new Refusal('TagException', 'Tags beginning with aws: are reserved');
  }
}

export function checkTagQuota(count: number, max: number): void {
  if (count > max)
    throw new Refusal(
      'LimitExceededException',
      `The number of tags exceeds the limit of ${max} tags per key.`,
    );
}
