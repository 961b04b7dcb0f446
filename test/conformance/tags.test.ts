/** Tags: added, overwritten, removed, counted. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { refusal, refused, World } from './world.ts';

const max = 5;
const world = await World.start(['--quota-tags-per-key', String(max)]);
after(() => world.stop());
const kms = world.kms();

const tag = (TagKey: string, TagValue = '') => ({ TagKey, TagValue });
const many = (count: number, prefix = 'tag') =>
  Array.from({ length: count }, (_, n) => tag(`${prefix}-${n}`));
const tagsOf = async (KeyId: string) => (await kms.listResourceTags({ KeyId })).Tags;

test('tags given when a key is made are its tags', async () => {
  const { KeyMetadata } = await kms.createKey({ Tags: [tag('b', '2'), tag('a', '1')] });
  assert.deepEqual(await tagsOf(KeyMetadata?.KeyId ?? ''), [tag('a', '1'), tag('b', '2')]);
});

test('TagResource adds tags and overwrites the values of those that are there', async () => {
  const KeyId = await world.newKey();
  await kms.tagResource({ KeyId, Tags: [tag('a', '1'), tag('b', '1')] });
  await kms.tagResource({ KeyId, Tags: [tag('b', '2'), tag('c', '3')] });
  assert.deepEqual(await tagsOf(KeyId), [tag('a', '1'), tag('b', '2'), tag('c', '3')]);
});

test('tag keys are told apart by case, and values may be empty', async () => {
  const KeyId = await world.newKey();
  await kms.tagResource({ KeyId, Tags: [tag('team', 'x'), tag('Team')] });
  assert.deepEqual(await tagsOf(KeyId), [tag('Team'), tag('team', 'x')]);
});

test('UntagResource removes what it names, and says nothing of what is not there', async () => {
  const KeyId = await world.newKey();
  await kms.tagResource({ KeyId, Tags: [tag('a'), tag('b')] });
  await kms.untagResource({ KeyId, TagKeys: ['a', 'unknown', 'A'] });
  assert.deepEqual(await tagsOf(KeyId), [tag('b')]);
});

test('overwriting is possible when a key has as many tags as it may have', async () => {
  const KeyId = await world.newKey();
  await kms.tagResource({ KeyId, Tags: many(max) });
  await kms.tagResource({ KeyId, Tags: [tag('tag-0', 'new')] });
  const over = refusal(
    'LimitExceededException',
    `The number of tags exceeds the limit of ${max} tags per key.`,
  );
  assert.deepEqual(await refused(kms.tagResource({ KeyId, Tags: [tag('one-more')] })), over);
  await kms.untagResource({ KeyId, TagKeys: ['tag-1'] });
  await kms.tagResource({ KeyId, Tags: [tag('one-more')] });
});

test('a refused request changes no tag', async () => {
  const KeyId = await world.newKey();
  await refused(kms.tagResource({ KeyId, Tags: [tag('good'), tag('aws:bad')] }));
  await refused(kms.tagResource({ KeyId, Tags: [tag('a'), tag('a')] }));
  assert.deepEqual(await tagsOf(KeyId), []);
});

for (const [title, Tags, said] of [
  ['a reserved prefix', [tag('aws:x')], refusal('TagException', 'Tags beginning with aws: are reserved')],
  [
    'a reserved prefix in other letters',
    [tag('AwS:x')],
    refusal('TagException', 'Tags beginning with aws: are reserved'),
  ],
  ['a tag key twice', [tag('a', '1'), tag('a', '2')], refusal('TagException', 'Duplicate tag keys')],
  ['too many tags', many(max + 1), refusal('TagException', 'Too many tags')],
] as const) {
  test(`${title} is refused by CreateKey and by TagResource alike`, async () => {
    const KeyId = await world.newKey();
    assert.deepEqual(await refused(kms.tagResource({ KeyId, Tags: [...Tags] })), said);
    assert.deepEqual(await refused(kms.createKey({ Tags: [...Tags] })), said);
  });
}

for (const [title, Tags, constraint] of [
  [
    'a tag key that is too long',
    [tag('a'.repeat(129))],
    "'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128",
  ],
  [
    'an empty tag key',
    [tag('')],
    "'tags.1.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
  [
    'a tag value that is too long',
    [tag('a', 'v'.repeat(257))],
    "'tags.1.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256",
  ],
] as const) {
  test(`${title} breaks a constraint of the model`, async () => {
    const { code, message = '' } = await refused(kms.createKey({ Tags: [...Tags] }));
    assert.equal(code, 'ValidationException');
    assert.ok(
      message.startsWith('1 validation error detected: Value ') && message.endsWith(constraint),
      message,
    );
  });
}
