/** Actions, resources and policy variables: what a statement is about. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are spelled like placeholders.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parsePolicy } from '../../src/policy/parse.ts';
import { account, allow, deny, identityPolicy, isAllowed, keyArn, type Question } from './policies.ts';

const allowsAction = (pattern: string | readonly string[], action: string): boolean =>
  isAllowed({ action }, { identity: [identityPolicy(allow({ Action: pattern }))] });
const allowsResource = (pattern: string | readonly string[], resource: string): boolean =>
  isAllowed({ resource }, { identity: [identityPolicy(allow({ Resource: pattern }))] });

const actions: readonly (readonly [pattern: string, action: string, matches: boolean])[] = [
  ['kms:Encrypt', 'kms:Encrypt', true],
  ['KMS:eNCRYPT', 'kms:Encrypt', true],
  ['kms:Encrypt', 'kms:EncryptX', false],
  ['kms:Encrypt', 'kms:ReEncryptFrom', false],
  ['kms:*', 'kms:CreateGrant', true],
  ['*', 'iam:CreateUser', true],
  ['kms:ReEncrypt*', 'kms:ReEncryptTo', true],
  ['kms:reencrypt*', 'kms:ReEncryptFrom', true],
  ['kms:Generate*WithoutPlaintext', 'kms:GenerateDataKeyWithoutPlaintext', true],
  ['kms:?ncrypt', 'kms:Encrypt', true],
  ['kms:?Encrypt', 'kms:Encrypt', false],
  ['kmsx:*', 'kms:Encrypt', false],
];
for (const [pattern, action, matches] of actions) {
  test(`the action ${pattern} ${matches ? 'covers' : 'does not cover'} ${action}`, () => {
    assert.equal(allowsAction(pattern, action), matches);
  });
}

const resources: readonly (readonly [pattern: string, resource: string, matches: boolean])[] = [
  ['*', keyArn, true],
  ['*', '*', true],
  [keyArn, keyArn, true],
  [keyArn, `${keyArn}x`, false],
  [keyArn, keyArn.toUpperCase(), false],
  ['arn:aws:kms:*:*:key/*', keyArn, true],
  ['arn:aws:kms:us-east-?:*:key/1234abcd*', keyArn, true],
  ['arn:aws:kms:*:key/*', keyArn, false],
  ['arn:aws:kms:us-*:key/*', keyArn, false],
  ['arn:aws:kms:*', keyArn, true],
  ['arn:aws:kms', keyArn, false],
  ['arn:aws:iam:*', keyArn, false],
  [`arn:aws:kms:us-east-1:${account}:alias/*`, keyArn, false],
  [`arn:aws:kms:us-east-1:${account}:alias/a*z`, `arn:aws:kms:us-east-1:${account}:alias/a:b:z`, true],
  [`arn:aws:kms:us-east-1:${account}:alias/a*:z`, `arn:aws:kms:us-east-1:${account}:alias/a:b:z`, true],
  [`arn:aws:kms:us-east-1:${account}:alias/a:?:z`, `arn:aws:kms:us-east-1:${account}:alias/a:b:z`, true],
  [`arn:aws:kms:us-east-1:${account}:*`, `arn:aws:kms:us-east-1:${account}:alias/a:b`, true],
  ['arn:aws:kms:us-east-1:*:alias/x', `arn:aws:kms:us-east-1:${account}:y:alias/x`, false],
  ['arn:aws:kms:*:*:*', '*', false],
];
for (const [pattern, resource, matches] of resources) {
  test(`the resource ${pattern} ${matches ? 'covers' : 'does not cover'} ${resource}`, () => {
    assert.equal(allowsResource(pattern, resource), matches);
  });
}

test('NotAction and NotResource cover everything but what they list', () => {
  const policy = identityPolicy(
    allow({ NotAction: ['kms:Delete*', 'kms:Encrypt'], NotResource: `${keyArn}x` }),
  );
  assert.equal(isAllowed({ action: 'kms:Decrypt' }, { identity: [policy] }), true);
  assert.equal(isAllowed({ action: 'kms:encrypt' }, { identity: [policy] }), false);
  assert.equal(isAllowed({ action: 'kms:DeleteAlias' }, { identity: [policy] }), false);
  assert.equal(isAllowed({ action: 'kms:Decrypt', resource: `${keyArn}x` }, { identity: [policy] }), false);
});

const prefix = `arn:aws:kms:us-east-1:${account}:alias/`;
const variables: readonly (readonly [
  pattern: string,
  name: string,
  context: NonNullable<Question['context']>,
  matches: boolean,
])[] = [
  ['${aws:username}', 'alice', { 'aws:username': ['alice'] }, true],
  ['${AWS:UserName}', 'alice', { 'aws:username': ['alice'] }, true],
  ['${aws:username}', 'bob', { 'aws:username': ['alice'] }, false],
  ['home-${aws:username}-*', 'home-alice-1', { 'aws:username': ['alice'] }, true],
  [
    '${aws:PrincipalTag/dept}/${aws:username}',
    'it/alice',
    { 'aws:username': ['alice'], 'aws:PrincipalTag/dept': ['it'] },
    true,
  ],
  // What a variable stands for is no wildcard.
  ['${aws:username}', 'anything', { 'aws:username': ['*'] }, false],
  ['${aws:username}', '*', { 'aws:username': ['*'] }, true],
  ['${aws:username}', 'a:b', { 'aws:username': ['a:b'] }, true],
  ['${aws:username}', '${aws:userid}', { 'aws:username': ['${aws:userid}'], 'aws:userid': ['x'] }, true],
  ["${aws:username, 'anonymous'}", 'anonymous', {}, true],
  ["${aws:username,'anonymous'}", 'anonymous', {}, true],
  ["${aws:username, 'a}b'}", 'a}b', {}, true],
  ["${aws:username, '*'}", 'x', {}, false],
  ["${aws:username, 'anonymous'}", 'anonymous', { 'aws:username': ['alice'] }, false],
  ['${aws:username}', '', {}, false],
  ['${aws:username}', '${aws:username}', {}, false],
  ['${aws:TagKeys}', 'a', { 'aws:TagKeys': ['a', 'b'] }, false],
  ["${aws:TagKeys, 'c'}", 'c', { 'aws:TagKeys': ['a', 'b'] }, false],
  ['a${*}b', 'a*b', {}, true],
  ['a${*}b', 'axb', {}, false],
  ['a${?}b', 'a?b', {}, true],
  ['a${?}b', 'axb', {}, false],
  ['${$}{aws:username}', '${aws:username}', { 'aws:username': ['alice'] }, true],
  ['$', '$', {}, true],
];
for (const [pattern, name, context, matches] of variables) {
  test(`the resource .../${pattern} ${matches ? 'covers' : 'does not cover'} .../${name} with ${JSON.stringify(context)}`, () => {
    const policy = identityPolicy(allow({ Resource: prefix + pattern }));
    assert.equal(isAllowed({ resource: prefix + name, context }, { identity: [policy] }), matches);
  });
}

test('variables are text before version 2012-10-17', () => {
  const policy = (version: string | undefined) =>
    parsePolicy(
      JSON.stringify({
        Version: version,
        Statement: allow({
          Principal: '*',
          Condition: { StringEquals: { 'aws:userid': '${aws:username}' } },
        }),
      }),
      'keyPolicy',
    );
  for (const version of [undefined, '2008-10-17', '2012-10-17']) {
    const allows = (id: string): boolean =>
      isAllowed(
        { context: { 'aws:userid': [id], 'aws:username': ['alice'] } },
        { identity: [], resource: { policy: policy(version) } },
      );
    const isCurrent = version === '2012-10-17';
    assert.equal(allows('alice'), isCurrent);
    assert.equal(allows('${aws:username}'), !isCurrent);
  }
});

test('a variable without a value takes an Allow away and leaves a Deny', () => {
  const owner = { 'aws:ResourceTag/owner': '${aws:username}' };
  const isOwn = identityPolicy(allow({ Condition: { StringEquals: owner } }));
  const isForeign = identityPolicy(allow({ Condition: { StringNotEquals: owner } }));
  const onlyOwn = identityPolicy(allow(), deny({ Condition: { StringNotEquals: owner } }));
  const context = { 'aws:ResourceTag/owner': ['alice'] };
  assert.equal(isAllowed({ context }, { identity: [isOwn] }), false);
  assert.equal(isAllowed({ context }, { identity: [isForeign] }), false);
  assert.equal(isAllowed({ context }, { identity: [onlyOwn] }), false);
  const allButOwn = { NotResource: `${prefix}\${aws:username}` };
  assert.equal(isAllowed({}, { identity: [identityPolicy(allow(allButOwn))] }), false);
  assert.equal(isAllowed({}, { identity: [identityPolicy(allow(), deny(allButOwn))] }), false);
});

test('numeric, date, boolean and address operators take no variables', () => {
  for (const [operator, key] of [
    ['NumericEquals', 'aws:EpochTime'],
    ['DateEquals', 'aws:CurrentTime'],
    ['Bool', 'aws:SecureTransport'],
    ['IpAddress', 'aws:SourceIp'],
  ] as const) {
    assert.throws(
      () => identityPolicy(allow({ Condition: { [operator]: { [key]: `\${${key}}` } } })),
      /Syntax errors/,
    );
  }
});
