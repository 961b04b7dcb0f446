/**
 * Every condition operator, set operator and `IfExists`, on present, absent and several values (IAM User
 * Guide, "IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or values"
 * and "Multivalued context keys").
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { allow, ask, deny, identityPolicy, isAllowed } from './policies.ts';
import type { TwinValue } from './slow-twin.ts';

type Values = TwinValue | readonly TwinValue[];
type Context = Readonly<Record<string, readonly string[]>>;

/** Whether an Allow under this one condition allows. */
const allows = (operator: string, key: string, values: Values, context: Context): boolean =>
  isAllowed(
    { context },
    { identity: [identityPolicy(allow({ Condition: { [operator]: { [key]: values } } }))] },
  );

/** Whether a Deny under this one condition denies. */
const denies = (operator: string, key: string, values: Values, context: Context): boolean =>
  ask(
    { context },
    { identity: [identityPolicy(allow(), deny({ Condition: { [operator]: { [key]: values } } }))] },
  ).effect === 'Deny';

const tag = 'aws:PrincipalTag/x';
const oneValue: readonly (readonly [operator: string, policy: Values, request: string, met: boolean])[] = [
  ['StringEquals', 'finance', 'finance', true],
  ['StringEquals', 'finance', 'Finance', false],
  ['StringEquals', ['a', 'b'], 'b', true],
  ['StringEquals', ['a', 'b'], 'c', false],
  ['StringEquals', 'fin*', 'finance', false],
  ['StringEquals', 'fin*', 'fin*', true],
  ['StringEquals', '', '', true],
  ['StringEquals', 7, '7', true],
  ['StringEquals', true, 'true', true],
  ['StringNotEquals', 'finance', 'Finance', true],
  ['StringNotEquals', ['a', 'b'], 'b', false],
  ['StringNotEquals', ['a', 'b'], 'c', true],
  ['StringEqualsIgnoreCase', 'FINANCE', 'finance', true],
  ['StringEqualsIgnoreCase', 'ÄRGER', 'ärger', true],
  ['StringEqualsIgnoreCase', 'straße', 'strasse', false],
  ['StringNotEqualsIgnoreCase', 'FINANCE', 'finance', false],
  ['StringLike', 'fin*', 'finance', true],
  ['StringLike', 'f?nance', 'finance', true],
  ['StringLike', 'f?nance', 'fnance', false],
  ['StringLike', '*nan*', 'finance', true],
  ['StringLike', 'fin*', 'Finance', false],
  ['StringLike', '?', '😀', true],
  ['StringLike', '??', '😀', false],
  ['StringLike', '*', '', true],
  ['StringLike', '?*', '', false],
  ['StringLike', 'a*b*c', 'aXbXbXc', true],
  ['StringLike', 'a*bc*bc', 'abc', false],
  ['StringLike', 'ab*ba', 'aba', false],
  ['StringLike', 'ab*ba', 'abba', true],
  ['StringLike', 'a*b?*c', 'axbyc', true],
  ['StringLike', '*?b*', 'b', false],
  ['StringLike', 'a?*', '😀', false],
  ['StringLike', 'a*?', 'a😀', true],
  ['StringLike', '*:*:b', 'a:a:a:b', true],
  ['StringNotLike', 'fin*', 'finance', false],
  ['StringNotLike', 'fin*', 'sales', true],
  ['NumericEquals', '30', '30.0', true],
  ['NumericEquals', 30, '3e1', true],
  ['NumericEquals', '30', '31', false],
  ['NumericEquals', '30', 'thirty', false],
  ['NumericNotEquals', '30', '31', true],
  ['NumericNotEquals', '30', '30', false],
  ['NumericNotEquals', '30', 'thirty', false],
  ['NumericNotEquals', '30', '9007199254740993', false],
  ['NumericLessThan', '30', '29.5', true],
  ['NumericLessThan', '30', '30', false],
  ['NumericLessThanEquals', '30', '30', true],
  ['NumericLessThanEquals', '30', '31', false],
  ['NumericGreaterThan', '-1', '0', true],
  ['NumericGreaterThan', '-1', '-1', false],
  ['NumericGreaterThanEquals', '-1', '-1', true],
  ['NumericGreaterThanEquals', '-1', '-1.5', false],
  ['NumericLessThan', ['10', '30'], '20', true],
  ['DateEquals', '2026-01-31T09:30Z', '2026-01-31T10:30:00.000+01:00', true],
  ['DateEquals', '2026-01-31', '2026-01-31T00:00:00Z', true],
  ['DateEquals', '2026-01', '2026-01-01', true],
  ['DateEquals', '2026-01-31t09:30:00z', '1769851800', true],
  ['DateEquals', '1769851800', '2026-01-31T09:30:00Z', true],
  ['DateEquals', '2026-01-31T09:30:00', '2026-01-31T09:30:00.5Z', false],
  ['DateNotEquals', '2026-01-31', '2026-01-31', false],
  ['DateNotEquals', '2026-01-31', 'soon', false],
  ['DateLessThan', '2026-01-31', '2026-01-30T23:59:59.999Z', true],
  ['DateLessThan', '2026-01-31', '2026-01-31', false],
  ['DateLessThanEquals', '2026-01-31', '2026-01-31', true],
  ['DateGreaterThan', '2026-01-31', '2026-01-31T00:00:00.001Z', true],
  ['DateGreaterThan', '2026-01-31', '2026-01-31', false],
  ['DateGreaterThanEquals', '2026-01-31', '2026-01-31', true],
  ['DateGreaterThanEquals', '2026-01-31', '2026-01-30', false],
  ['Bool', 'true', 'true', true],
  ['Bool', 'True', 'true', true],
  ['Bool', true, 'true', true],
  ['Bool', 'true', 'false', false],
  ['Bool', 'false', 'no', false],
  ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', true],
  ['BinaryEquals', 'QmluYXJ5', 'qmluYXJ5', false],
  ['IpAddress', '203.0.113.0/24', '203.0.113.255', true],
  ['IpAddress', '203.0.113.0/24', '203.0.114.0', false],
  ['IpAddress', '203.0.113.77/24', '203.0.113.1', true],
  ['IpAddress', '203.0.113.7', '203.0.113.7', true],
  ['IpAddress', '203.0.113.7', '203.0.113.8', false],
  ['IpAddress', '0.0.0.0/0', '203.0.113.7', true],
  ['IpAddress', '0.0.0.0/0', '2001:db8::1', false],
  ['IpAddress', '203.0.112.0/23', '203.0.113.7', true],
  ['IpAddress', '203.0.113.0/24', '::ffff:203.0.113.9', true],
  ['IpAddress', '::ffff:203.0.113.0/120', '203.0.113.9', true],
  ['IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5678:9abc::1', true],
  ['IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5679::1', false],
  ['IpAddress', '2001:db8::/33', '2001:db8:7fff::1', true],
  ['IpAddress', '2001:db8::/33', '2001:db8:8000::1', false],
  ['IpAddress', '::/0', '2001:db8::1', true],
  ['IpAddress', '::1', '0:0:0:0:0:0:0:1', true],
  ['IpAddress', '10.0.0.0/8', 'localhost', false],
  ['NotIpAddress', '203.0.113.0/24', '203.0.113.7', false],
  ['NotIpAddress', '203.0.113.0/24', '198.51.100.7', true],
  ['NotIpAddress', '203.0.113.0/24', '2001:db8::1', true],
  ['NotIpAddress', '203.0.113.0/24', 'localhost', false],
  ['ArnEquals', 'arn:aws:s3:::bucket*', 'arn:aws:s3:::bucket/a:b', true],
  ['ArnLike', 'arn:aws:sns:*:111122223333:*', 'arn:aws:sns:us-east-1:111122223333:topic', true],
  ['ArnLike', 'arn:aws:sns:*:111122223333:*', 'arn:aws:sns:us-east-1:444455556666:topic', false],
  ['ArnLike', 'arn:aws:sns:us-?ast-1:111122223333:t', 'arn:aws:sns:us-east-1:111122223333:t', true],
  ['ArnLike', 'arn:aws:*', 'arn:aws:sns:us-east-1:111122223333:topic', true],
  ['ArnLike', 'arn:aws:sns:*:topic', 'arn:aws:sns:us-east-1:111122223333:topic', false],
  ['ArnNotEquals', 'arn:aws:s3:::a', 'arn:aws:s3:::b', true],
  ['ArnNotLike', 'arn:aws:s3:::*', 'arn:aws:s3:::b', false],
];

