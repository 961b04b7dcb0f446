/**
 * From a policy's text to what is evaluated. All reading happens here: patterns, operators and their
 * values are compiled, so that a decision only compares.
 *
 * Nothing is skipped: an element, operator or value that is not known is refused together with its
 * policy, whether it would have allowed or denied. So no policy is in force in part.
 */
import { compileCondition } from './condition.ts';
import {
  type ListDocument,
  readDocument,
  readStatement,
  type StatementDocument,
  withSyntaxWording,
} from './document.ts';
import { MalformedPolicy } from './malformed-policy.ts';
import { arnPattern, hasEarlyVariable, type Language, likePattern } from './pattern.ts';
import { kindRules, type PolicyKind } from './policy-kind.ts';
import type { NamedPrincipal } from './principal.ts';
import { listMatcher, type Statement } from './statement.ts';

export { MalformedPolicy } from './malformed-policy.ts';
export type { PolicyKind } from './policy-kind.ts';
export type { NamedPrincipal } from './principal.ts';

export interface Policy {
  readonly kind: PolicyKind;
  readonly version: '2008-10-17' | '2012-10-17';
  readonly id: string | undefined;
  /** The statements that can have an effect, in the order written. */
  readonly allows: readonly Statement[];
  readonly denies: readonly Statement[];
  readonly named: readonly NamedPrincipal[];
}

/** Throws `MalformedPolicy`. Bounded by the text's length; quotas on size are the caller's. */
export function parsePolicy(text: string, kind: PolicyKind): Policy {
  const { wording, check } = kindRules[kind];
  const document = readDocument(text, wording);
  const version = document.version ?? '2008-10-17';
  const language = { variables: version === '2012-10-17' };
  const statements = withSyntaxWording(wording, () => {
    check(document);
    return document.statements.map((statement, index) => compileStatement(statement, index, kind, language));
  });
  const effective = statements.filter((statement) => statement !== undefined);
  return {
    kind,
    version,
    id: document.id,
    allows: effective.filter(({ effect }) => effect === 'Allow'),
    denies: effective.filter(({ effect }) => effect === 'Deny'),
    named: document.statements.flatMap(({ principals }) => principals?.named ?? []),
  };
}

/** Everyone whom a policy names, in statements without effect too, so that the caller can check that they exist. */
export const principalsOf = (policy: Policy): readonly NamedPrincipal[] => policy.named;

/** What a grant allows: operations on its key, for one grantee, under conditions that are its constraints. */
export interface GrantTerms {
  readonly grantId: string;
  readonly grantee: { readonly AWS: string } | { readonly Service: string };
  /** Actions (`kms:Decrypt`). A grant is kept by its key, so it names no resource. */
  readonly actions: readonly string[];
  /** A `Condition` element: operator, key, values. */
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A grant as a statement, with its id as the Sid. Throws `MalformedPolicy` when the grantee is not a principal. */
export function grantStatement({ grantId, grantee, actions, condition }: GrantTerms): Statement {
  const document = readStatement(
    {
      Sid: grantId,
      Effect: 'Allow',
      Principal: grantee,
      Action: actions,
      Resource: '*',
      Condition: condition,
    },
    `grant ${grantId}`,
    {},
  );
  const statement = compileStatement(document, 0, 'keyPolicy', { variables: false });
  if (statement === undefined) throw new MalformedPolicy(`grant ${grantId} allows nothing`);
  return statement;
}

/** Undefined when the statement cannot have an effect, for lack of actions or resources. */
function compileStatement(
  document: StatementDocument,
  index: number,
  kind: PolicyKind,
  language: Language,
): Statement | undefined {
  const { sid, effect, principals, actions } = document;
  // A trust policy is about the role it belongs to.
  const resources = kind === 'trustPolicy' ? { values: ['*'], negated: false } : document.resources;
  const conditions = document.conditions.map(({ operator, key, values }) =>
    compileCondition(effect, operator, key, values, language),
  );
  const actionMatcher = compileActions(actions);
  const resourceMatcher = compileResources(resources, language);
  if (actionMatcher === undefined || resourceMatcher === undefined) return undefined;
  return { index, sid, effect, principals, actions: actionMatcher, resources: resourceMatcher, conditions };
}

function compileActions(list: ListDocument | undefined): Statement['actions'] | undefined {
  if (list === undefined || list.values.length === 0) return undefined;
  // Actions are case-insensitive and take no variables.
  const patterns = list.values.map((action) => likePattern(action.toLowerCase(), { variables: false }));
  return listMatcher(patterns, list.negated);
}

function compileResources(
  list: ListDocument | undefined,
  language: Language,
): Statement['resources'] | undefined {
  if (list === undefined || list.values.length === 0) return undefined;
  const patterns = list.values.map((resource) => {
    if (hasEarlyVariable(resource, language)) {
      throw new MalformedPolicy(`\`${resource}\` has a policy variable before its resource segment`);
    }
    return arnPattern(resource, language);
  });
  return listMatcher(patterns, list.negated);
}
