/** Each document that is not a policy, and the words it is refused with. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are spelled like placeholders.
import assert from 'node:assert/strict';
import test from 'node:test';
import { MalformedPolicy, type PolicyKind, parsePolicy, principalsOf } from '../../src/policy/parse.ts';
import { account, allow, document, federatedArn, roleArn, rootArn, sessionArn, userArn } from './policies.ts';

const refusal = (text: string, kind: PolicyKind): MalformedPolicy => {
  try {
    parsePolicy(text, kind);
  } catch (error) {
    if (error instanceof MalformedPolicy) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `accepted as ${kind}: ${text}` });
};

const key = (members: Record<string, unknown>): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ ...allow({ Principal: '*' }), ...members }] });
const identity = (members: Record<string, unknown>): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ ...allow(), ...members }] });

const invalidPrincipals = 'Policy contains a statement with one or more invalid principals.';
const noPrincipal = 'Policy contains a statement with no principal.';

const keyPolicies: readonly (readonly [name: string, text: string, message: string | RegExp])[] = [
  ['no JSON', 'a policy', /not valid JSON/],
  ['an empty text', '', /not valid JSON/],
  ['a text with a byte order mark', `\ufeff${key({})}`, /not valid JSON/],
  ['an array', '[]', /not an object/],
  ['null', 'null', /not an object/],
  ['no statement', '{"Version":"2012-10-17"}', /no `Statement`/],
  ['an empty list of statements', '{"Statement":[]}', /0 statements/],
  ['a statement that is a string', '{"Statement":["Allow"]}', /statement 1 is not an object/],
  ['an unknown version', '{"Version":"2026-01-01","Statement":[1]}', /`Version`/],
  ['an unknown element of the policy', '{"Statements":[],"Statement":[]}', /unknown element `Statements`/],
  ['an unknown element of a statement', key({ Actions: 'kms:*' }), /unknown element `Actions`/],
  ['an element in the wrong case', key({ action: 'kms:*' }), /unknown element `action`/],
  ['the member __proto__', `{"Statement":[{"__proto__":{"Effect":"Allow"}}]}`, /unknown element `__proto__`/],
  [
    'a member of the policy twice',
    '{"Version":"2012-10-17","Version":"2008-10-17","Statement":[]}',
    /`Version` appears twice/,
  ],
  [
    'an effect twice',
    '{"Statement":{"Effect":"Deny","Effect":"Allow","Principal":"*"}}',
    /`Effect` appears twice/,
  ],
  [
    'an effect twice, once escaped',
    '{"Statement":{"Effect":"Deny","\\u0045ffect":"Allow"}}',
    /`Effect` appears twice/,
  ],
  [
    'a condition key twice',
    `{"Statement":{"Effect":"Allow","Principal":"*","Condition":{"Bool":{"a:b":"true","a:b":"false"}}}}`,
    /`a:b` appears twice/,
  ],
  ['deep nesting', `{"Statement":${'['.repeat(9)}${']'.repeat(9)}}`, /deeper than 8/],
  [
    'nesting by the ten thousand',
    `{"Statement":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    /deeper than 8/,
  ],
  ['a text longer than any policy', `{"Statement":"${'x'.repeat(131_072)}"}`, /longer than 131072/],
  [
    'more statements than fit',
    JSON.stringify({ Statement: Array.from({ length: 1001 }, () => 1) }),
    /1001 statements/,
  ],
  ['no effect', key({ Effect: undefined }), /`Effect`/],
  ['an effect in lower case', key({ Effect: 'allow' }), /`Effect`/],
  ['an Id that is a number', '{"Id":1,"Statement":[1]}', /`Id`/],
  ['a Sid that is a list', key({ Sid: ['a'] }), /`Sid`/],
  ['a Sid that is null', key({ Sid: null }), /`Sid`/],
  ['both Action and NotAction', key({ NotAction: 'kms:*' }), /both `Action` and `NotAction`/],
  ['both Resource and NotResource', key({ NotResource: '*' }), /both `Resource` and `NotResource`/],
  ['both Principal and NotPrincipal', key({ NotPrincipal: '*' }), /both `Principal` and `NotPrincipal`/],
  ['an empty NotAction', key({ Action: undefined, NotAction: [] }), /`NotAction` .* is empty/],
  ['an action that is an object', key({ Action: { a: 1 } }), /`Action`/],
  ['an action within two lists', key({ Action: [['kms:*']] }), /`Action`/],
  ['a resource that is a number', key({ Resource: 1 }), /`Resource`/],
  ['a text with half a surrogate pair', key({ Resource: '\ud800' }), /well-formed/],
  ['no principal', key({ Principal: undefined }), noPrincipal],
  ['an empty principal', key({ Principal: {} }), noPrincipal],
  ['an empty list of principals', key({ Principal: { AWS: [] } }), noPrincipal],
  ['an empty NotPrincipal', key({ Principal: undefined, NotPrincipal: {} }), noPrincipal],
  ['a principal of an unknown type', key({ Principal: { Aws: account } }), invalidPrincipals],
  ['a canonical user', key({ Principal: { CanonicalUser: '79a59df900b949e5' } }), invalidPrincipals],
  ['a principal that is a plain text', key({ Principal: account }), /`Principal`/],
  ['a wildcard in a user ARN', key({ Principal: { AWS: userArn('*') } }), invalidPrincipals],
  ['a question mark in a role ARN', key({ Principal: { AWS: roleArn('app?') } }), invalidPrincipals],
  ['a session of every name', key({ Principal: { AWS: sessionArn('app', '*') } }), invalidPrincipals],
  ['a group', key({ Principal: { AWS: `arn:aws:iam::${account}:group/admins` } }), invalidPrincipals],
  ['a user without name', key({ Principal: { AWS: userArn('') } }), invalidPrincipals],
  [
    'a session without session name',
    key({ Principal: { AWS: `arn:aws:sts::${account}:assumed-role/app` } }),
    invalidPrincipals,
  ],
  ['an account id of eleven digits', key({ Principal: { AWS: '11112222333' } }), invalidPrincipals],
  [
    'an ARN of eleven digits',
    key({ Principal: { AWS: 'arn:aws:iam::11112222333:root' } }),
    invalidPrincipals,
  ],
  [
    'an ARN of another partition',
    key({ Principal: { AWS: `arn:aws-cn:iam::${account}:root` } }),
    invalidPrincipals,
  ],
  [
    'a principal with a region',
    key({ Principal: { AWS: `arn:aws:iam:us-east-1:${account}:root` } }),
    invalidPrincipals,
  ],
  [
    'one invalid principal among valid ones',
    key({ Principal: { AWS: [account, 'alice'] } }),
    invalidPrincipals,
  ],
  ['every service', key({ Principal: { Service: '*' } }), invalidPrincipals],
  ['a condition that is a list', key({ Condition: [] }), /`Condition`/],
  ['an operator without keys', key({ Condition: { Bool: 'true' } }), /`Bool`/],
  ['an unknown operator', key({ Condition: { StringMatches: { 'aws:username': 'a' } } }), /`StringMatches`/],
  [
    'an operator in lower case',
    key({ Condition: { stringequals: { 'aws:username': 'a' } } }),
    /`stringequals`/,
  ],
  [
    'an unknown set operator',
    key({ Condition: { 'ForNoValue:StringEquals': { 'aws:username': 'a' } } }),
    /`ForNoValue/,
  ],
  [
    'two set operators',
    key({ Condition: { 'ForAnyValue:ForAnyValue:Bool': { 'aws:username': 'a' } } }),
    /condition operator/,
  ],
  ['NullIfExists', key({ Condition: { NullIfExists: { 'aws:username': 'true' } } }), /`NullIfExists`/],
  ['a null condition value', key({ Condition: { StringEquals: { 'aws:username': null } } }), /not a string/],
  [
    'a condition value within two lists',
    key({ Condition: { StringEquals: { 'aws:username': [['a']] } } }),
    /not a string/,
  ],
  [
    'a number too large to be exact',
    key({ Condition: { StringEquals: { 'aws:username': 2 ** 53 } } }),
    /not a string/,
  ],
  [
    'a text as a number',
    key({ Condition: { NumericEquals: { 'aws:EpochTime': 'seven' } } }),
    /`seven` is not a number/,
  ],
  [
    'a text as a date',
    key({ Condition: { DateLessThan: { 'aws:CurrentTime': 'tomorrow' } } }),
    /`tomorrow` is not a date/,
  ],
  [
    'a bare year as a date',
    key({ Condition: { DateLessThan: { 'aws:CurrentTime': '2030' } } }),
    /`2030` is not a date/,
  ],
  [
    'a day that does not exist',
    key({ Condition: { DateLessThan: { 'aws:CurrentTime': '2026-02-29' } } }),
    /not a date/,
  ],
  [
    'a text as a boolean',
    key({ Condition: { Bool: { 'aws:SecureTransport': 'yes' } } }),
    /`yes` is not true or false/,
  ],
  ['a text as Null', key({ Condition: { Null: { 'aws:username': 'no' } } }), /`no` is not true or false/],
  ['a text as base64', key({ Condition: { BinaryEquals: { 'aws:username': '*' } } }), /`\*` is not base64/],
  [
    'a range with too long a prefix',
    key({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } } }),
    /not an IP/,
  ],
  [
    'an address with leading zeros',
    key({ Condition: { IpAddress: { 'aws:SourceIp': '010.0.0.1' } } }),
    /not an IP/,
  ],
  [
    'a variable without an end',
    key({ Condition: { StringEquals: { 'aws:username': '${aws:username' } } }),
    /not a policy variable/,
  ],
  [
    'a variable without a name',
    key({ Resource: 'arn:aws:kms:us-east-1:1:key/${}' }),
    /not a policy variable/,
  ],
  [
    'a default without quotes',
    key({ Resource: 'arn:aws:kms:us-east-1:1:key/${aws:username, a}' }),
    /not a policy variable/,
  ],
  [
    'a variable before the resource segment',
    key({ Resource: 'arn:aws:kms:us-east-1:${aws:username}:key/a' }),
    /before its resource segment/,
  ],
  [
    'ForAllValues on an encryption context',
    key({ Condition: { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:a': 'b' } } }),
    /^OverlyPermissiveCondition: Using the ForAllValues set operator/,
  ],
  [
    'ForAllValues on a request tag, in any case',
    key({ Condition: { 'ForAllValues:StringLikeIfExists': { 'AWS:requesttag/a': 'b' } } }),
    /^OverlyPermissiveCondition: /,
  ],
];

for (const [name, text, message] of keyPolicies) {
  test(`a key policy is refused for ${name}`, () => {
    const { message: actual } = refusal(text, 'keyPolicy');
    if (typeof message === 'string') assert.equal(actual, message);
    else assert.match(actual, message);
  });
}

const syntax = 'Syntax errors in policy.';
const identityPolicies: readonly (readonly [name: string, text: string, message: string])[] = [
  ['no JSON', 'a policy', 'This policy contains invalid Json'],
  ['a member twice', '{"Version":"2012-10-17","Version":"2012-10-17"}', 'This policy contains invalid Json'],
  ['null', 'null', syntax],
  ['an Id', JSON.stringify({ Version: '2012-10-17', Id: 'a', Statement: [allow()] }), syntax],
  ['an unknown operator', identity({ Condition: { Foo: { 'a:b': 'c' } } }), syntax],
  ['a malformed variable', identity({ Resource: 'arn:aws:s3:::${a' }), syntax],
  [
    'no version',
    JSON.stringify({ Statement: [allow()] }),
    'Policy document must be version 2012-10-17 or greater.',
  ],
  ['a principal', identity({ Principal: '*' }), 'Policy document should not specify a principal.'],
  [
    'a Sid with a space',
    identity({ Sid: 'a b' }),
    'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
  ],
  [
    'a Sid twice',
    JSON.stringify(document(allow({ Sid: 'a' }), allow({ Sid: 'a' }))),
    'Statement IDs (SID) in a single policy must be unique.',
  ],
  ['no action', identity({ Action: undefined }), 'Policy statement must contain actions.'],
  ['an empty list of actions', identity({ Action: [] }), 'Policy statement must contain actions.'],
  ['no resource', identity({ Resource: undefined }), 'Policy statement must contain resources.'],
  [
    'an action without service',
    identity({ Action: 'Encrypt' }),
    'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
  ],
  [
    'an action with two colons',
    identity({ Action: 'kms:kms:Encrypt' }),
    'Actions/Condition can contain only one colon.',
  ],
  ['a wildcard for the service', identity({ Action: 'k*:Encrypt' }), 'Vendor k* is not valid'],
  [
    'a resource that is not an ARN',
    identity({ Resource: 'key/a' }),
    'Resource key/a must be in ARN format or "*".',
  ],
];

for (const [name, text, message] of identityPolicies) {
  test(`an identity policy is refused for ${name}`, () => {
    assert.equal(refusal(text, 'identityPolicy').message, message);
  });
}

test('a trust policy is refused for a resource, and for lack of an action or a principal', () => {
  const trust = (members: Record<string, unknown>): string =>
    JSON.stringify({
      Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: account }, ...members },
    });
  assert.equal(refusal(trust({ Resource: '*' }), 'trustPolicy').message, 'Has prohibited field Resource');
  assert.equal(refusal(trust({ Action: undefined }), 'trustPolicy').message, 'Missing required field Action');
  assert.equal(
    refusal(trust({ Principal: undefined }), 'trustPolicy').message,
    'Missing required field Principal',
  );
  assert.equal(parsePolicy(trust({}), 'trustPolicy').allows.length, 1);
});

test('a resource control policy is refused for any principal but everyone', () => {
  for (const Principal of [undefined, { AWS: account }, { AWS: ['*', account] }]) {
    assert.equal(
      refusal(JSON.stringify(document(allow({ ...(Principal && { Principal }) }))), 'resourceControlPolicy')
        .message,
      syntax,
    );
  }
  const notEveryone: unknown = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', NotPrincipal: '*', Action: '*', Resource: '*' }],
  };
  assert.equal(refusal(JSON.stringify(notEveryone), 'resourceControlPolicy').message, syntax);
});

test('a refusal says which statement is wrong and how, whatever its wording', () => {
  const text = JSON.stringify(document(allow({ Sid: 'a' }), allow({ Action: 'Encrypt' })));
  assert.equal(refusal(text, 'identityPolicy').detail, '`Encrypt` in statement 2 names no service');
});

test('a key policy may lack actions or resources, hold spaces in a Sid, and be of either version', () => {
  for (const members of [
    { Action: undefined },
    { Resource: undefined },
    { Action: [] },
    { Sid: 'Enable IAM User Permissions' },
  ]) {
    parsePolicy(key(members), 'keyPolicy');
  }
  for (const Version of [undefined, '2008-10-17', '2012-10-17']) {
    const policy = parsePolicy(
      JSON.stringify({ Version, Id: 'key-default-1', Statement: allow({ Principal: '*' }) }),
      'keyPolicy',
    );
    assert.equal(policy.version, Version ?? '2008-10-17');
  }
});

test('the principals of a key policy are those of all its statements, without effect or not', () => {
  const policy = parsePolicy(
    JSON.stringify(
      document(
        allow({
          Principal: {
            AWS: [account, rootArn(), userArn('team/alice'), roleArn('app')],
            Service: 'logs.amazonaws.com',
          },
        }),
        { Effect: 'Allow', Action: 'kms:*', Principal: { AWS: sessionArn('app', 's') } },
        allow({ NotPrincipal: { AWS: [federatedArn('bob'), 'AIDACKCEVSQ6C2EXAMPLE'] } }),
        allow({ Principal: '*' }),
      ),
    ),
    'keyPolicy',
  );
  assert.deepEqual(principalsOf(policy), [
    { kind: 'account', accountId: account },
    { kind: 'account', accountId: account },
    { kind: 'user', accountId: account, arn: userArn('team/alice') },
    { kind: 'role', accountId: account, arn: roleArn('app') },
    { kind: 'service', service: 'logs.amazonaws.com' },
    { kind: 'roleSession', accountId: account, arn: sessionArn('app', 's') },
    { kind: 'federatedUser', accountId: account, arn: federatedArn('bob') },
    { kind: 'uniqueId', id: 'AIDACKCEVSQ6C2EXAMPLE' },
    { kind: 'any' },
  ]);
});
