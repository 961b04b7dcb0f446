/** Whoever has an account of their own on the same server: what they can reach, and learn, of another's keys. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DevServer, neighbour, operator, startDevServer } from '../support/dev-server.ts';
import { type Answer, Caller, policyOf } from './attacker.ts';

const missingKeyId = '00000000-0000-4000-8000-000000000000';
const region = 'us-east-1';

describe('another account', () => {
  let server: DevServer;
  let owner: Caller;
  let stranger: Caller;
  let key: { readonly id: string; readonly arn: string };
  let ciphertext: Buffer;

  before(async () => {
    server = await startDevServer();
    owner = new Caller(server);
    stranger = new Caller(server, { credentials: neighbour });
    key = await owner.createKey();
    ciphertext = await owner.encrypt(key.id, 'secret');
    await owner.does('CreateAlias', { AliasName: 'alias/orders', TargetKeyId: key.id });
    await owner.does('TagResource', { KeyId: key.id, Tags: [{ TagKey: 'team', TagValue: 'shop' }] });
  });
  after(() => server?.stop());

  /** What is the same for every request but for its id, with the identifiers that the caller sent made equal. */
  const comparable = ({ status, headers, text }: Answer, sent: readonly string[]): string => {
    const named = Object.entries(headers).filter(([name]) => !['x-amzn-requestid', 'date'].includes(name));
    let same = `${status} ${JSON.stringify(named)} ${text}`;
    for (const identifier of sent) same = same.replaceAll(identifier, 'IDENTIFIER');
    return same;
  };

  /** Each operation on a key, as a function of the key's identifier. */
  const operations: Readonly<Record<string, (keyId: string) => object>> = {
    CancelKeyDeletion: (KeyId) => ({ KeyId }),
    CreateAlias: (TargetKeyId) => ({ AliasName: 'alias/mine', TargetKeyId }),
    Decrypt: (KeyId) => ({ KeyId, CiphertextBlob: ciphertext.toString('base64') }),
    DescribeKey: (KeyId) => ({ KeyId }),
    DisableKey: (KeyId) => ({ KeyId }),
    DisableKeyRotation: (KeyId) => ({ KeyId }),
    EnableKey: (KeyId) => ({ KeyId }),
    EnableKeyRotation: (KeyId) => ({ KeyId }),
    Encrypt: (KeyId) => ({ KeyId, Plaintext: 'AAAA' }),
    GenerateDataKey: (KeyId) => ({ KeyId, KeySpec: 'AES_256' }),
    GenerateDataKeyWithoutPlaintext: (KeyId) => ({ KeyId, NumberOfBytes: 16 }),
    GetKeyLastUsage: (KeyId) => ({ KeyId }),
    GetKeyPolicy: (KeyId) => ({ KeyId }),
    GetKeyRotationStatus: (KeyId) => ({ KeyId }),
    ListAliases: (KeyId) => ({ KeyId }),
    ListKeyPolicies: (KeyId) => ({ KeyId }),
    ListKeyRotations: (KeyId) => ({ KeyId }),
    ListResourceTags: (KeyId) => ({ KeyId }),
    PutKeyPolicy: (KeyId) => ({ KeyId, Policy: JSON.stringify(policyOf(neighbour.accountId)) }),
    ReEncrypt: (DestinationKeyId) => ({ DestinationKeyId, CiphertextBlob: ciphertext.toString('base64') }),
    RotateKeyOnDemand: (KeyId) => ({ KeyId }),
    ScheduleKeyDeletion: (KeyId) => ({ KeyId, PendingWindowInDays: 7 }),
    TagResource: (KeyId) => ({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }),
    UntagResource: (KeyId) => ({ KeyId, TagKeys: ['team'] }),
    UpdateKeyDescription: (KeyId) => ({ KeyId, Description: 'taken over' }),
  };

  for (const [operation, input] of Object.entries(operations)) {
    test(`${operation}: another account's key answers like one that does not exist, byte for byte`, async () => {
      const answers = new Map<string, string>();
      for (const [keyId, missing] of [
        [key.arn, key.arn.replace(key.id, missingKeyId)],
        [key.id, missingKeyId],
        [key.arn.replace(`key/${key.id}`, 'alias/orders'), key.arn.replace(`key/${key.id}`, 'alias/absent')],
        ['alias/orders', 'alias/absent'],
        [
          key.arn.replace(operator.accountId, neighbour.accountId),
          `arn:aws:kms:${region}:${neighbour.accountId}:key/${missingKeyId}`,
        ],
        [
          key.arn.replace(region, 'eu-west-1'),
          key.arn.replace(region, 'eu-west-1').replace(key.id, missingKeyId),
        ],
      ] as const) {
        const sent = (identifier: string): string[] => [
          identifier,
          identifier.slice(identifier.lastIndexOf(':') + 1),
          identifier.slice(identifier.lastIndexOf('/') + 1),
        ];
        const real = await stranger.kms(operation, input(keyId));
        const absent = await stranger.kms(operation, input(missing));
        assert.equal(real.status, 400, `${keyId}: ${real.text}`);
        assert.equal(comparable(real, sent(keyId)), comparable(absent, sent(missing)), keyId);
        answers.set(keyId, real.code);
      }
      // The owner's key in full: forbidden, not missing, whichever operation. ListAliases names no key but one's own.
      assert.equal(
        answers.get(key.arn),
        operation === 'ListAliases' ? 'NotFoundException' : 'AccessDeniedException',
      );
    });
  }

  test('nothing that the stranger tried has changed the key', async () => {
    const { KeyMetadata } = await owner.does('DescribeKey', { KeyId: key.id });
    assert.deepEqual([KeyMetadata.KeyState, KeyMetadata.Description], ['Enabled', '']);
    const { Tags } = await owner.does('ListResourceTags', { KeyId: key.id });
    assert.deepEqual(Tags, [{ TagKey: 'team', TagValue: 'shop' }]);
    const { Aliases } = await owner.does('ListAliases', { KeyId: key.id });
    assert.equal(Aliases.length, 1);
    const { Rotations } = await owner.does('ListKeyRotations', { KeyId: key.id });
    assert.equal(Rotations.length, 0);
  });

  test("a ciphertext of another account's key is refused like one of a key that does not exist", async () => {
    const forged = Buffer.from(ciphertext);
    forged.write(missingKeyId.replaceAll('-', ''), 4, 'hex');
    const [real, absent] = await Promise.all(
      [ciphertext, forged].map((blob) =>
        stranger.kms('Decrypt', { CiphertextBlob: blob.toString('base64') }),
      ),
    );
    assert.ok(real && absent);
    assert.equal(real.code, 'AccessDeniedException');
    assert.equal(comparable(real, []), comparable(absent, []));
    const mine = await stranger.createKey();
    const moved = await Promise.all(
      [ciphertext, forged].map((blob) =>
        stranger.kms('ReEncrypt', { CiphertextBlob: blob.toString('base64'), DestinationKeyId: mine.id }),
      ),
    );
    assert.equal(comparable(moved[0] ?? real, []), comparable(moved[1] ?? absent, []));
    assert.equal(moved[0]?.code, 'AccessDeniedException');
    // Under a key of one's own it is a ciphertext of another key, and no more.
    await stranger.refused(
      'Decrypt',
      { CiphertextBlob: ciphertext.toString('base64'), KeyId: mine.id },
      'IncorrectKeyException',
    );
  });

  test('a key with an explicit deny for the stranger answers like one that does not exist', async () => {
    const denied = await owner.createKey(
      policyOf(operator.accountId, {
        Effect: 'Deny',
        Principal: { AWS: neighbour.accountId },
        Action: '*',
        Resource: '*',
      }),
    );
    for (const operation of ['Encrypt', 'DescribeKey', 'GetKeyRotationStatus', 'ScheduleKeyDeletion']) {
      const input = operations[operation] ?? (() => ({}));
      const real = await stranger.kms(operation, input(denied.arn));
      const absent = await stranger.kms(operation, input(denied.arn.replace(denied.id, missingKeyId)));
      assert.equal(comparable(real, [denied.id]), comparable(absent, [missingKeyId]), operation);
    }
  });

  test('a disabled or dying key of another account answers like one that does not exist', async () => {
    const disabled = await owner.createKey();
    await owner.does('DisableKey', { KeyId: disabled.id });
    const dying = await owner.createKey();
    await owner.does('ScheduleKeyDeletion', { KeyId: dying.id });
    for (const each of [disabled, dying]) {
      for (const [operation, input] of Object.entries(operations)) {
        const real = await stranger.kms(operation, input(each.arn));
        const absent = await stranger.kms(operation, input(each.arn.replace(each.id, missingKeyId)));
        assert.equal(comparable(real, [each.id]), comparable(absent, [missingKeyId]), operation);
      }
    }
  });

  test('listings show nothing of another account', async () => {
    const mine = await stranger.createKey();
    for (const operation of ['ListKeys', 'ListAliases']) {
      const { text } = await stranger.kms(operation, {});
      assert.doesNotMatch(text, new RegExp(`${key.id}|alias/orders|${operator.accountId}`));
    }
    const { Keys } = await stranger.does('ListKeys', { Limit: 1000 });
    assert.ok(Keys.some(({ KeyId }: { KeyId: string }) => KeyId === mine.id));
  });

  test("an alias of one's own cannot point at another account's key, nor at an alias", async () => {
    for (const TargetKeyId of [key.arn, key.id, key.arn.replace(operator.accountId, neighbour.accountId)]) {
      const answer = await stranger.kms('CreateAlias', { AliasName: 'alias/grab', TargetKeyId });
      assert.match(answer.code, /^(AccessDenied|NotFound)Exception$/, answer.text);
    }
    for (const TargetKeyId of ['alias/orders', key.arn.replace(`key/${key.id}`, 'alias/orders')]) {
      await stranger.refused('CreateAlias', { AliasName: 'alias/grab', TargetKeyId }, 'ValidationException');
    }
    const mine = await stranger.createKey();
    await stranger.does('CreateAlias', { AliasName: 'alias/mine', TargetKeyId: mine.id });
    await stranger.refused(
      'UpdateAlias',
      { AliasName: 'alias/mine', TargetKeyId: key.arn },
      'AccessDeniedException',
    );
    await stranger.refused(
      'UpdateAlias',
      { AliasName: 'alias/orders', TargetKeyId: mine.id },
      'NotFoundException',
    );
    await stranger.refused('DeleteAlias', { AliasName: 'alias/orders' }, 'NotFoundException');
    // The same name means another key in each account.
    await stranger.does('CreateAlias', { AliasName: 'alias/orders', TargetKeyId: mine.id });
    const [theirs, ours] = [
      await stranger.encrypt('alias/orders', 'x'),
      await owner.encrypt('alias/orders', 'x'),
    ];
    assert.notDeepEqual(theirs.subarray(4, 20), ours.subarray(4, 20));
  });

  test('nobody makes, moves or deletes an alias in the name of AWS', async () => {
    const mine = await stranger.createKey();
    for (const AliasName of ['alias/aws/s3', 'alias/aws/mine', 'alias/aws/']) {
      await stranger.refused('CreateAlias', { AliasName, TargetKeyId: mine.id }, 'NotAuthorizedException');
      await stranger.refused('UpdateAlias', { AliasName, TargetKeyId: mine.id }, 'NotAuthorizedException');
      await stranger.refused('DeleteAlias', { AliasName }, 'NotAuthorizedException');
    }
    for (const AliasName of ['alias/AWS/s3', 'alias/aws', 'alias//aws/s3', 'alias/aws-s3']) {
      await stranger.does('CreateAlias', { AliasName, TargetKeyId: mine.id });
    }
    // What looks like it is not it: the service's own alias leads to another key.
    const { KeyMetadata } = await stranger.does('DescribeKey', { KeyId: 'alias/aws/s3' });
    assert.equal(KeyMetadata.KeyManager, 'AWS');
    assert.notEqual(KeyMetadata.KeyId, mine.id);
    await stranger.refused('DisableKey', { KeyId: KeyMetadata.KeyId }, 'AccessDeniedException');
  });

  test("an AWS managed key cannot be changed or used directly, not even by its account's root", async () => {
    const { KeyMetadata } = await owner.does('DescribeKey', { KeyId: 'alias/aws/ebs' });
    for (const operation of [
      'Encrypt',
      'DisableKey',
      'ScheduleKeyDeletion',
      'PutKeyPolicy',
      'TagResource',
      'CreateAlias',
    ]) {
      const input = operations[operation] ?? (() => ({}));
      await owner.refused(operation, input(KeyMetadata.KeyId), 'AccessDeniedException');
    }
  });

  test("the operator's API is closed to the root of every other account", async () => {
    for (const [operation, input] of Object.entries({
      DescribeInstallation: {},
      RotateRootKey: {},
      RotateDomainKey: { Region: region },
      SetClock: { Time: 0 },
      InjectFault: { Fault: 'storage:lost' },
    })) {
      const answer = await stranger.operate(operation, input);
      assert.equal(answer.code, 'AccessDeniedException', answer.text);
    }
    assert.equal((await owner.operate('DescribeInstallation', {})).status, 200);
  });

  test('a key that is shared for one operation is shared for no other', async () => {
    const shared = await owner.createKey(
      policyOf(operator.accountId, {
        Effect: 'Allow',
        Principal: { AWS: neighbour.accountId },
        Action: 'kms:Encrypt',
        Resource: '*',
      }),
    );
    await stranger.does('Encrypt', { KeyId: shared.arn, Plaintext: 'AAAA' });
    for (const [operation, input] of Object.entries(operations)) {
      if (operation === 'Encrypt' || operation === 'ListAliases') continue;
      await stranger.refused(operation, input(shared.arn), 'AccessDeniedException');
    }
    // Management never crosses accounts, even where the policy says so.
    const open = await owner.createKey(
      policyOf(operator.accountId, { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }),
    );
    for (const operation of [
      'PutKeyPolicy',
      'GetKeyPolicy',
      'DisableKey',
      'ScheduleKeyDeletion',
      'TagResource',
      'CreateAlias',
    ]) {
      const input = operations[operation] ?? (() => ({}));
      await stranger.refused(operation, input(open.arn), 'AccessDeniedException');
    }
  });
});
