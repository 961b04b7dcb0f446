/**
 * Each condition key that a key policy can ask for, end to end: a key whose policy allows the caller only
 * under that condition is used when the condition is met, and neither when it is not nor when the request
 * does not have the key at all.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { freshAliasName } from './key-operations.ts';
import {
  allow,
  away,
  dayMs,
  denied,
  hiddenDenial,
  home,
  idOf,
  neighbour,
  operator,
  policy,
  type Refused,
  refusalOf,
  refused,
  rootOf,
  World,
} from './world.ts';

const world = await World.start();
after(() => world.stop());

interface Request {
  readonly name: string;
  readonly input: (key: string) => object | Promise<object>;
  /** As a denial names it, where that is not the operation's name. */
  readonly action?: string;
}

interface Case {
  readonly key: string;
  readonly operator: string;
  readonly met: string;
  readonly unmet: string;
  readonly request: Request;
  /** A request that does not have the condition key. */
  readonly absent?: Request;
  /** Whether the owner of the key asks, for operations that no other account can use. */
  readonly own?: true;
}

const plaintext = Buffer.from('a plaintext');
const ask = (name: string, more: object = {}): Request => ({
  name,
  input: (key) => ({ KeyId: key, ...more }),
});
const encrypt = (EncryptionContext?: object): Request =>
  ask('Encrypt', { Plaintext: plaintext, EncryptionContext });
const tags = (...keys: readonly string[]): object => ({
  Tags: keys.map((TagKey) => ({ TagKey, TagValue: 'shop' })),
});
const describe = ask('DescribeKey');
const own = { own: true } as const;
const openPolicy = JSON.stringify(policy(allow(rootOf(operator), 'kms:*')));

async function ciphertextOf(key: string, context?: Record<string, string>): Promise<Buffer> {
  const { CiphertextBlob = new Uint8Array() } = await world
    .kms()
    .encrypt({ KeyId: key, Plaintext: plaintext, EncryptionContext: context });
  return Buffer.from(CiphertextBlob);
}

const onSameKey: Request = {
  name: 'ReEncrypt',
  action: 'kms:ReEncryptFrom',
  input: async (key) => ({
    SourceKeyId: key,
    DestinationKeyId: key,
    CiphertextBlob: await ciphertextOf(key),
  }),
};
const toAnotherKey: Request = {
  ...onSameKey,
  input: async (key) => ({
    SourceKeyId: key,
    DestinationKeyId: await world.newKey(neighbour),
    CiphertextBlob: await ciphertextOf(key),
  }),
};
const decryptWithContext: Request = {
  name: 'Decrypt',
  input: async (key) => ({
    CiphertextBlob: await ciphertextOf(key, { team: 'shop' }),
    KeyId: key,
    EncryptionContext: { team: 'shop' },
  }),
};
const reEncryptWithContext: Request = {
  ...onSameKey,
  input: async (key) => ({
    SourceKeyId: key,
    DestinationKeyId: await world.newKey(neighbour),
    CiphertextBlob: await ciphertextOf(key, { team: 'shop' }),
    SourceEncryptionContext: { team: 'shop' },
    DestinationEncryptionContext: { team: 'other' },
  }),
};

const equals = 'StringEquals';
const anyEquals = 'ForAnyValue:StringEquals';
const iso = (timeMs: number): string => new Date(timeMs).toISOString();
const now = world.nowMs();

