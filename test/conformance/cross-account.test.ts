/**
 * What another account's caller may do with a key whose policy gives its root everything: the operations
 * that the API reference marks "Cross-account use: Yes", and those alone. Each use is told to the audit
 * logs of both accounts, each refusal to that of the caller.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type KeyOperation, keyOperations, newSubject, type Subject } from './key-operations.ts';
import {
  type Answer,
  type AuditEvent,
  allowing,
  home,
  idOf,
  neighbour,
  operator,
  refusal,
  refused,
  rootOf,
  stranger,
  World,
} from './world.ts';

const world = await World.start();
after(() => world.stop());

const everything = allowing(rootOf(operator), rootOf(neighbour));
const theirs = await newSubject(world);
await world.kms().putKeyPolicy({ KeyId: theirs.arn, Policy: JSON.stringify(everything) });
const hidden = await newSubject(world);

async function asNeighbour(
  operation: KeyOperation,
  key: Subject & { readonly arn: string },
): Promise<Answer> {
  const mine = await world.newKey(neighbour);
  const otherAlias = `alias/of-${idOf(mine)}`;
  await world.kms(neighbour).createAlias({ AliasName: otherAlias, TargetKeyId: mine });
  const input = operation.input({ ...key, reference: key.arn, other: mine, otherAlias });
  return world.raw(neighbour, operation.name, input);
}

const recordsOf = async (answer: Answer): Promise<AuditEvent[]> =>
  (await world.events()).filter(({ requestID }) => requestID === answer.headers['x-amzn-requestid']);

const onlyOwn =
  /on this resource because the resource does not exist in this Region, no resource-based policies allow/;

for (const operation of keyOperations) {
  const { title, name, action, crossAccount = false } = operation;
  // Permitted on the account and not on the key, it answers that there is no such key.
  if (name === 'ListAliases') continue;
  test(`${title} ${crossAccount ? 'works' : 'does not work'} on another account's key that allows it`, async () => {
    const answer = await asNeighbour(operation, theirs);
    const records = await recordsOf(answer);
    if (!crossAccount) {
      assert.equal(answer.body.__type, 'AccessDeniedException');
      assert.match(String(answer.body.Message), new RegExp(`perform: ${action} ${onlyOwn.source}`));
      assert.equal(records.length, 1);
      assertHidden(records[0]);
      return;
    }
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(records.map(({ recipientAccountId }) => recipientAccountId).sort(), [
      operator.accountId,
      neighbour.accountId,
    ]);
    const [one, two] = records;
    assert.ok(one?.sharedEventID !== undefined && one.sharedEventID === two?.sharedEventID);
    assert.notEqual(one.eventID, two.eventID);
    for (const record of records) {
      assert.ok(
        record.resources.some(({ ARN, accountId }) => ARN === theirs.arn && accountId === operator.accountId),
      );
      assert.equal(record.errorCode, undefined);
    }
    const toldToOwner = records.find(({ recipientAccountId }) => recipientAccountId === operator.accountId);
    assert.deepEqual(toldToOwner?.userIdentity, {
      type: 'AWSAccount',
      principalId: neighbour.accountId,
      accountId: neighbour.accountId,
    });
    const toldToCaller = records.find(({ recipientAccountId }) => recipientAccountId === neighbour.accountId);
    assert.equal(toldToCaller?.userIdentity.type, 'Root');
  });

  test(`${title} on another account's key without access is told to the caller's audit log alone`, async () => {
    const answer = await asNeighbour(operation, hidden);
    assert.equal(answer.body.__type, 'AccessDeniedException');
    const records = await recordsOf(answer);
    assert.equal(records.length, 1);
    assertHidden(records[0]);
  });
}

/** A record of a refusal that says no more of the key than the caller had sent. */
function assertHidden(record: AuditEvent | undefined): void {
  assert.equal(record?.recipientAccountId, neighbour.accountId);
  assert.equal(record.errorCode, 'AccessDenied');
  assert.ok(record.resources.every(({ accountId }) => accountId === neighbour.accountId));
  assert.equal(record.sharedEventID, undefined);
}

test('an existing key, a missing key and an alias of either are refused in the same words', async () => {
  await world.kms().createAlias({ AliasName: 'alias/hidden', TargetKeyId: hidden.arn });
  const prefix = `arn:aws:kms:${home}:${operator.accountId}:`;
  const references = [
    hidden.arn,
    `${prefix}key/1234abcd-12ab-34cd-56ef-1234567890ab`,
    `${prefix}alias/hidden`,
    `${prefix}alias/unknown`,
  ];
  const answers = await Promise.all(
    references.map((KeyId) => refused(world.kms(stranger).describeKey({ KeyId }))),
  );
  const message = `User: ${rootOf(stranger)} is not authorized to perform: kms:DescribeKey on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`;
  for (const answer of answers) assert.deepEqual(answer, refusal('AccessDeniedException', message));
});

test('a ciphertext of a key without access and one of a key that is no more are refused in the same words', async () => {
  const gone = await newSubject(world);
  await world.kms().scheduleKeyDeletion({ KeyId: gone.arn, PendingWindowInDays: 7 });
  await world.passDays(8);
  const message = `User: ${rootOf(stranger)} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`;
  for (const { ciphertext } of [hidden, gone]) {
    const answer = await refused(world.kms(stranger).decrypt({ CiphertextBlob: ciphertext }));
    assert.deepEqual(answer, refusal('AccessDeniedException', message));
  }
});

test('a disabled key of another account is told to be so only to who may use it', async () => {
  const { arn } = await newSubject(world);
  await world.kms().putKeyPolicy({ KeyId: arn, Policy: JSON.stringify(everything) });
  await world.kms().disableKey({ KeyId: arn });
  const ask = { KeyId: arn, NumberOfBytes: 16 };
  assert.deepEqual(
    await refused(world.kms(neighbour).generateDataKey(ask)),
    refusal('DisabledException', `${arn} is disabled.`),
  );
  assert.equal((await refused(world.kms(stranger).generateDataKey(ask))).code, 'AccessDeniedException');
});

test("the short id of another account's key is enough where its ciphertext is with it", async () => {
  const theirsId = idOf(theirs.arn);
  const kms = world.kms(neighbour);
  const opened = await kms.decrypt({ KeyId: theirsId, CiphertextBlob: theirs.ciphertext });
  assert.equal(opened.KeyId, theirs.arn);
  const DestinationKeyId = await world.newKey(neighbour);
  const moved = await kms.reEncrypt({
    SourceKeyId: theirsId,
    DestinationKeyId,
    CiphertextBlob: theirs.ciphertext,
  });
  assert.equal(moved.SourceKeyId, theirs.arn);
  const unknown = (id: string) =>
    refusal('NotFoundException', `Key 'arn:aws:kms:${home}:${neighbour.accountId}:key/${id}' does not exist`);
  const Plaintext = Buffer.from('x');
  assert.deepEqual(await refused(kms.encrypt({ KeyId: theirsId, Plaintext })), unknown(theirsId));
  // Without access it is an id that no key has, as it would be without the ciphertext.
  const { arn, ciphertext } = hidden;
  assert.deepEqual(
    await refused(kms.decrypt({ KeyId: idOf(arn), CiphertextBlob: ciphertext })),
    unknown(idOf(arn)),
  );
});