for (const [operator, policy, request, met] of oneValue) {
  test(`${operator} ${JSON.stringify(policy)} is ${met ? '' : 'not '}met by ${JSON.stringify(request)}`, () => {
    assert.equal(allows(operator, tag, policy, { [tag]: [request] }), met);
    assert.equal(allows(`${operator}IfExists`, tag, policy, { [tag]: [request] }), met);
  });
}

test('StringLike reaches across colons where ArnLike does not', () => {
  // The example of the IAM User Guide, "ARN condition operators".
  const pattern = 'arn:aws:someservice:*:111122223333:finance/*';
  const context = {
    'aws:SourceArn': [
      'arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt',
    ],
  };
  assert.equal(allows('StringLike', 'aws:SourceArn', pattern, context), true);
  assert.equal(allows('ArnLike', 'aws:SourceArn', pattern, context), false);
});

test('a key that is absent meets negated operators and IfExists, and no others', () => {
  for (const operator of ['StringEquals', 'StringLike', 'ArnLike']) {
    assert.equal(allows(operator, tag, '*', {}), false, operator);
    assert.equal(allows(`${operator}IfExists`, tag, '*', {}), true, operator);
  }
  assert.equal(allows('Bool', 'aws:MultiFactorAuthPresent', 'true', {}), false);
  assert.equal(allows('BoolIfExists', 'aws:MultiFactorAuthPresent', 'true', {}), true);
  assert.equal(denies('BoolIfExists', 'aws:MultiFactorAuthPresent', 'false', {}), true);
  assert.equal(allows('NumericLessThan', tag, '1', {}), false);
  assert.equal(allows('IpAddress', 'aws:SourceIp', '0.0.0.0/0', {}), false);
  for (const operator of ['StringNotEquals', 'StringNotLike', 'StringNotEqualsIgnoreCase', 'ArnNotLike']) {
    assert.equal(allows(operator, tag, 'a', {}), true, operator);
    assert.equal(denies(operator, tag, 'a', {}), true, operator);
  }
  assert.equal(denies('NotIpAddress', 'aws:SourceIp', '0.0.0.0/0', {}), true);
});

