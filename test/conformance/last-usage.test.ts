/** GetKeyLastUsage: the last success of a cryptographic operation, and nothing else. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Answer, allowing, home, idOf, neighbour, operator, rootOf, World } from './world.ts';

const world = await World.start();
after(() => world.stop());

interface Usage {
  readonly KeyId: string;
  readonly KeyLastUsage: {
    readonly Operation?: string;
    readonly Timestamp?: number;
    readonly CloudTrailEventId?: string;
    readonly KmsRequestId?: string;
  };
  readonly TrackingStartDate: number;
  readonly KeyCreationDate: number;
}

const ask = (operation: string, input: object, who = operator): Promise<Answer> =>
  world.raw(who, operation, input);
async function usage(arn: string): Promise<Usage> {
  const { status, text, body } = await ask('GetKeyLastUsage', { KeyId: arn });
  assert.equal(status, 200, text);
  return body as unknown as Usage;
}
const encrypt = (arn: string): Promise<Answer> => ask('Encrypt', { KeyId: arn, Plaintext: Buffer.from('x') });

test('a key that was never used has an empty last usage, tracked since it was made', async () => {
  const arn = await world.newKey();
  const { KeyMetadata } = await world.kms().describeKey({ KeyId: arn });
  const created = (KeyMetadata?.CreationDate?.getTime() ?? 0) / 1000;
  assert.deepEqual(await usage(arn), {
    KeyId: idOf(arn),
    KeyLastUsage: {},
    TrackingStartDate: created,
    KeyCreationDate: created,
  });
});

test('each cryptographic operation is a use, told by its name, time, request and audit event', async () => {
  const arn = await world.newKey();
  const { body } = await encrypt(arn);
  for (const [operation, input] of [
    ['Encrypt', { KeyId: arn, Plaintext: Buffer.from('x') }],
    ['Decrypt', { CiphertextBlob: body.CiphertextBlob }],
    ['GenerateDataKey', { KeyId: arn, NumberOfBytes: 8 }],
    ['GenerateDataKeyWithoutPlaintext', { KeyId: arn, NumberOfBytes: 8 }],
    ['ReEncrypt', { CiphertextBlob: body.CiphertextBlob, DestinationKeyId: arn }],
  ] as const) {
    const answer = await ask(operation, input);
    const { KeyLastUsage } = await usage(arn);
    assert.equal(KeyLastUsage.Operation, operation);
    assert.equal(KeyLastUsage.KmsRequestId, answer.headers['x-amzn-requestid']);
    assert.ok(Math.abs((KeyLastUsage.Timestamp ?? 0) * 1000 - world.nowMs()) < 10_000);
    const event = (await world.events()).find(({ eventID }) => eventID === KeyLastUsage.CloudTrailEventId);
    assert.equal(event?.eventName, operation);
    assert.equal(event?.requestID, KeyLastUsage.KmsRequestId);
  }
});

test('reads, changes, dry runs and refusals are no use', async () => {
  const arn = await world.newKey();
  const { body } = await encrypt(arn);
  const before = await usage(arn);
  await ask('DescribeKey', { KeyId: arn });
  await ask('TagResource', { KeyId: arn, Tags: [{ TagKey: 'a', TagValue: 'b' }] });
  await ask('RotateKeyOnDemand', { KeyId: arn });
  await ask('GenerateDataKey', { KeyId: arn, NumberOfBytes: 8, DryRun: true });
  await ask('Decrypt', { CiphertextBlob: body.CiphertextBlob, EncryptionContext: { a: 'wrong' } });
  await ask('Encrypt', { KeyId: arn, Plaintext: Buffer.from('x') }, neighbour);
  await ask('DisableKey', { KeyId: arn });
  await encrypt(arn);
  assert.deepEqual(await usage(arn), before);
});

test('ReEncrypt across accounts is a use of both keys, each by the event of its own account', async () => {
  const both = allowing(rootOf(operator), rootOf(neighbour));
  const mine = await world.newKey(operator, home, both);
  const theirs = await world.newKey(neighbour);
  const { body } = await ask('Encrypt', { KeyId: theirs, Plaintext: Buffer.from('x') }, neighbour);
  await ask('ReEncrypt', { CiphertextBlob: body.CiphertextBlob, DestinationKeyId: mine }, neighbour);
  const { KeyLastUsage: ofMine } = await usage(mine);
  const ofTheirs = (await ask('GetKeyLastUsage', { KeyId: theirs }, neighbour)).body as unknown as Usage;
  assert.equal(ofMine.Operation, 'ReEncrypt');
  assert.equal(ofTheirs.KeyLastUsage.KmsRequestId, ofMine.KmsRequestId);
  const events = await world.events();
  const accountOf = (id: string | undefined) =>
    events.find(({ eventID }) => eventID === id)?.recipientAccountId;
  assert.equal(accountOf(ofMine.CloudTrailEventId), operator.accountId);
  assert.equal(accountOf(ofTheirs.KeyLastUsage.CloudTrailEventId), neighbour.accountId);
});

test('the last usage is known after a restart', async () => {
  const arn = await world.newKey();
  await encrypt(arn);
  const before = await usage(arn);
  await world.restart();
  // It is read back from the log while requests are served already.
  for (let tries = 0; tries < 100 && (await usage(arn)).KeyLastUsage.Operation === undefined; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { KeyLastUsage } = await usage(arn);
  assert.equal(KeyLastUsage.CloudTrailEventId, before.KeyLastUsage.CloudTrailEventId);
  assert.equal(KeyLastUsage.KmsRequestId, before.KeyLastUsage.KmsRequestId);
});