const cases: readonly Case[] = [
  // From the request.
  {
    key: 'kms:EncryptionAlgorithm',
    operator: equals,
    met: 'SYMMETRIC_DEFAULT',
    unmet: 'RSAES_OAEP_SHA_256',
    request: encrypt(),
    absent: describe,
  },
  {
    key: 'kms:EncryptionAlgorithm',
    operator: equals,
    met: 'SYMMETRIC_DEFAULT',
    unmet: 'RSAES_OAEP_SHA_256',
    request: ask('GenerateDataKey', { NumberOfBytes: 9 }),
  },
  {
    key: 'kms:EncryptionContext:team',
    operator: equals,
    met: 'shop',
    unmet: 'Shop',
    request: encrypt({ team: 'shop' }),
    absent: encrypt(),
  },
  {
    key: 'kms:EncryptionContext:TEAM',
    operator: equals,
    met: 'shop',
    unmet: 'other',
    request: encrypt({ team: 'shop' }),
    absent: encrypt({ teams: 'shop' }),
  },
  {
    key: 'kms:EncryptionContext:team',
    operator: equals,
    met: 'shop',
    unmet: 'other',
    request: decryptWithContext,
  },
  {
    key: 'kms:EncryptionContext:team',
    operator: equals,
    met: 'shop',
    unmet: 'other',
    request: reEncryptWithContext,
  },
  {
    key: 'kms:EncryptionContextKeys',
    operator: anyEquals,
    met: 'team',
    unmet: 'Team',
    request: encrypt({ team: 'shop', a: 'b' }),
    absent: encrypt(),
  },
  {
    key: 'kms:DataKeySpec',
    operator: equals,
    met: 'AES_256',
    unmet: 'AES_128',
    request: ask('GenerateDataKey', { KeySpec: 'AES_256' }),
    absent: ask('GenerateDataKey', { NumberOfBytes: 32 }),
  },
  {
    key: 'kms:DataKeySpec',
    operator: equals,
    met: 'AES_128',
    unmet: 'AES_256',
    request: ask('GenerateDataKeyWithoutPlaintext', { KeySpec: 'AES_128' }),
  },
  {
    key: 'kms:ReEncryptOnSameKey',
    operator: 'Bool',
    met: 'true',
    unmet: 'false',
    request: onSameKey,
    absent: encrypt(),
  },
  { key: 'kms:ReEncryptOnSameKey', operator: 'Bool', met: 'false', unmet: 'true', request: toAnotherKey },
  {
    key: 'kms:PolicyName',
    operator: equals,
    met: 'default',
    unmet: 'AWS_RAM',
    request: ask('GetKeyPolicy'),
    absent: ask('ListKeyPolicies'),
    ...own,
  },
  {
    key: 'kms:PolicyName',
    operator: equals,
    met: 'default',
    unmet: 'AWS_RAM',
    request: ask('PutKeyPolicy', { Policy: openPolicy }),
    ...own,
  },
  {
    key: 'kms:BypassPolicyLockoutSafetyCheck',
    operator: 'Bool',
    met: 'true',
    unmet: 'false',
    request: ask('PutKeyPolicy', { Policy: openPolicy, BypassPolicyLockoutSafetyCheck: true }),
    absent: ask('PutKeyPolicy', { Policy: openPolicy }),
    ...own,
  },
  {
    key: 'kms:ScheduleKeyDeletionPendingWindowInDays',
    operator: 'NumericEquals',
    met: '10',
    unmet: '11',
    request: ask('ScheduleKeyDeletion', { PendingWindowInDays: 10 }),
    absent: ask('DisableKey'),
    ...own,
  },
  {
    key: 'kms:ScheduleKeyDeletionPendingWindowInDays',
    operator: 'NumericEquals',
    met: '30',
    unmet: '7',
    request: ask('ScheduleKeyDeletion'),
    ...own,
  },
  {
    key: 'kms:RotationPeriodInDays',
    operator: 'NumericLessThanEquals',
    met: '180',
    unmet: '179',
    request: ask('EnableKeyRotation', { RotationPeriodInDays: 180 }),
    absent: ask('DisableKeyRotation'),
    ...own,
  },
  {
    key: 'kms:RotationPeriodInDays',
    operator: 'NumericEquals',
    met: '365',
    unmet: '90',
    request: ask('EnableKeyRotation'),
    ...own,
  },
  {
    key: 'aws:RequestTag/team',
    operator: equals,
    met: 'shop',
    unmet: 'other',
    request: ask('TagResource', tags('team')),
    absent: ask('TagResource', tags('other')),
    ...own,
  },
  {
    key: 'aws:TagKeys',
    operator: anyEquals,
    met: 'team',
    unmet: 'Team',
    request: ask('TagResource', tags('team', 'cost')),
    absent: ask('UpdateKeyDescription', { Description: '' }),
    ...own,
  },
  {
    key: 'aws:TagKeys',
    operator: anyEquals,
    met: 'team',
    unmet: 'other',
    request: ask('UntagResource', { TagKeys: ['team'] }),
    ...own,
  },
  // From the key.
  { key: 'kms:KeySpec', operator: equals, met: 'SYMMETRIC_DEFAULT', unmet: 'RSA_2048', request: describe },
  {
    key: 'kms:CustomerMasterKeySpec',
    operator: equals,
    met: 'SYMMETRIC_DEFAULT',
    unmet: 'RSA_2048',
    request: describe,
  },
  { key: 'kms:KeyUsage', operator: equals, met: 'ENCRYPT_DECRYPT', unmet: 'SIGN_VERIFY', request: encrypt() },
  {
    key: 'kms:CustomerMasterKeyUsage',
    operator: equals,
    met: 'ENCRYPT_DECRYPT',
    unmet: 'SIGN_VERIFY',
    request: encrypt(),
  },
  { key: 'kms:KeyOrigin', operator: equals, met: 'AWS_KMS', unmet: 'EXTERNAL', request: describe },
  { key: 'kms:MultiRegion', operator: 'Bool', met: 'false', unmet: 'true', request: describe },
  {
    key: 'aws:ResourceAccount',
    operator: equals,
    met: operator.accountId,
    unmet: neighbour.accountId,
    request: describe,
  },
  // From the caller and the connection.
  {
    key: 'kms:CallerAccount',
    operator: equals,
    met: neighbour.accountId,
    unmet: operator.accountId,
    request: describe,
  },
  {
    key: 'aws:PrincipalAccount',
    operator: equals,
    met: neighbour.accountId,
    unmet: operator.accountId,
    request: describe,
  },
  {
    key: 'aws:PrincipalArn',
    operator: 'ArnEquals',
    met: rootOf(neighbour),
    unmet: rootOf(operator),
    request: describe,
  },
  { key: 'aws:PrincipalType', operator: equals, met: 'Account', unmet: 'User', request: describe },
  { key: 'aws:PrincipalIsAWSService', operator: 'Bool', met: 'false', unmet: 'true', request: describe },
  {
    key: 'aws:userid',
    operator: equals,
    met: neighbour.accountId,
    unmet: operator.accountId,
    request: describe,
  },
  { key: 'aws:ViaAWSService', operator: 'Bool', met: 'false', unmet: 'true', request: describe },
  { key: 'aws:SourceIp', operator: 'IpAddress', met: '127.0.0.0/8', unmet: '10.0.0.0/8', request: describe },
  { key: 'aws:SecureTransport', operator: 'Bool', met: 'false', unmet: 'true', request: describe },
  { key: 'aws:RequestedRegion', operator: equals, met: home, unmet: away, request: describe },
  {
    key: 'aws:CurrentTime',
    operator: 'DateLessThan',
    met: iso(now + dayMs),
    unmet: iso(now - dayMs),
    request: describe,
  },
  {
    key: 'aws:EpochTime',
    operator: 'NumericGreaterThan',
    met: String(Math.floor(now / 1000) - 3600),
    unmet: String(Math.floor(now / 1000) + 3600),
    request: describe,
  },
];

