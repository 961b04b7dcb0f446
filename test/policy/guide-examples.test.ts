/** The worked examples of the guides, each with its page. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { PolicyLayers } from '../../src/policy/evaluate.ts';
import {
  allow,
  delegation,
  deny,
  everything,
  identityPolicy,
  keyOf,
  otherAccount,
  outcome,
  role,
  rootArn,
  user,
} from './policies.ts';

test('IAM User Guide: Carlos may save to his own bucket and not to a log bucket', () => {
  // "Policy evaluation logic", "Example identity-based and resource-based policy evaluation".
  const carlos = user('carlossalazar', '123456789012');
  const own = ['arn:aws:s3:::carlossalazar/*', 'arn:aws:s3:::carlossalazar'];
  const identity = identityPolicy(
    allow({
      Sid: 'AllowS3ListRead',
      Action: ['s3:GetBucketLocation', 's3:ListAllMyBuckets'],
      Resource: 'arn:aws:s3:::*',
    }),
    allow({ Sid: 'AllowS3Self', Action: 's3:*', Resource: own }),
    deny({ Sid: 'DenyS3Logs', Action: 's3:*', Resource: 'arn:aws:s3:::*log*' }),
  );
  const resource = keyOf(allow({ Principal: { AWS: carlos.arn }, Action: 's3:*', Resource: own }));
  const question = { principal: carlos, action: 's3:PutObject', resourceAccountId: '123456789012' };
  const inBucket = (name: string, layers: PolicyLayers): string =>
    outcome({ ...question, resource: `arn:aws:s3:::${name}/object` }, layers);
  assert.equal(inBucket('carlossalazar-logs', { identity: [identity] }), 'Deny explicitDeny identityPolicy');
  assert.equal(inBucket('carlossalazar', { identity: [identity], resource }), 'Allow direct');
});

test("IAM User Guide: Carlos may use another account's Production bucket and not its logs", () => {
  // "Cross-account policy evaluation logic", "Example cross-account policy evaluation".
  const carlos = user('carlossalazar', '111111111111');
  const identity = [
    identityPolicy(
      allow({ Sid: 'AllowS3ListRead', Action: 's3:ListAllMyBuckets' }),
      allow({
        Sid: 'AllowS3ProductionObjectActions',
        Action: 's3:*Object*',
        Resource: 'arn:aws:s3:::Production/*',
      }),
      deny({ Sid: 'DenyS3Logs', Action: 's3:*', Resource: ['arn:aws:s3:::*log*', 'arn:aws:s3:::*log*/*'] }),
    ),
  ];
  const resource = keyOf(
    allow({
      Action: ['s3:GetObject*', 's3:PutObject*', 's3:ReplicateObject', 's3:RestoreObject'],
      Principal: { AWS: carlos.arn },
      Resource: 'arn:aws:s3:::Production/*',
    }),
  );
  const question = { principal: carlos, action: 's3:PutObject', resourceAccountId: '222222222222' };
  assert.equal(
    outcome(
      { ...question, resource: 'arn:aws:s3:::Production-logs/x' },
      { identity, resource: { policy: undefined } },
    ),
    'Deny explicitDeny identityPolicy',
  );
  const production = { ...question, resource: 'arn:aws:s3:::Production/x' };
  assert.equal(outcome(production, { identity, resource }), 'Allow direct');
  assert.equal(
    outcome({ ...production, action: 's3:DeleteObject' }, { identity, resource }),
    'Deny implicitDeny resourcePolicy',
  );
});

test("KMS Developer Guide: Alice lacks an IAM policy, and Bob's role in another account has both", () => {
  // "Troubleshooting key access", examples 1 and 2.
  const alice = { principal: user('alice'), action: 'kms:DescribeKey' };
  assert.equal(
    outcome(alice, { identity: [], resource: keyOf(delegation()) }),
    'Deny implicitDeny identityPolicy',
  );
  const operations = [
    'kms:Encrypt',
    'kms:Decrypt',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
    'kms:GenerateDataKey',
    'kms:DescribeKey',
  ];
  const resource = keyOf(
    delegation(otherAccount),
    allow({ Principal: { AWS: rootArn() }, Action: operations }),
  );
  const theirKey = `arn:aws:kms:us-west-2:${otherAccount}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
  const identity = [identityPolicy(allow({ Action: operations, Resource: theirKey }))];
  const bob = { principal: role('Engineering', 'bob'), resource: theirKey, resourceAccountId: otherAccount };
  assert.equal(outcome({ ...bob, action: 'kms:Decrypt' }, { identity, resource }), 'Allow delegated');
  assert.equal(
    outcome({ ...bob, action: 'kms:PutKeyPolicy' }, { identity: [everything], resource }),
    'Deny implicitDeny resourcePolicy',
  );
});
