/** Short ways to write what the tests of policies are about. */
import type { Decision, PolicyLayers } from '../../src/policy/evaluate.ts';
import { decide } from '../../src/policy/evaluate.ts';
import { type Policy, parsePolicy } from '../../src/policy/parse.ts';
import type { PolicyPrincipal, PolicyRequest } from '../../src/policy/request.ts';
import { contextOf } from './both-engines.ts';
import type { TwinPolicy, TwinStatement } from './slow-twin.ts';

export const account = '111122223333';
export const otherAccount = '444455556666';
export const keyArn = `arn:aws:kms:us-east-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;

export const rootArn = (accountId: string = account): string => `arn:aws:iam::${accountId}:root`;
export const userArn = (name: string, accountId: string = account): string =>
  `arn:aws:iam::${accountId}:user/${name}`;
export const roleArn = (name: string, accountId: string = account): string =>
  `arn:aws:iam::${accountId}:role/${name}`;
export const sessionArn = (role: string, session: string, accountId: string = account): string =>
  `arn:aws:sts::${accountId}:assumed-role/${role}/${session}`;
export const federatedArn = (name: string, accountId: string = account): string =>
  `arn:aws:sts::${accountId}:federated-user/${name}`;

export const root = (accountId: string = account): PolicyPrincipal => ({
  kind: 'root',
  accountId,
  arn: rootArn(accountId),
});
export const user = (name: string, accountId: string = account): PolicyPrincipal => ({
  kind: 'user',
  accountId,
  arn: userArn(name, accountId),
  userId: `AIDA${name.toUpperCase()}EXAMPLEID0000`,
});
export const role = (name: string, session = 'session', accountId: string = account): PolicyPrincipal => ({
  kind: 'assumedRole',
  accountId,
  arn: sessionArn(name, session, accountId),
  roleArn: roleArn(name, accountId),
  roleId: `AROA${name.toUpperCase()}EXAMPLEID0000`,
});
export const federated = (name: string, ofUser: string, accountId: string = account): PolicyPrincipal => ({
  kind: 'federatedUser',
  accountId,
  arn: federatedArn(name, accountId),
  userArn: userArn(ofUser, accountId),
});
export const service = (name: string): PolicyPrincipal => ({
  kind: 'service',
  accountId: name,
  arn: name,
  service: name,
});

/** A statement about everything, unless it says otherwise. */
export const allow = (statement: Partial<TwinStatement> = {}): TwinStatement => ({
  Effect: 'Allow',
  ...(statement.NotAction === undefined ? { Action: 'kms:*' } : {}),
  ...(statement.NotResource === undefined ? { Resource: '*' } : {}),
  ...statement,
});
export const deny = (statement: Partial<TwinStatement> = {}): TwinStatement => ({
  ...allow(statement),
  Effect: 'Deny',
});

export const document = (...statements: readonly TwinStatement[]): TwinPolicy => ({
  Version: '2012-10-17',
  Statement: statements,
});

export const keyPolicy = (...statements: readonly TwinStatement[]): Policy =>
  parsePolicy(JSON.stringify(document(...statements)), 'keyPolicy');
export const identityPolicy = (...statements: readonly TwinStatement[]): Policy =>
  parsePolicy(JSON.stringify(document(...statements)), 'identityPolicy');
export const serviceControlPolicy = (...statements: readonly TwinStatement[]): Policy =>
  parsePolicy(JSON.stringify(document(...statements)), 'serviceControlPolicy');
export const resourceControlPolicy = (...statements: readonly TwinStatement[]): Policy =>
  parsePolicy(JSON.stringify(document(...statements)), 'resourceControlPolicy');

/** The statement of the default key policy. */
export const delegation = (accountId: string = account): TwinStatement =>
  allow({ Sid: 'Enable IAM User Permissions', Principal: { AWS: rootArn(accountId) } });

export interface Question extends Partial<Omit<PolicyRequest, 'context'>> {
  /** Condition keys by name, in any case. */
  readonly context?: Readonly<Record<string, readonly string[]>>;
}

export function ask(question: Question, layers: PolicyLayers): Decision {
  const { context = {}, ...request } = question;
  const values = Object.entries(context).map(([key, value]) => [key.toLowerCase(), value] as const);
  return decide(
    {
      principal: user('alice'),
      action: 'kms:Encrypt',
      resource: keyArn,
      resourceAccountId: account,
      ...request,
      context: contextOf(Object.fromEntries(values)),
    },
    layers,
  );
}

export const isAllowed = (question: Question, layers: PolicyLayers): boolean =>
  ask(question, layers).effect === 'Allow';

/** `Allow direct`, `Deny explicitDeny resourcePolicy`, ... */
export function outcome(question: Question, layers: PolicyLayers): string {
  const decision = ask(question, layers);
  if (decision.effect === 'Allow') return `Allow ${decision.access}`;
  return decision.reason === 'tooComplex'
    ? `Deny ${decision.reason}`
    : `Deny ${decision.reason} ${decision.layer}`;
}

/** Identity policies that allow every action of the service, and none. */
export const everything = identityPolicy(allow());
export const nothing = identityPolicy(allow({ Action: 'iam:*' }));

/** The layer of a key with such statements in its policy. */
export const keyOf = (...statements: readonly TwinStatement[]): NonNullable<PolicyLayers['resource']> => ({
  policy: keyPolicy(...statements),
});
export const naming = (...arns: readonly string[]): NonNullable<PolicyLayers['resource']> =>
  keyOf(allow({ Principal: { AWS: arns } }));

/** A named question and what is answered. */
export interface Row extends Question {
  readonly name: string;
  readonly layers: PolicyLayers;
  readonly is: string;
}