const conditional = (given: Case, value: string): object =>
  policyUnder({ [given.operator]: { [given.key]: value } }, given.own, given.request, given.absent);

/** Everything the key's owner needs to prepare a request is allowed; what is tried is so only under the condition. */
function policyUnder(
  condition: object,
  isOwn: true | undefined,
  ...requests: readonly (Request | undefined)[]
): object {
  if (isOwn === undefined) {
    return policy(allow(rootOf(operator), 'kms:*'), allow(rootOf(neighbour), 'kms:*', condition));
  }
  const tried = requests.flatMap((request) => (request === undefined ? [] : [actionOf(request)]));
  return policy(allow(rootOf(operator), tried, condition));
}

const actionOf = ({ name, action = `kms:${name}` }: Request): string => action;

async function answer(
  given: Case,
  value: string,
  request: Request,
): Promise<{ key: string; said: Refused | undefined }> {
  const key = await world.newKey(operator, home, conditional(given, value));
  const caller = given.own ? operator : neighbour;
  return { key, said: refusalOf(await world.raw(caller, request.name, await request.input(key))) };
}

const denial = (given: Case, key: string, request: Request): Refused =>
  given.own ? denied(operator, actionOf(request), key) : hiddenDenial(neighbour, actionOf(request));

for (const [index, given] of cases.entries()) {
  const { key, operator: how, met, unmet, request, absent } = given;
  const where = `${request.name} (${index + 1})`;
  test(`${key} is met: ${where} is allowed by ${how} ${met}`, async () => {
    assert.equal((await answer(given, met, request)).said, undefined);
  });
  test(`${key} is not met: ${where} is denied by ${how} ${unmet}`, async () => {
    const { key: arn, said } = await answer(given, unmet, request);
    assert.deepEqual(said, denial(given, arn, request));
  });
  if (absent === undefined) continue;
  test(`${key} is absent: ${absent.name} (${index + 1}) is denied by ${how} ${met}`, async () => {
    const { key: arn, said } = await answer(given, met, absent);
    assert.deepEqual(said, denial(given, arn, absent));
  });
}