test('an empty list of values is the same as an absent key', () => {
  assert.equal(allows('StringEquals', tag, 'a', { [tag]: [] }), false);
  assert.equal(allows('StringEqualsIfExists', tag, 'a', { [tag]: [] }), true);
  assert.equal(allows('Null', tag, 'true', { [tag]: [] }), true);
});

test('Null asks whether a key is absent', () => {
  assert.equal(allows('Null', tag, 'true', {}), true);
  assert.equal(allows('Null', tag, 'true', { [tag]: [''] }), false);
  assert.equal(allows('Null', tag, 'false', { [tag]: [''] }), true);
  assert.equal(allows('Null', tag, false, {}), false);
  assert.equal(allows('Null', tag, ['true', 'false'], {}), true);
});

const tagKeys = 'aws:TagKeys';
const setCases: readonly (readonly [
  operator: string,
  policy: Values,
  request: readonly string[] | undefined,
  met: boolean,
])[] = [
  ['ForAllValues:StringEquals', ['a', 'b'], ['a'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
  ['ForAllValues:StringEquals', ['a', 'b'], undefined, true],
  ['ForAllValues:StringEquals', ['a', 'b'], [], true],
  ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'd'], true],
  ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'a'], false],
  ['ForAllValues:StringNotEquals', ['a', 'b'], undefined, true],
  ['ForAllValues:StringLike', ['key1*'], ['key1', 'key12'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'd'], false],
  ['ForAnyValue:StringEquals', ['a', 'b'], undefined, false],
  ['ForAnyValue:StringEquals', ['a', 'b'], [], false],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'c'], true],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'b'], false],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], undefined, false],
  ['ForAnyValue:StringEqualsIfExists', ['a'], undefined, false],
  ['ForAnyValue:StringNotEqualsIfExists', ['a'], undefined, false],
  ['ForAllValues:StringEqualsIfExists', ['a'], undefined, true],
];

