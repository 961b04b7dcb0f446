/** Key policies: the default one, how one is replaced, and what is refused and why. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  allow,
  allowing,
  denied,
  deny,
  home,
  neighbour,
  operator,
  policy,
  refusal,
  refusalOf,
  refused,
  rootOf,
  World,
} from './world.ts';

const world = await World.start();
after(() => world.stop());
const kms = world.kms();
const own = rootOf(operator);

const text = (document: object): string => JSON.stringify(document);
const put = (KeyId: string, Policy: string, BypassPolicyLockoutSafetyCheck?: boolean) =>
  kms.putKeyPolicy({ KeyId, Policy, BypassPolicyLockoutSafetyCheck });
const malformed = (message: string) => refusal('MalformedPolicyDocumentException', message);
const lockout = malformed('The new key policy will not allow you to update the key policy in the future.');
const invalidPrincipal = malformed('Policy contains a statement with one or more invalid principals.');

test('a key made without a policy has the default one, laid out as the service lays it out', async () => {
  const { Policy, PolicyName } = await kms.getKeyPolicy({ KeyId: await world.newKey() });
  assert.equal(PolicyName, 'default');
  assert.equal(
    Policy,
    `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "${own}"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`,
  );
});

test('a policy is given back as it was written, and is in force with the next request', async () => {
  const KeyId = await world.newKey();
  const written = `{ "Version":"2012-10-17",\n\t"Statement":{"Sid":"with spaces", "Effect":"Allow","Principal":{"AWS":["${own}"]},"Action":["kms:PutKeyPolicy","kms:GetKeyPolicy"],"Resource":"*"} }`;
  assert.equal((await world.raw(operator, 'PutKeyPolicy', { KeyId, Policy: written })).text, '');
  assert.equal((await kms.getKeyPolicy({ KeyId, PolicyName: 'default' })).Policy, written);
  assert.deepEqual(await refused(kms.describeKey({ KeyId })), denied(operator, 'kms:DescribeKey', KeyId));
});

test('a policy that would keep its author from changing it again is refused, unless that check is bypassed', async () => {
  const KeyId = await world.newKey();
  for (const document of [
    allowing(rootOf(neighbour)),
    policy(allow(own, ['kms:GetKeyPolicy', 'kms:DescribeKey'])),
    policy(allow(own, 'kms:*'), deny(own, 'kms:PutKeyPolicy')),
    policy(allow(own, 'kms:*', { StringEquals: { 'aws:PrincipalAccount': neighbour.accountId } })),
    policy(allow(own, 'kms:*', { StringEquals: { 'kms:PolicyName': 'other' } })),
    policy(allow(own, 'kms:*', { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } })),
  ]) {
    assert.deepEqual(await refused(put(KeyId, text(document))), lockout, text(document));
    assert.deepEqual(await refused(kms.createKey({ Policy: text(document) })), lockout);
    await world.newKey(operator, home, document);
  }
  await put(KeyId, text(policy(allow(own, ['kms:DescribeKey']))), true);
  await kms.describeKey({ KeyId });
  assert.deepEqual(
    await refused(put(KeyId, text(allowing(own)))),
    denied(operator, 'kms:PutKeyPolicy', KeyId),
  );
});

test('the lockout check knows the key as the next request will: its tags, spec and the name of the policy', async () => {
  const KeyId = await world.newKey();
  await kms.tagResource({ KeyId, Tags: [{ TagKey: 'team', TagValue: 'shop' }] });
  const under = (condition: object): string => text(policy(allow(own, 'kms:*', condition)));
  await put(
    KeyId,
    under({ StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT', 'kms:PolicyName': 'default' } }),
  );
  await put(KeyId, under({ StringEquals: { 'aws:ResourceTag/team': 'shop' } }));
  assert.deepEqual(
    await refused(put(KeyId, under({ StringEquals: { 'aws:ResourceTag/team': 'other' } }))),
    lockout,
  );
  await kms.createKey({
    Policy: under({ StringEquals: { 'aws:ResourceTag/team': 'shop' } }),
    Tags: [{ TagKey: 'team', TagValue: 'shop' }],
  });
});

test('a policy for everyone or for the account by its number leaves its author in', async () => {
  for (const principal of ['*', operator.accountId, own]) {
    const KeyId = await world.newKey();
    await put(KeyId, text(allowing(principal)));
    await kms.describeKey({ KeyId });
  }
});

for (const principal of [
  'arn:aws:iam::000000000000:user/nobody',
  'arn:aws:iam::000000000000:role/none',
  'arn:aws:sts::000000000000:assumed-role/none/session',
  'arn:aws:iam::000000000000:group/all',
  'arn:aws:iam::000000000000:user/*',
  'arn:aws:iam::000000000000:*',
  'AIDACKCEVSQ6C2EXAMPLE',
  'nobody',
  '1234',
]) {
  test(`a policy that names ${principal}, who cannot be there, is refused`, async () => {
    const document = policy(allow(own, 'kms:*'), allow(principal, 'kms:Decrypt'));
    assert.deepEqual(await refused(put(await world.newKey(), text(document))), invalidPrincipal);
    assert.deepEqual(await refused(kms.createKey({ Policy: text(document) })), invalidPrincipal);
    // Bypassing the lockout check bypasses no other.
    assert.deepEqual(await refused(put(await world.newKey(), text(document), true)), invalidPrincipal);
  });
}

test('accounts that the installation does not have, and services, can be named', async () => {
  const named = {
    Effect: 'Allow',
    Principal: { AWS: '999999999999', Service: 'logs.eu-west-1.amazonaws.com' },
    Action: 'kms:Decrypt',
    Resource: '*',
  };
  await put(await world.newKey(), text(policy(allow(own, 'kms:*'), named)));
});

const base = { Effect: 'Allow', Principal: { AWS: own }, Action: 'kms:*', Resource: '*' };
const { Principal: _none, ...withoutPrincipal } = base;
for (const [title, document] of [
  ['is not JSON', '{"Version": '],
  ['is a JSON list', '[]'],
  ['has no `Statement`', '{"Version":"2012-10-17"}'],
  ['has no statements', text(policy())],
  ['has an unknown version', text({ Version: '2020-01-01', Statement: [base] })],
  ['has an unknown element', text({ Version: '2012-10-17', Statement: [base], Extra: 1 })],
  ['has an element twice', `{"Version":"2012-10-17","Statement":[],"Statement":[${text(base)}]}`],
  ['has a statement without an effect', text(policy({ ...base, Effect: undefined }))],
  ['has an unknown effect', text(policy({ ...base, Effect: 'Permit' }))],
  [
    'has an unknown condition operator',
    text(policy({ ...base, Condition: { StringMatches: { 'aws:userid': 'x' } } })),
  ],
  [
    'has a condition value that its operator cannot read',
    text(policy({ ...base, Condition: { Bool: { 'aws:SecureTransport': 'maybe' } } })),
  ],
] as const) {
  test(`a policy that ${title} is malformed`, async () => {
    const said = await refused(put(await world.newKey(), document));
    assert.equal(said.code, 'MalformedPolicyDocumentException');
    assert.equal(said.status, 400);
    assert.equal(
      (await refused(kms.createKey({ Policy: document }))).code,
      'MalformedPolicyDocumentException',
    );
  });
}

test('a statement without a principal is refused in the words of the service', async () => {
  const said = await refused(put(await world.newKey(), text(policy(base, withoutPrincipal))));
  assert.deepEqual(said, malformed('Policy contains a statement with no principal.'));
});

test('ForAllValues on a key with one value is refused as overly permissive', async () => {
  for (const key of ['kms:EncryptionContext:team', 'aws:RequestTag/team']) {
    const open = { ...base, Condition: { 'ForAllValues:StringEquals': { [key]: 'shop' } } };
    const { code, message = '' } = await refused(put(await world.newKey(), text(policy(base, open))));
    assert.equal(code, 'MalformedPolicyDocumentException');
    assert.match(message, /^OverlyPermissiveCondition: /);
  }
});

test('a statement without an action or a resource is taken and has no effect', async () => {
  const KeyId = await world.newKey();
  const { Action: _a, ...noAction } = base;
  const { Resource: _r, ...noResource } = base;
  await put(KeyId, text(policy(base, { ...noAction, Effect: 'Deny' }, { ...noResource, Effect: 'Deny' })));
  await kms.describeKey({ KeyId });
});

test('a policy may have 32768 bytes and not one more', async () => {
  const KeyId = await world.newKey();
  const padded = (bytes: number): string => {
    const document = text({ ...policy(base), Id: '' });
    return document.replace('"Id":""', `"Id":"${'x'.repeat(bytes - document.length)}"`);
  };
  await put(KeyId, padded(32_768));
  const over = refusal('LimitExceededException', 'The key policy exceeds the limit of 32768 bytes.');
  assert.deepEqual(await refused(put(KeyId, padded(32_769))), over);
  // What counts is bytes, not characters.
  assert.deepEqual(await refused(put(KeyId, padded(32_768).replace('x', 'é'))), over);
});

test('the one policy of a key is called default; the other name is for AWS RAM alone', async () => {
  const KeyId = await world.newKey();
  const Policy = text(allowing(own));
  assert.deepEqual((await kms.listKeyPolicies({ KeyId })).PolicyNames, ['default']);
  assert.deepEqual(
    await refused(kms.putKeyPolicy({ KeyId, Policy, PolicyName: 'AWS_RAM' })),
    refusal('ValidationException', 'The AWS_RAM policy can only be managed by the RAM service'),
  );
  assert.equal((await refused(kms.getKeyPolicy({ KeyId, PolicyName: 'AWS_RAM' }))).code, 'NotFoundException');
  assert.equal((await refused(kms.getKeyPolicy({ KeyId, PolicyName: 'other' }))).code, 'NotFoundException');
  const noRam = policy(
    allow(own, 'kms:*'),
    deny(own, 'kms:PutKeyPolicy', { StringEquals: { 'kms:PolicyName': 'AWS_RAM' } }),
  );
  await put(KeyId, text(noRam));
  assert.equal(
    (await refused(kms.putKeyPolicy({ KeyId, Policy, PolicyName: 'AWS_RAM' }))).code,
    'AccessDeniedException',
  );
});

test('the characters of a policy are tab, line feed, carriage return and U+0020 to U+00FF', async () => {
  const KeyId = await world.newKey();
  await put(KeyId, text({ ...policy(base), Id: 'Schlüssel ÿ\t' }));
  const answer = await world.raw(operator, 'PutKeyPolicy', {
    KeyId,
    Policy: text({ ...policy(base), Id: 'ключ' }),
  });
  assert.equal(refusalOf(answer)?.code, 'ValidationException');
});