test('aws:ResourceTag is that of the key as it is now', async () => {
  const under = policyUnder({ StringEquals: { 'aws:ResourceTag/team': 'shop' } }, undefined);
  const KeyId = await world.newKey(operator, home, under);
  const use = () => world.kms(neighbour).describeKey({ KeyId });
  assert.deepEqual(await refused(use()), hiddenDenial(neighbour, 'kms:DescribeKey'));
  await world.kms().tagResource({ KeyId, Tags: [{ TagKey: 'team', TagValue: 'shop' }] });
  await use();
  await world.kms().tagResource({ KeyId, Tags: [{ TagKey: 'team', TagValue: 'other' }] });
  assert.deepEqual(await refused(use()), hiddenDenial(neighbour, 'kms:DescribeKey'));
  await world.kms().untagResource({ KeyId, TagKeys: ['team'] });
  assert.deepEqual(await refused(use()), hiddenDenial(neighbour, 'kms:DescribeKey'));
});

test('aws:UserAgent is what the client says it is, and absent when it says nothing', async () => {
  const KeyId = await world.newKey(
    operator,
    home,
    policyUnder({ StringLike: { 'aws:UserAgent': 'aws-sdk-js/*' } }, undefined),
  );
  await world.kms(neighbour).describeKey({ KeyId });
  const silent = refusalOf(await world.raw(neighbour, 'DescribeKey', { KeyId }));
  assert.deepEqual(silent, hiddenDenial(neighbour, 'kms:DescribeKey'));
});

test('kms:RequestAlias is the alias that the request names the key by, and absent without one', async () => {
  const [alias, other] = [freshAliasName(), freshAliasName()];
  const under = policyUnder({ StringEquals: { 'kms:RequestAlias': alias } }, undefined);
  const KeyId = await world.newKey(operator, home, under);
  for (const AliasName of [alias, other]) await world.kms().createAlias({ AliasName, TargetKeyId: KeyId });
  const by = (reference: string) => world.kms(neighbour).describeKey({ KeyId: reference });
  const arnOf = (name: string): string => `arn:aws:kms:${home}:${operator.accountId}:${name}`;
  await by(arnOf(alias));
  for (const reference of [arnOf(other), KeyId]) {
    assert.deepEqual(await refused(by(reference)), hiddenDenial(neighbour, 'kms:DescribeKey'));
  }
});

test('each of the two keys of ReEncrypt is decided with its own encryption context', async () => {
  const from = await world.newKey(
    operator,
    home,
    policyUnder({ StringEquals: { 'kms:EncryptionContext:side': 'source' } }, undefined),
  );
  const to = await world.newKey(
    operator,
    home,
    policyUnder({ StringEquals: { 'kms:EncryptionContext:side': 'destination' } }, undefined),
  );
  const ask = async (source: string, destination: string) =>
    world.raw(neighbour, 'ReEncrypt', {
      SourceKeyId: from,
      DestinationKeyId: to,
      CiphertextBlob: await ciphertextOf(from, { side: source }),
      SourceEncryptionContext: { side: source },
      DestinationEncryptionContext: { side: destination },
    });
  assert.equal((await ask('source', 'destination')).status, 200);
  assert.deepEqual(
    refusalOf(await ask('destination', 'destination')),
    hiddenDenial(neighbour, 'kms:ReEncryptFrom'),
  );
  assert.deepEqual(refusalOf(await ask('source', 'source')), hiddenDenial(neighbour, 'kms:ReEncryptTo'));
});

