/**
 * AWS managed keys: one a service, made when a predefined alias `alias/aws/SERVICE` is first
 * described, under a fixed policy that lets the account use it through that service alone and look
 * at its metadata (KMS Developer Guide, "AWS managed keys"). They rotate every year, are free of the
 * quotas, and nobody can change them: their policy does not allow it.
 */
import { aliasArn, rootArn } from '../base/arn.ts';
import { uuid } from '../crypto/random.ts';
import type { KeyStore } from '../keystore/interface.ts';
import type { Alias, Key } from './key.ts';
import type { KeyPolicies } from './key-policy.ts';
import type { KeyTable } from './key-table.ts';
import { newKey } from './new-key.ts';
import type { CallScope } from './resolve-key.ts';
import { dayMs, rotationPeriodDaysDefault } from './rotation.ts';
import { insertKeyChange, type StateChange } from './state-change.ts';

/** Alias suffix -> the service as `kms:ViaService` names it, where they differ. */
const services: ReadonlyMap<string, string> = new Map(
  [
    ['acm'],
    ['backup'],
    ['codeartifact'],
    ['codecommit'],
    ['connect'],
    ['dms'],
    ['dynamodb'],
    ['ebs', 'ec2'],
    ['elasticfilesystem'],
    ['es'],
    ['fsx'],
    ['glue'],
    ['kafka'],
    ['kinesis'],
    ['lambda'],
    ['lex'],
    ['lightsail'],
    ['mq'],
    ['rds'],
    ['redshift'],
    ['s3'],
    ['secretsmanager'],
    ['sns'],
    ['sqs'],
    ['ssm'],
    ['workmail'],
    ['workspaces'],
    ['xray'],
  ].map(([alias = '', via = alias]) => [alias, via]),
);

export const predefinedAliasNames: readonly string[] = [...services.keys()].map(
  (name) => `alias/aws/${name}`,
);

/** The service behind a predefined alias, as `kms:ViaService` names it; undefined for any other name. */
const serviceOf = (aliasName: string): string | undefined =>
  aliasName.startsWith('alias/aws/') ? services.get(aliasName.slice('alias/aws/'.length)) : undefined;

const policyText = (scope: CallScope, aliasName: string, service: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Id: `auto-${aliasName.slice('alias/aws/'.length)}-1`,
    Statement: [
      {
        Sid: `Allow access through ${service} for all principals in the account that are authorized to use ${service}`,
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'kms:Encrypt',
          'kms:Decrypt',
          'kms:ReEncrypt*',
          'kms:GenerateDataKey*',
          'kms:CreateGrant',
          'kms:DescribeKey',
        ],
        Resource: '*',
        Condition: {
          StringEquals: {
            'kms:CallerAccount': scope.accountId,
            'kms:ViaService': `${service}.${scope.region}.amazonaws.com`,
          },
        },
      },
      {
        Sid: 'Allow direct access to key metadata to the account',
        Effect: 'Allow',
        Principal: { AWS: rootArn(scope.accountId) },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
        Resource: '*',
      },
    ],
  });

/** The change that makes the AWS managed key of a predefined alias, or undefined when the alias is no such name or has its key. */
export async function createAwsManagedKey(
  table: KeyTable,
  keyStore: KeyStore,
  policies: KeyPolicies,
  scope: CallScope,
  aliasName: string,
  nowMs: number,
): Promise<{ key: Key; change: StateChange } | undefined> {
  const service = serviceOf(aliasName);
  if (service === undefined || table.alias(scope.accountId, scope.region, aliasName) !== undefined)
    return undefined;
  const key = await newKey(
    keyStore,
    {
      ...scope,
      keyId: uuid(),
      manager: 'AWS',
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      description: `Default key that protects my ${aliasName.slice('alias/aws/'.length)} data when no other key is defined`,
      policy: policies.of(policyText(scope, aliasName, service)),
      tags: [],
      rotation: {
        periodDays: rotationPeriodDaysDefault,
        nextMs: nowMs + rotationPeriodDaysDefault * dayMs,
        onDemandCount: 0,
      },
    },
    nowMs,
  );
  const alias: Alias = {
    ...scope,
    name: aliasName,
    arn: aliasArn(scope.region, scope.accountId, aliasName),
    version: 1,
    targetKeyId: key.keyId,
    createdMs: nowMs,
    updatedMs: nowMs,
  };
  return { key, change: insertKeyChange(table, key, [alias]) };
}
