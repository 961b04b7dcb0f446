/** What each kind of policy must and must not hold, and how the service refuses it. */

import { readOperatorName } from './condition.ts';
import type { PolicyDocument, StatementDocument, Wording } from './document.ts';
import { MalformedPolicy } from './malformed-policy.ts';

/**
 * `keyPolicy` belongs to a key, `trustPolicy` to a role. `identityPolicy` is attached to a user, group or role, or
 * used as permissions boundary or session policy. The last two are an organization's.
 */
export type PolicyKind =
  | 'keyPolicy'
  | 'trustPolicy'
  | 'identityPolicy'
  | 'serviceControlPolicy'
  | 'resourceControlPolicy';

export interface KindRules {
  readonly wording: Wording;
  readonly check: (document: PolicyDocument) => void;
}

const syntax: Wording = { json: 'This policy contains invalid Json', syntax: 'Syntax errors in policy.' };

export const kindRules: Readonly<Record<PolicyKind, KindRules>> = {
  keyPolicy: {
    wording: { invalidPrincipal: 'Policy contains a statement with one or more invalid principals.' },
    // `Action` and `Resource` may be absent (KMS API reference, PutKeyPolicy): the statement has no effect.
    check: eachStatement(needsPrincipal, hasNoOpenSetCondition),
  },
  trustPolicy: { wording: syntax, check: eachStatement(hasTrustElements) },
  identityPolicy: {
    wording: syntax,
    check(document) {
      forbidsId(document);
      needsCurrentVersion(document);
      eachStatement(namesNoPrincipal, hasPlainSid)(document);
      needsUniqueSids(document);
      eachStatement(needsActionAndResource, hasQualifiedActions, hasArnResources)(document);
    },
  },
  serviceControlPolicy: {
    wording: syntax,
    check(document) {
      needsCurrentVersion(document);
      eachStatement(namesNoPrincipal, needsActionAndResource, hasQualifiedActions)(document);
    },
  },
  resourceControlPolicy: {
    wording: syntax,
    check(document) {
      needsCurrentVersion(document);
      eachStatement(namesEveryone, needsActionAndResource, hasQualifiedActions)(document);
    },
  },
};

type StatementRule = (statement: StatementDocument, where: string) => void;

/** Each rule for all statements before the next rule, as the service reports them. */
function eachStatement(...rules: readonly StatementRule[]): KindRules['check'] {
  return ({ statements }) => {
    for (const rule of rules) {
      for (const [index, statement] of statements.entries()) rule(statement, `statement ${index + 1}`);
    }
  };
}

function forbidsId({ id }: PolicyDocument): void {
  if (id !== undefined) throw new MalformedPolicy('the policy has an `Id`');
}

function needsCurrentVersion({ version }: PolicyDocument): void {
  if (version !== '2012-10-17') {
    throw new MalformedPolicy(
      'the policy is not of version 2012-10-17',
      'Policy document must be version 2012-10-17 or greater.',
    );
  }
}

function needsUniqueSids({ statements }: PolicyDocument): void {
  const seen = new Set<string>();
  for (const { sid = '' } of statements) {
    if (seen.has(sid)) {
      throw new MalformedPolicy(
        `two statements have the Sid \`${sid}\``,
        'Statement IDs (SID) in a single policy must be unique.',
      );
    }
    if (sid !== '') seen.add(sid);
  }
}

function needsPrincipal({ principals }: StatementDocument, where: string): void {
  if (principals === undefined || principals.named.length === 0) {
    throw new MalformedPolicy(
      `${where} names no principal`,
      'Policy contains a statement with no principal.',
    );
  }
}

function namesNoPrincipal({ principals }: StatementDocument, where: string): void {
  if (principals !== undefined) {
    throw new MalformedPolicy(
      `${where} names a principal`,
      'Policy document should not specify a principal.',
    );
  }
}

function namesEveryone({ principals }: StatementDocument, where: string): void {
  if (principals?.negated !== false || principals.named.length !== 1 || principals.named[0]?.kind !== 'any') {
    throw new MalformedPolicy(`the principal of ${where} is not \`*\``);
  }
}

function hasTrustElements({ principals, actions, resources }: StatementDocument, where: string): void {
  if (resources !== undefined) {
    throw new MalformedPolicy(`${where} has a \`Resource\``, 'Has prohibited field Resource');
  }
  if (actions === undefined || actions.values.length === 0) {
    throw new MalformedPolicy(`${where} has no \`Action\``, 'Missing required field Action');
  }
  if (principals === undefined || principals.named.length === 0) {
    throw new MalformedPolicy(`${where} names no principal`, 'Missing required field Principal');
  }
}

function hasPlainSid({ sid }: StatementDocument, where: string): void {
  if (sid !== undefined && !/^[A-Za-z0-9]*$/.test(sid)) {
    throw new MalformedPolicy(
      `the Sid of ${where} is not alphanumeric`,
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    );
  }
}

function needsActionAndResource({ actions, resources }: StatementDocument, where: string): void {
  if (actions === undefined || actions.values.length === 0) {
    throw new MalformedPolicy(`${where} has no \`Action\``, 'Policy statement must contain actions.');
  }
  if (resources === undefined || resources.values.length === 0) {
    throw new MalformedPolicy(`${where} has no \`Resource\``, 'Policy statement must contain resources.');
  }
}

function hasQualifiedActions({ actions }: StatementDocument, where: string): void {
  for (const action of actions?.values ?? []) {
    if (action === '*') continue;
    const [vendor = '', name, ...rest] = action.split(':');
    if (name === undefined) {
      throw new MalformedPolicy(
        `\`${action}\` in ${where} names no service`,
        'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
      );
    }
    if (rest.length > 0) {
      throw new MalformedPolicy(
        `\`${action}\` in ${where} has two colons`,
        'Actions/Condition can contain only one colon.',
      );
    }
    if (!/^[A-Za-z0-9.-]+$/.test(vendor)) {
      throw new MalformedPolicy(
        `\`${action}\` in ${where} names no service`,
        `Vendor ${vendor} is not valid`,
      );
    }
  }
}

function hasArnResources({ resources }: StatementDocument, where: string): void {
  for (const resource of resources?.values ?? []) {
    if (resource !== '*' && !resource.includes(':')) {
      throw new MalformedPolicy(
        `\`${resource}\` in ${where} is not an ARN`,
        `Resource ${resource} must be in ARN format or "*".`,
      );
    }
  }
}

/**
 * Keys with one value never need a set operator, and `ForAllValues` holds when the key is absent: the
 * statement would allow requests without the encryption context it asks for (KMS Developer Guide,
 * "Using policy conditions with AWS KMS").
 */
function hasNoOpenSetCondition({ conditions }: StatementDocument, where: string): void {
  for (const { operator, key } of conditions) {
    const lowerCaseKey = key.toLowerCase();
    const singleValued =
      lowerCaseKey.startsWith('kms:encryptioncontext:') || lowerCaseKey.startsWith('aws:requesttag/');
    if (singleValued && readOperatorName(operator).set === 'ForAllValues') {
      throw new MalformedPolicy(
        `${where} has \`${operator}\` on \`${key}\``,
        'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified [encryption context or tag] or with an unspecified [encryption context or tag]. To fix, remove ForAllValues.',
      );
    }
  }
}