/** Keys that exist elsewhere and that a request of a root with long-term credentials does not have. */
const absentFrom: readonly { readonly request: Request; readonly keys: readonly string[] }[] = [
  {
    request: describe,
    keys: [
      ...['aws:username', 'aws:MultiFactorAuthPresent', 'aws:MultiFactorAuthAge', 'aws:TokenIssueTime'],
      ...['aws:FederatedProvider', 'aws:SourceIdentity', 'aws:PrincipalTag/team', 'aws:PrincipalServiceName'],
      ...['aws:PrincipalOrgID', 'aws:ResourceOrgID', 'aws:SourceVpc', 'aws:SourceVpce', 'aws:VpcSourceIp'],
      ...['aws:SourceArn', 'aws:SourceAccount', 'aws:CalledVia', 'aws:referer', 'kms:ViaService'],
      ...[
        'aws:ResourceTag/team',
        'aws:RequestTag/team',
        'aws:TagKeys',
        'kms:RequestAlias',
        'kms:ResourceAliases',
      ],
      ...[
        'kms:EncryptionAlgorithm',
        'kms:EncryptionContext:team',
        'kms:EncryptionContextKeys',
        'kms:DataKeySpec',
      ],
      ...[
        'kms:ReEncryptOnSameKey',
        'kms:PolicyName',
        'kms:BypassPolicyLockoutSafetyCheck',
        'kms:MultiRegionKeyType',
      ],
      ...[
        'kms:GrantOperations',
        'kms:GranteePrincipal',
        'kms:ValidTo',
        'kms:ExpirationModel',
        'kms:SigningAlgorithm',
      ],
      ...['kms:RotationPeriodInDays', 'kms:ScheduleKeyDeletionPendingWindowInDays', 'kms:MacAlgorithm'],
      ...[
        'kms:RecipientAttestation:ImageSha384',
        'kms:WrappingAlgorithm',
        'kms:PrimaryRegion',
        'kms:ReplicaRegion',
      ],
    ],
  },
  {
    request: encrypt(),
    keys: [
      'kms:EncryptionContext:team',
      'kms:EncryptionContextKeys',
      'kms:DataKeySpec',
      'kms:ReEncryptOnSameKey',
    ],
  },
  { request: encrypt({ team: 'shop' }), keys: ['kms:EncryptionContext:teams', 'kms:DataKeySpec'] },
  {
    request: ask('GenerateDataKey', { NumberOfBytes: 8 }),
    keys: ['kms:DataKeySpec', 'kms:ReEncryptOnSameKey'],
  },
];

for (const { request, keys } of absentFrom) {
  for (const key of keys) {
    test(`${key} is absent from ${request.name}${request === absentFrom[2]?.request ? ' with an encryption context' : ''}`, async () => {
      const under = (isAbsent: string) =>
        world.newKey(operator, home, policyUnder({ Null: { [key]: isAbsent } }, undefined));
      const use = async (arn: string) =>
        refusalOf(await world.raw(neighbour, request.name, await request.input(arn)));
      assert.equal(await use(await under('true')), undefined);
      assert.deepEqual(await use(await under('false')), hiddenDenial(neighbour, actionOf(request)));
    });
  }
}

test('a condition key that nobody knows never allows, whatever the operator', async () => {
  for (const condition of [
    { StringNotEquals: { 'kms:NoSuchKey': 'x' } },
    { StringEqualsIfExists: { 'aws:NoSuchKey': 'x' } },
    { Null: { 'kms:NoSuchKey': 'true' } },
  ]) {
    const KeyId = await world.newKey(operator, home, policyUnder(condition, undefined));
    const said = await refused(world.kms(neighbour).describeKey({ KeyId }));
    assert.deepEqual(said, hiddenDenial(neighbour, 'kms:DescribeKey'), JSON.stringify(condition));
  }
});

test('an alias is named in a condition without Region and account, whichever way it was sent', async () => {
  const alias = freshAliasName();
  const under = policy(
    allow(rootOf(operator), ['kms:CreateAlias', 'kms:PutKeyPolicy']),
    allow(rootOf(operator), 'kms:DescribeKey', { StringEquals: { 'kms:RequestAlias': alias } }),
  );
  const arn = await world.newKey(operator, home, under);
  await world.kms().createAlias({ AliasName: alias, TargetKeyId: arn });
  await world.kms().describeKey({ KeyId: alias });
  await world.kms().describeKey({ KeyId: `arn:aws:kms:${home}:${operator.accountId}:${alias}` });
  assert.deepEqual(
    await refused(world.kms().describeKey({ KeyId: idOf(arn) })),
    denied(operator, 'kms:DescribeKey', arn),
  );
});

test('a key that is free only from tomorrow on is so by the clock of the server', async () => {
  const from = iso(world.nowMs() + dayMs);
  const KeyId = await world.newKey(
    operator,
    home,
    policyUnder({ DateGreaterThan: { 'aws:CurrentTime': from } }, undefined),
  );
  assert.equal((await refused(world.kms(neighbour).describeKey({ KeyId }))).code, 'AccessDeniedException');
  await world.passDays(2);
  await world.kms(neighbour).describeKey({ KeyId });
});
