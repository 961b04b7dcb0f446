/** What a decision says of itself: the layer, the statements, the conditions and their values. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  allow,
  ask,
  delegation,
  deny,
  identityPolicy,
  keyArn,
  keyOf,
  keyPolicy,
  nothing,
  root,
  serviceControlPolicy,
  userArn,
} from './policies.ts';

test('a decision tells which statement denied, by which conditions and values', () => {
  const policy = keyPolicy(
    delegation(),
    deny({
      Sid: 'only through the office',
      Principal: '*',
      Action: 'kms:Enc*',
      Condition: {
        NotIpAddress: { 'aws:SourceIp': ['203.0.113.0/24'] },
        Null: { 'aws:ViaAWSService': true },
      },
    }),
  );
  const question = { principal: root(), context: { 'aws:SourceIp': ['198.51.100.7'] } };
  assert.deepEqual(ask(question, { identity: 'root', resource: { policy } }), {
    effect: 'Deny',
    reason: 'explicitDeny',
    layer: 'resourcePolicy',
    statement: {
      layer: 'resourcePolicy',
      level: 0,
      policy: 0,
      statement: 1,
      sid: 'only through the office',
      effect: 'Deny',
    },
    conditions: [
      {
        operator: 'NotIpAddress',
        key: 'aws:SourceIp',
        policyValues: ['203.0.113.0/24'],
        requestValues: ['198.51.100.7'],
        met: true,
      },
      {
        operator: 'Null',
        key: 'aws:ViaAWSService',
        policyValues: ['true'],
        requestValues: undefined,
        met: true,
      },
    ],
  });
});

test('a decision tells which layer lacked an allow, and what came near', () => {
  const scp = serviceControlPolicy(
    allow({ Action: 'iam:*' }),
    allow({
      Sid: 'Home',
      Condition: {
        Bool: { 'aws:SecureTransport': 'true' },
        StringEquals: { 'aws:RequestedRegion': 'us-east-1' },
      },
    }),
  );
  const question = {
    principal: root(),
    context: { 'aws:RequestedRegion': ['eu-west-1'], 'aws:SecureTransport': ['true'] },
  };
  const layers = {
    identity: 'root',
    resource: keyOf(delegation()),
    serviceControlPolicies: [[serviceControlPolicy(allow())], [scp]],
  } as const;
  assert.deepEqual(ask(question, layers), {
    effect: 'Deny',
    reason: 'implicitDeny',
    layer: 'serviceControlPolicy',
    nearMisses: [
      {
        statement: {
          layer: 'serviceControlPolicy',
          level: 1,
          policy: 0,
          statement: 1,
          sid: 'Home',
          effect: 'Allow',
        },
        condition: {
          operator: 'StringEquals',
          key: 'aws:RequestedRegion',
          policyValues: ['us-east-1'],
          requestValues: ['eu-west-1'],
          met: false,
        },
      },
    ],
  });
});

test('a decision tells which statements together give access', () => {
  const layers = {
    identity: [nothing, identityPolicy(allow({ Action: 'iam:*' }), allow({ Sid: 'Use' }))],
    resource: keyOf(allow({ Principal: { AWS: userArn('bob') } }), delegation()),
  };
  assert.deepEqual(ask({ resource: keyArn }, layers), {
    effect: 'Allow',
    access: 'delegated',
    statements: [
      {
        layer: 'resourcePolicy',
        level: 0,
        policy: 0,
        statement: 1,
        sid: 'Enable IAM User Permissions',
        effect: 'Allow',
      },
      { layer: 'identityPolicy', level: 0, policy: 1, statement: 1, sid: 'Use', effect: 'Allow' },
    ],
  });
});
