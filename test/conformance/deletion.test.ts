/** Keys scheduled for deletion: the waiting period, its end by the clock, also across restarts, and what is left. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { freshAliasName } from './key-operations.ts';
import { dayMs, hiddenDenial, idOf, operator, refusal, refused, World } from './world.ts';

const world = await World.start();
after(() => world.stop());
const kms = () => world.kms();

const gone = (arn: string) => refusal('NotFoundException', `Key '${arn}' does not exist`);
const stateOf = async (KeyId: string) => (await kms().describeKey({ KeyId })).KeyMetadata?.KeyState;

for (const days of [7, 15, 30]) {
  test(`a key scheduled with a waiting period of ${days} days is there until they are over, and then gone`, async () => {
    const KeyId = await world.newKey();
    const before = world.nowMs();
    const answer = await kms().scheduleKeyDeletion({ KeyId: idOf(KeyId), PendingWindowInDays: days });
    assert.equal(answer.KeyId, KeyId);
    assert.equal(answer.KeyState, 'PendingDeletion');
    assert.equal(answer.PendingWindowInDays, days);
    const due = answer.DeletionDate?.getTime() ?? 0;
    assert.ok(Math.abs(due - before - days * dayMs) < 10_000);
    const { KeyMetadata } = await kms().describeKey({ KeyId });
    assert.equal(KeyMetadata?.KeyState, 'PendingDeletion');
    assert.equal(KeyMetadata?.Enabled, false);
    assert.deepEqual(KeyMetadata?.DeletionDate, answer.DeletionDate);
    await world.setClock(due - 60_000);
    assert.equal(await stateOf(KeyId), 'PendingDeletion');
    await world.setClock(due + 1_000);
    assert.deepEqual(await refused(kms().describeKey({ KeyId })), gone(KeyId));
  });
}

test('the waiting period is 30 days when none is given', async () => {
  const { PendingWindowInDays } = await kms().scheduleKeyDeletion({ KeyId: await world.newKey() });
  assert.equal(PendingWindowInDays, 30);
});

for (const [days, constraint] of [
  [6, 'greater than or equal to 7'],
  [31, 'less than or equal to 30'],
] as const) {
  test(`a waiting period of ${days} days is refused`, async () => {
    const KeyId = await world.newKey();
    assert.deepEqual(
      await refused(kms().scheduleKeyDeletion({ KeyId, PendingWindowInDays: days })),
      refusal(
        'ValidationException',
        `1 validation error detected: Value '${days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value ${constraint}`,
      ),
    );
    assert.equal(await stateOf(KeyId), 'Enabled');
  });
}

test('with a key go its aliases, its ciphertexts and its place in the listings', async () => {
  const KeyId = await world.newKey();
  const AliasName = freshAliasName();
  await kms().createAlias({ AliasName, TargetKeyId: KeyId });
  const { CiphertextBlob } = await kms().encrypt({ KeyId, Plaintext: Buffer.from('x') });
  await kms().scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  const listedBefore = (await kms().listKeys({ Limit: 1000 })).Keys ?? [];
  assert.ok(
    listedBefore.some(({ KeyArn }) => KeyArn === KeyId),
    'listed while it is pending deletion',
  );
  assert.equal((await kms().describeKey({ KeyId: AliasName })).KeyMetadata?.Arn, KeyId);
  await world.passDays(8);
  const { Keys = [] } = await kms().listKeys({ Limit: 1000 });
  assert.ok(!Keys.some(({ KeyArn }) => KeyArn === KeyId));
  assert.equal((await refused(kms().describeKey({ KeyId: AliasName }))).code, 'NotFoundException');
  assert.deepEqual(
    await refused(kms().decrypt({ CiphertextBlob })),
    hiddenDenial(operator, 'kms:Decrypt', 'the resource associated with this ciphertext'),
  );
  assert.deepEqual(await refused(kms().decrypt({ CiphertextBlob, KeyId })), gone(KeyId));
  // The name is free again.
  await kms().createAlias({ AliasName, TargetKeyId: await world.newKey() });
});

test('a cancelled deletion leaves the key disabled, and it is not deleted when it would have been due', async () => {
  const KeyId = await world.newKey();
  const { CiphertextBlob } = await kms().encrypt({ KeyId, Plaintext: Buffer.from('kept') });
  await kms().scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  const answer = await kms().cancelKeyDeletion({ KeyId: idOf(KeyId) });
  assert.equal(answer.KeyId, KeyId);
  const { KeyMetadata } = await kms().describeKey({ KeyId });
  assert.equal(KeyMetadata?.KeyState, 'Disabled');
  assert.equal(KeyMetadata?.DeletionDate, undefined);
  await world.passDays(40);
  await kms().enableKey({ KeyId });
  const { Plaintext = new Uint8Array() } = await kms().decrypt({ CiphertextBlob });
  assert.equal(Buffer.from(Plaintext).toString(), 'kept');
});

test('what fell due while the server was down is deleted when it is back, and a key that is not due stays', async () => {
  const [due, notDue, cancelled] = [await world.newKey(), await world.newKey(), await world.newKey()];
  await kms().scheduleKeyDeletion({ KeyId: due, PendingWindowInDays: 7 });
  await kms().scheduleKeyDeletion({ KeyId: notDue, PendingWindowInDays: 30 });
  await kms().scheduleKeyDeletion({ KeyId: cancelled, PendingWindowInDays: 7 });
  await kms().cancelKeyDeletion({ KeyId: cancelled });
  const later = world.nowMs() + 8 * dayMs;
  await world.restart();
  assert.equal(await stateOf(due), 'PendingDeletion');
  await world.setClock(later);
  assert.deepEqual(await refused(kms().describeKey({ KeyId: due })), gone(due));
  assert.equal(await stateOf(notDue), 'PendingDeletion');
  assert.equal(await stateOf(cancelled), 'Disabled');
  await world.restart();
  assert.deepEqual(await refused(kms().describeKey({ KeyId: due })), gone(due));
});

test('a deletion is told to the audit log as the work of the service, once', async () => {
  const KeyId = await world.newKey();
  await kms().scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  await world.passDays(8);
  await world.passDays(1);
  const events = (await world.events()).filter(
    ({ eventName, serviceEventDetails }) =>
      eventName === 'DeleteKey' && serviceEventDetails?.keyId === idOf(KeyId),
  );
  assert.equal(events.length, 1);
  assert.deepEqual(events[0]?.userIdentity, { accountId: operator.accountId, invokedBy: 'AWS Internal' });
  assert.deepEqual(events[0]?.resources, [
    { accountId: operator.accountId, type: 'AWS::KMS::Key', ARN: KeyId },
  ]);
});
