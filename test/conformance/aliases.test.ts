/** Aliases: their names, their targets, and what they are good for. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { freshAliasName } from './key-operations.ts';
import { away, home, idOf, neighbour, operator, refusal, refusalOf, refused, World } from './world.ts';

const max = 3;
const world = await World.start(['--quota-aliases-per-key', String(max)]);
after(() => world.stop());
const kms = world.kms();
const key = await world.newKey();

const arnOf = (name: string, region = home): string => `arn:aws:kms:${region}:${operator.accountId}:${name}`;
const listed = async (KeyId: string) => (await kms.listAliases({ KeyId })).Aliases ?? [];

test('a new alias is listed with its key and dates, and answers for its key', async () => {
  const AliasName = freshAliasName();
  const KeyId = await world.newKey();
  const answer = await world.raw(operator, 'CreateAlias', { AliasName, TargetKeyId: KeyId });
  assert.equal(answer.text, '');
  const [alias, ...others] = await listed(KeyId);
  assert.deepEqual(others, []);
  const { CreationDate, LastUpdatedDate, ...rest } = alias ?? {};
  assert.deepEqual(rest, { AliasName, AliasArn: arnOf(AliasName), TargetKeyId: idOf(KeyId) });
  assert.deepEqual(CreationDate, LastUpdatedDate);
  assert.equal((await kms.describeKey({ KeyId: AliasName })).KeyMetadata?.Arn, KeyId);
});

for (const [title, name, said] of [
  [
    'without the prefix',
    'orders',
    refusal(
      'ValidationException',
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    ),
  ],
  [
    'that is an alias ARN',
    arnOf('alias/orders'),
    refusal(
      'ValidationException',
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    ),
  ],
  [
    'with a colon',
    'alias/Service:Test',
    refusal('InvalidAliasNameException', 'alias/Service:Test contains invalid characters for an alias'),
  ],
  [
    'of nothing but the prefix',
    'alias/',
    refusal('InvalidAliasNameException', 'alias/ contains invalid characters for an alias'),
  ],
  ["with the service's own prefix", 'alias/aws/orders', refusal('NotAuthorizedException')],
] as const) {
  test(`an alias name ${title} is refused`, async () => {
    for (const [operation, input] of [
      ['CreateAlias', { AliasName: name, TargetKeyId: key }],
      ['UpdateAlias', { AliasName: name, TargetKeyId: key }],
      ['DeleteAlias', { AliasName: name }],
    ] as const) {
      assert.deepEqual(refusalOf(await world.raw(operator, operation, input)), said, operation);
    }
  });
}

for (const [title, name, constraint] of [
  ['with a space', 'alias/a b', 'Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$'],
  [
    'of more than 256 characters',
    `alias/${'a'.repeat(251)}`,
    'Member must have length less than or equal to 256',
  ],
] as const) {
  test(`an alias name ${title} breaks a constraint of the model`, async () => {
    const { code, message = '' } = await refused(kms.createAlias({ AliasName: name, TargetKeyId: key }));
    assert.equal(code, 'ValidationException');
    assert.equal(
      message,
      `1 validation error detected: Value '${name}' at 'aliasName' failed to satisfy constraint: ${constraint}`,
    );
  });
}

test('the longest name, and one with every kind of character, are taken', async () => {
  for (const AliasName of [`alias/${'a'.repeat(250)}`, 'alias/Orders_2026/eu-west-1/v2']) {
    const KeyId = await world.newKey();
    await kms.createAlias({ AliasName, TargetKeyId: KeyId });
    assert.equal((await kms.describeKey({ KeyId: AliasName })).KeyMetadata?.Arn, KeyId);
  }
});

test('a name is unique in an account and Region, and free in every other', async () => {
  const AliasName = freshAliasName();
  await kms.createAlias({ AliasName, TargetKeyId: await world.newKey() });
  assert.deepEqual(
    await refused(kms.createAlias({ AliasName, TargetKeyId: await world.newKey() })),
    refusal('AlreadyExistsException', `An alias with the name ${arnOf(AliasName)} already exists`),
  );
  await world.kms(operator, away).createAlias({ AliasName, TargetKeyId: await world.newKey(operator, away) });
  await world.kms(neighbour).createAlias({ AliasName, TargetKeyId: await world.newKey(neighbour) });
});

test('an alias points to a key of its own account and Region alone', async () => {
  const AliasName = freshAliasName();
  const awayKey = await world.newKey(operator, away);
  assert.equal(
    (await refused(kms.createAlias({ AliasName, TargetKeyId: awayKey }))).code,
    'NotFoundException',
  );
  const theirs = await world.newKey(neighbour);
  assert.equal(
    (await refused(kms.createAlias({ AliasName, TargetKeyId: theirs }))).code,
    'AccessDeniedException',
  );
});

test('a moved alias decrypts what its old key made only by the old key', async () => {
  const AliasName = freshAliasName();
  const [from, to] = [await world.newKey(), await world.newKey()];
  await kms.createAlias({ AliasName, TargetKeyId: from });
  const { CiphertextBlob } = await kms.encrypt({ KeyId: AliasName, Plaintext: Buffer.from('x') });
  await world.setClock(world.nowMs() + 60_000);
  const moved = await world.raw(operator, 'UpdateAlias', { AliasName, TargetKeyId: to });
  assert.equal(moved.text, '');
  const { KeyId } = await kms.decrypt({ CiphertextBlob });
  assert.equal(KeyId, from);
  assert.equal(
    (await refused(kms.decrypt({ KeyId: AliasName, CiphertextBlob }))).code,
    'IncorrectKeyException',
  );
  const [alias] = await listed(to);
  assert.ok((alias?.LastUpdatedDate?.getTime() ?? 0) >= (alias?.CreationDate?.getTime() ?? 0) + 60_000);
  assert.deepEqual(await listed(from), []);
});

test('a deleted alias is gone at once, and its name free again', async () => {
  const AliasName = freshAliasName();
  const KeyId = await world.newKey();
  await kms.createAlias({ AliasName, TargetKeyId: KeyId });
  assert.equal((await world.raw(operator, 'DeleteAlias', { AliasName })).text, '');
  const gone = refusal('NotFoundException', `Alias ${arnOf(AliasName)} is not found.`);
  assert.deepEqual(await refused(kms.describeKey({ KeyId: AliasName })), gone);
  assert.deepEqual(await refused(kms.deleteAlias({ AliasName })), gone);
  assert.deepEqual(await refused(kms.updateAlias({ AliasName, TargetKeyId: KeyId })), gone);
  await kms.createAlias({ AliasName, TargetKeyId: KeyId });
});

test('a key has at most so many aliases, and moving one within a key is no addition', async () => {
  const KeyId = await world.newKey();
  const names = Array.from({ length: max }, freshAliasName);
  for (const AliasName of names) await kms.createAlias({ AliasName, TargetKeyId: KeyId });
  const over = refusal('LimitExceededException', `The KMS key already has the maximum of ${max} aliases.`);
  assert.deepEqual(await refused(kms.createAlias({ AliasName: freshAliasName(), TargetKeyId: KeyId })), over);
  await kms.updateAlias({ AliasName: names[0], TargetKeyId: KeyId });
  await kms.deleteAlias({ AliasName: names[0] });
  await kms.createAlias({ AliasName: freshAliasName(), TargetKeyId: KeyId });
});

test('of two requests at once for the last alias that a key may have, one is refused', async () => {
  const KeyId = await world.newKey();
  for (let made = 1; made < max; made += 1)
    await kms.createAlias({ AliasName: freshAliasName(), TargetKeyId: KeyId });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => kms.createAlias({ AliasName: freshAliasName(), TargetKeyId: KeyId })),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal((await listed(KeyId)).length, max);
});

test('of many requests at once for one alias name, one is served and the others are told that it is there', async () => {
  const AliasName = freshAliasName();
  const keys = await Promise.all(Array.from({ length: 8 }, () => world.newKey()));
  const outcomes = await Promise.allSettled(
    keys.map((TargetKeyId) => kms.createAlias({ AliasName, TargetKeyId })),
  );
  const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  assert.equal(refusals.length, keys.length - 1);
  for (const reason of refusals) assert.equal(reason.name, 'AlreadyExistsException');
});
