/** Grants beside key policies (KMS Developer Guide, "Grants in AWS KMS" and "Troubleshooting key access"). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { grantStatement } from '../../src/policy/parse.ts';
import {
  account,
  delegation,
  deny,
  keyOf,
  naming,
  nothing,
  otherAccount,
  outcome,
  type Row,
  role,
  roleArn,
  service,
  user,
  userArn,
} from './policies.ts';

const grantTo = (arn: string, actions: readonly string[] = ['kms:Encrypt']) =>
  grantStatement({ grantId: 'g1', grantee: { AWS: arn }, actions });
const grantRows: readonly Row[] = [
  {
    name: 'a grant to a user needs nothing else',
    layers: { identity: [], resource: naming(userArn('bob')), grants: [grantTo(userArn('alice'))] },
    is: 'Allow direct',
  },
  {
    name: 'a grant allows its operations only',
    action: 'kms:Decrypt',
    layers: { identity: [], resource: naming(userArn('bob')), grants: [grantTo(userArn('alice'))] },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'a grant allows its grantee only',
    layers: { identity: [], resource: naming(userArn('bob')), grants: [grantTo(userArn('carol'))] },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: "a grant to another account's user needs no identity policy there",
    principal: user('alice', otherAccount),
    layers: {
      identity: [],
      resource: keyOf(delegation()),
      grants: [grantTo(userArn('alice', otherAccount))],
    },
    is: 'Allow direct',
  },
  {
    name: 'a grant to a whole account needs an identity policy there',
    principal: user('alice', otherAccount),
    layers: { identity: [], resource: keyOf(delegation()), grants: [grantTo(otherAccount)] },
    is: 'Deny implicitDeny identityPolicy',
  },
  {
    name: 'a grant to a role is narrowed by a session policy',
    principal: role('app'),
    layers: {
      identity: [],
      sessionPolicies: [nothing],
      resource: keyOf(delegation()),
      grants: [grantTo(roleArn('app'))],
    },
    is: 'Deny implicitDeny sessionPolicy',
  },
  {
    name: 'a grant is narrowed by service control policies',
    layers: {
      identity: [],
      resource: keyOf(delegation()),
      grants: [grantTo(userArn('alice'))],
      serviceControlPolicies: [[]],
    },
    is: 'Deny implicitDeny serviceControlPolicy',
  },
  {
    name: 'a grant is beaten by a deny of the key policy',
    layers: {
      identity: [],
      resource: keyOf(deny({ Principal: { AWS: account } })),
      grants: [grantTo(userArn('alice'))],
    },
    is: 'Deny explicitDeny resourcePolicy',
  },
  {
    name: 'a grant to a service',
    principal: service('s3.amazonaws.com'),
    layers: {
      identity: [],
      resource: keyOf(delegation()),
      grants: [
        grantStatement({ grantId: 'g', grantee: { Service: 's3.amazonaws.com' }, actions: ['kms:Encrypt'] }),
      ],
    },
    is: 'Allow direct',
  },
];
for (const { name, layers, is, ...question } of grantRows) {
  test(name, () => assert.equal(outcome(question, layers), is));
}

test('a grant with a constraint allows what meets it', () => {
  const grant = grantStatement({
    grantId: 'g1',
    grantee: { AWS: userArn('alice') },
    actions: ['kms:Encrypt'],
    condition: { StringEquals: { 'kms:EncryptionContext:dept': 'it' } },
  });
  const layers = { identity: [], resource: keyOf(delegation()), grants: [grant] };
  assert.equal(outcome({ context: { 'kms:EncryptionContext:dept': ['it'] } }, layers), 'Allow direct');
  assert.equal(
    outcome({ context: { 'kms:EncryptionContext:dept': ['hr'] } }, layers),
    'Deny implicitDeny identityPolicy',
  );
});
