/** The keys that AWS services would make in an account: made when their alias is first described, and changed by nobody. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { keyOperations, newSubject } from './key-operations.ts';
import {
  away,
  dayMs,
  denied,
  home,
  idOf,
  neighbour,
  operator,
  refusal,
  refusalOf,
  refused,
  World,
} from './world.ts';

const world = await World.start(['--quota-keys', '12']);
after(() => world.stop());
const kms = world.kms();

const metadata = async (KeyId: string, who = operator, region = home) =>
  (await world.kms(who, region).describeKey({ KeyId })).KeyMetadata;
const predefined = async (): Promise<Map<string | undefined, string | undefined>> => {
  const { Aliases = [] } = await kms.listAliases({ Limit: 100 });
  return new Map(
    Aliases.filter(({ AliasName }) => AliasName?.startsWith('alias/aws/')).map((each) => [
      each.AliasName,
      each.TargetKeyId,
    ]),
  );
};

test('predefined aliases are listed without a key until their key is made', async () => {
  const before = await predefined();
  assert.ok(before.size >= 20);
  assert.ok(before.has('alias/aws/s3') && before.get('alias/aws/s3') === undefined);
  const made = await metadata('alias/aws/s3');
  assert.equal((await predefined()).get('alias/aws/s3'), made?.KeyId);
  assert.equal((await predefined()).size, before.size);
});

test('describing a predefined alias makes its key once, for each account and Region', async () => {
  const first = await metadata('alias/aws/ebs');
  assert.equal(first?.KeyManager, 'AWS');
  assert.equal(first?.KeyState, 'Enabled');
  assert.equal(first?.Origin, 'AWS_KMS');
  assert.equal((await metadata('alias/aws/ebs'))?.KeyId, first?.KeyId);
  assert.equal(
    (await metadata(`arn:aws:kms:${home}:${operator.accountId}:alias/aws/ebs`))?.KeyId,
    first?.KeyId,
  );
  const elsewhere = [
    await metadata('alias/aws/ebs', neighbour),
    await metadata('alias/aws/ebs', operator, away),
  ];
  assert.equal(new Set([first, ...elsewhere].map((each) => each?.Arn)).size, 3);
});

test('of many requests at once for a predefined alias, all are told of one key', async () => {
  const made = await Promise.all(Array.from({ length: 10 }, () => metadata('alias/aws/kinesis')));
  assert.equal(new Set(made.map((each) => each?.KeyId)).size, 1);
});

test('nothing but describing makes the key, and no other account can make it', async () => {
  const missing = refusal(
    'NotFoundException',
    `Alias arn:aws:kms:${home}:${operator.accountId}:alias/aws/sqs is not found.`,
  );
  assert.deepEqual(
    await refused(kms.encrypt({ KeyId: 'alias/aws/sqs', Plaintext: Buffer.from('x') })),
    missing,
  );
  const theirs = `arn:aws:kms:${home}:${operator.accountId}:alias/aws/sqs`;
  assert.equal(
    (await refused(world.kms(neighbour).describeKey({ KeyId: theirs }))).code,
    'AccessDeniedException',
  );
  assert.equal((await predefined()).get('alias/aws/sqs'), undefined);
  assert.equal(
    (await refused(kms.describeKey({ KeyId: 'alias/aws/no-such-service' }))).code,
    'NotFoundException',
  );
});

const s3 = await metadata('alias/aws/s3');
const arn = s3?.Arn ?? '';
const subject = { ...(await newSubject(world)), reference: arn };

for (const { title, name, action, input } of keyOperations) {
  const reads = /^(Describe|Get|List)/.test(name);
  test(`${title} of an AWS managed key is ${reads ? 'allowed' : 'denied'} to the root of its account`, async () => {
    const said = refusalOf(await world.raw(operator, name, input(subject)));
    if (reads) assert.equal(said, undefined);
    // ReEncrypt takes a ciphertext of another key as its source here; its destination is what is denied.
    else assert.deepEqual(said, denied(operator, action, arn));
  });
}

test('the policy of an AWS managed key lets it be used through its service alone', async () => {
  const { Policy = '' } = await kms.getKeyPolicy({ KeyId: arn });
  const { Statement } = JSON.parse(Policy) as {
    readonly Statement: readonly { readonly Condition?: object }[];
  };
  assert.deepEqual(Statement[0]?.Condition, {
    StringEquals: { 'kms:CallerAccount': operator.accountId, 'kms:ViaService': `s3.${home}.amazonaws.com` },
  });
  assert.equal(
    (await refused(kms.generateDataKey({ KeyId: arn, NumberOfBytes: 8 }))).code,
    'AccessDeniedException',
  );
});

test('aliases of AWS services can be neither made, nor moved, nor deleted', async () => {
  const key = await world.newKey();
  const said = refusal('NotAuthorizedException');
  for (const [operation, input] of [
    ['CreateAlias', { AliasName: 'alias/aws/mine', TargetKeyId: key }],
    ['UpdateAlias', { AliasName: 'alias/aws/s3', TargetKeyId: key }],
    ['DeleteAlias', { AliasName: 'alias/aws/s3' }],
  ] as const) {
    assert.deepEqual(refusalOf(await world.raw(operator, operation, input)), said, operation);
  }
});

test('an AWS managed key rotates every year, and says so', async () => {
  const status = await kms.getKeyRotationStatus({ KeyId: arn });
  assert.equal(status.KeyRotationEnabled, true);
  assert.equal(status.RotationPeriodInDays, 365);
  const material = (await metadata(arn))?.CurrentKeyMaterialId;
  await world.setClock(world.nowMs() + 366 * dayMs);
  assert.notEqual((await metadata(arn))?.CurrentKeyMaterialId, material);
});

test('AWS managed keys count against no quota, and no predefined alias does', async () => {
  const { Keys = [] } = await kms.listKeys({});
  const managed = [...(await predefined()).values()].filter((id) => id !== undefined);
  for (let made = Keys.length - managed.length; made < 12; made += 1) await world.newKey();
  assert.equal((await refused(kms.createKey({}))).code, 'LimitExceededException');
  await metadata('alias/aws/rds');
});

test('the key is told to the audit log as made by the service', async () => {
  const made = await metadata('alias/aws/rds');
  const events = (await world.events()).filter(
    ({ eventName, resources }) => eventName === 'CreateKey' && resources.some(({ ARN }) => ARN === made?.Arn),
  );
  assert.equal(events.length, 1);
  assert.deepEqual(events[0]?.userIdentity, { accountId: operator.accountId, invokedBy: 'AWS Internal' });
  assert.equal(idOf(made?.Arn ?? ''), made?.KeyId);
});
