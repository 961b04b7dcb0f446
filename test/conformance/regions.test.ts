/** Every Region and every account is a world of its own, all served by one endpoint. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { idOf, neighbour, operator, refusal, refused, World } from './world.ts';

const world = await World.start();
after(() => world.stop());

const regions = ['us-east-1', 'eu-central-2', 'ap-southeast-4', 'us-gov-west-1', 'il-central-1'];
const keys = new Map<string, string>();
for (const region of regions) keys.set(region, await world.newKey(operator, region));

for (const region of regions) {
  test(`a key of ${region} is listed, described and used there, and nowhere else`, async () => {
    const KeyId = keys.get(region) ?? '';
    assert.ok(KeyId.startsWith(`arn:aws:kms:${region}:${operator.accountId}:key/`));
    const kms = world.kms(operator, region);
    const { Keys = [] } = await kms.listKeys({});
    assert.deepEqual(
      Keys.map(({ KeyArn }) => KeyArn),
      [KeyId],
    );
    const { CiphertextBlob } = await kms.encrypt({ KeyId: idOf(KeyId), Plaintext: Buffer.from(region) });
    for (const other of regions) {
      if (other === region) continue;
      const abroad = world.kms(operator, other);
      assert.deepEqual(
        await refused(abroad.describeKey({ KeyId: idOf(KeyId) })),
        refusal(
          'NotFoundException',
          `Key 'arn:aws:kms:${other}:${operator.accountId}:key/${idOf(KeyId)}' does not exist`,
        ),
      );
      assert.equal((await refused(abroad.decrypt({ CiphertextBlob }))).code, 'AccessDeniedException');
    }
  });
}

test('an account sees nothing of another one in the same Region', async () => {
  const theirs = await world.newKey(neighbour);
  await world.kms(neighbour).createAlias({ AliasName: 'alias/theirs', TargetKeyId: theirs });
  const kms = world.kms();
  assert.ok(!(await kms.listKeys({})).Keys?.some(({ KeyArn }) => KeyArn === theirs));
  assert.ok(
    !(await kms.listAliases({ Limit: 100 })).Aliases?.some(({ AliasName }) => AliasName === 'alias/theirs'),
  );
  assert.equal((await refused(kms.describeKey({ KeyId: 'alias/theirs' }))).code, 'NotFoundException');
});

test('requests of many accounts and Regions at once stay apart', async () => {
  const callers = [operator, neighbour].flatMap((who) => regions.map((region) => ({ who, region })));
  const made = await Promise.all(
    callers.flatMap(({ who, region }) =>
      Array.from({ length: 5 }, async () => ({ who, region, arn: await world.newKey(who, region) })),
    ),
  );
  for (const { who, region, arn } of made)
    assert.ok(arn.startsWith(`arn:aws:kms:${region}:${who.accountId}:key/`));
  assert.equal(new Set(made.map(({ arn }) => arn)).size, made.length);
});