for (const [operator, policy, request, met] of setCases) {
  test(`${operator} ${JSON.stringify(policy)} is ${met ? '' : 'not '}met by ${JSON.stringify(request ?? 'an absent key')}`, () => {
    const context = request === undefined ? {} : { [tagKeys]: request };
    assert.equal(allows(operator, tagKeys, policy, context), met);
    assert.equal(denies(operator, tagKeys, policy, context), met);
  });
}

test('without a set operator, an Allow needs every value of the request and a Deny needs one', () => {
  const context = { [tagKeys]: ['a', 'b'] };
  assert.equal(allows('StringEquals', tagKeys, 'a', context), false);
  assert.equal(allows('StringEquals', tagKeys, ['a', 'b'], context), true);
  assert.equal(denies('StringEquals', tagKeys, 'a', context), true);
  assert.equal(allows('StringNotEquals', tagKeys, 'a', context), false);
  assert.equal(allows('StringNotEquals', tagKeys, 'c', context), true);
  assert.equal(denies('StringNotEquals', tagKeys, 'a', context), true);
});

test('a condition on an unknown key never allows, by whatever operator, and may still deny', () => {
  for (const key of [
    'kms:EncryptionContxt:Dept',
    'aws:PrincipalTags/x',
    's3:prefix',
    'kms:EncryptionContext:',
    'nonsense',
  ]) {
    assert.equal(allows('StringNotEquals', key, 'x', {}), false, key);
    assert.equal(allows('StringEqualsIfExists', key, 'x', {}), false, key);
    assert.equal(allows('ForAllValues:StringEquals', key, 'x', {}), false, key);
    assert.equal(allows('Null', key, 'true', {}), false, key);
    assert.equal(denies('StringNotEquals', key, 'x', {}), true, key);
    assert.equal(denies('StringEquals', key, 'x', { [key]: ['x'] }), true, key);
  }
});

test('names of condition keys are case-insensitive', () => {
  assert.equal(allows('Bool', 'AWS:securetransport', 'true', { 'aws:SecureTransport': ['true'] }), true);
  assert.equal(
    allows('StringEquals', 'kms:encryptioncontext:DEPT', 'x', { 'kms:EncryptionContext:Dept': ['x'] }),
    true,
  );
});

test('all operators and all keys of a statement must be met', () => {
  const condition = {
    StringEquals: { [tag]: 'a', 'aws:username': 'alice' },
    Bool: { 'aws:SecureTransport': 'true' },
  };
  const policy = identityPolicy(allow({ Condition: condition }));
  const context = { [tag]: ['a'], 'aws:username': ['alice'], 'aws:SecureTransport': ['true'] };
  assert.equal(isAllowed({ context }, { identity: [policy] }), true);
  for (const key of Object.keys(context)) {
    assert.equal(
      isAllowed({ context: { ...context, [key]: ['false'] } }, { identity: [policy] }),
      false,
      key,
    );
  }
});

test('a comparison that cannot be decided takes an Allow away and leaves a Deny', () => {
  assert.equal(allows('NumericNotEquals', tag, '1', { [tag]: ['one'] }), false);
  assert.equal(denies('NumericNotEquals', tag, '1', { [tag]: ['one'] }), true);
  assert.equal(allows('NotIpAddress', 'aws:SourceIp', '10.0.0.0/8', { 'aws:SourceIp': ['unix:'] }), false);
  assert.equal(denies('NotIpAddress', 'aws:SourceIp', '10.0.0.0/8', { 'aws:SourceIp': ['unix:'] }), true);
});

test('no values match nothing', () => {
  assert.equal(allows('StringEquals', tag, [], { [tag]: ['a'] }), false);
  assert.equal(allows('StringNotEquals', tag, [], { [tag]: ['a'] }), true);
});
