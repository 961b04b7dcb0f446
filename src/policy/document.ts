/** The form of a policy: which members it has and of which types (IAM User Guide, "Grammar of the IAM JSON policy language"). */
import type { Effect } from './condition.ts';
import { parseJson } from './json-document.ts';
import { MalformedPolicy } from './malformed-policy.ts';
import {
  type NamedPrincipal,
  type PrincipalElement,
  readAwsPrincipal,
  readFederatedPrincipal,
  readServicePrincipal,
} from './principal.ts';

/** More than fit into the longest policy that the service stores. */
const statementsMax = 1000;

export interface PolicyDocument {
  /** Absent means 2008-10-17. */
  readonly version: '2008-10-17' | '2012-10-17' | undefined;
  readonly id: string | undefined;
  readonly statements: readonly StatementDocument[];
}

export interface StatementDocument {
  readonly sid: string | undefined;
  readonly effect: Effect;
  readonly principals: PrincipalElement | undefined;
  readonly actions: ListDocument | undefined;
  readonly resources: ListDocument | undefined;
  readonly conditions: readonly ConditionDocument[];
}

/** `Action` or `NotAction`, `Resource` or `NotResource`. */
export interface ListDocument {
  readonly values: readonly string[];
  readonly negated: boolean;
}

export interface ConditionDocument {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** Wordings of the service, where they are known. */
export interface Wording {
  readonly json?: string;
  readonly syntax?: string;
  readonly invalidPrincipal?: string;
}

export function readDocument(text: string, wording: Wording): PolicyDocument {
  const json = parseJson(text, wording.json);
  return withSyntaxWording(wording, () => {
    const members = readObject(json, 'the policy', ['Version', 'Id', 'Statement']);
    const statement = members.get('Statement');
    if (statement === undefined) throw new MalformedPolicy('the policy has no `Statement`');
    const statements = Array.isArray(statement) ? statement : [statement];
    if (statements.length === 0 || statements.length > statementsMax) {
      throw new MalformedPolicy(`the policy has ${statements.length} statements, not 1 to ${statementsMax}`);
    }
    return {
      version: readVersion(members.get('Version')),
      id: readOptionalString(members.get('Id'), '`Id`'),
      statements: statements.map((value, index) => readStatement(value, `statement ${index + 1}`, wording)),
    };
  });
}

/** Syntax errors speak with the service's one sentence for all of them, if it has one. */
export function withSyntaxWording<T>(wording: Wording, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const unworded = error instanceof MalformedPolicy && error.message === error.detail;
    throw unworded && wording.syntax !== undefined
      ? new MalformedPolicy(error.detail, wording.syntax)
      : error;
  }
}

export function readStatement(value: unknown, where: string, wording: Wording): StatementDocument {
  const members = readObject(value, where, statementMembers);
  return {
    sid: readOptionalString(members.get('Sid'), `\`Sid\` of ${where}`),
    effect: readEffect(members.get('Effect'), where),
    principals: readPrincipals(members, where, wording),
    actions: readList(members, 'Action', where),
    resources: readList(members, 'Resource', where),
    conditions: readConditions(members.get('Condition'), where),
  };
}

const statementMembers = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

type Members = ReadonlyMap<string, unknown>;

function readVersion(value: unknown): PolicyDocument['version'] {
  if (value === undefined || value === '2008-10-17' || value === '2012-10-17') return value;
  throw new MalformedPolicy('`Version` is neither 2008-10-17 nor 2012-10-17');
}

function readEffect(value: unknown, where: string): Effect {
  if (value === 'Allow' || value === 'Deny') return value;
  throw new MalformedPolicy(`\`Effect\` of ${where} is neither Allow nor Deny`);
}

/** The element or its negation; both at once are refused. */
function readEither(
  members: Members,
  name: string,
  where: string,
): { value: unknown; negated: boolean } | undefined {
  const value = members.get(name);
  const negation = members.get(`Not${name}`);
  if (value !== undefined && negation !== undefined) {
    throw new MalformedPolicy(`${where} has both \`${name}\` and \`Not${name}\``);
  }
  if (value !== undefined) return { value, negated: false };
  return negation === undefined ? undefined : { value: negation, negated: true };
}

function readList(members: Members, name: string, where: string): ListDocument | undefined {
  const element = readEither(members, name, where);
  if (element === undefined) return undefined;
  const values = readStrings(element.value, `\`${name}\` of ${where}`);
  // All but nothing is everything, which nobody means to write like this.
  if (element.negated && values.length === 0)
    throw new MalformedPolicy(`\`Not${name}\` of ${where} is empty`);
  return { values, negated: element.negated };
}

const principalReaders: ReadonlyMap<string, (text: string) => NamedPrincipal | undefined> = new Map([
  ['AWS', readAwsPrincipal],
  ['Service', readServicePrincipal],
  ['Federated', readFederatedPrincipal],
]);

function readPrincipals(members: Members, where: string, wording: Wording): PrincipalElement | undefined {
  const element = readEither(members, 'Principal', where);
  if (element === undefined) return undefined;
  const { value, negated } = element;
  const named: NamedPrincipal[] = [];
  const entries = value === '*' ? [['AWS', '*'] as const] : readObject(value, `\`Principal\` of ${where}`);
  for (const [type, texts] of entries) {
    const read = principalReaders.get(type);
    for (const text of readStrings(texts, `\`Principal\` of ${where}`)) {
      const principal = read?.(text);
      if (principal === undefined) {
        throw new MalformedPolicy(`\`${text}\` in ${where} is not a principal`, wording.invalidPrincipal);
      }
      named.push(principal);
    }
  }
  return { named, negated };
}

function readConditions(value: unknown, where: string): readonly ConditionDocument[] {
  const conditions: ConditionDocument[] = [];
  if (value === undefined) return conditions;
  for (const [operator, keys] of readObject(value, `\`Condition\` of ${where}`)) {
    for (const [key, values] of readObject(keys, `\`${operator}\` of ${where}`)) {
      conditions.push({
        operator,
        key: readString(key, where),
        values: readValues(values, `\`${key}\` of ${where}`),
      });
    }
  }
  return conditions;
}

/** Condition values may be written as JSON numbers and booleans. */
function readValues(value: unknown, where: string): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map((one: unknown) => {
    // Beyond 2^53 the number written and the number read can differ.
    const isExact = typeof one === 'number' && Math.abs(one) <= Number.MAX_SAFE_INTEGER;
    return isExact || typeof one === 'boolean' ? String(one) : readString(one, where);
  });
}

function readObject(value: unknown, where: string, known?: readonly string[]): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedPolicy(`${where} is not an object`);
  }
  const members = new Map<string, unknown>(Object.entries(value));
  for (const name of members.keys()) {
    if (known?.includes(name) === false)
      throw new MalformedPolicy(`${where} has the unknown element \`${name}\``);
  }
  return members;
}

const readStrings = (value: unknown, where: string): readonly string[] =>
  (Array.isArray(value) ? value : [value]).map((one: unknown) => readString(one, where));

const readOptionalString = (value: unknown, where: string): string | undefined =>
  value === undefined ? undefined : readString(value, where);

/** Half a surrogate pair is no character, and would match in the middle of one. */
function readString(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new MalformedPolicy(`${where} has a value that is not a string`);
  if (!value.isWellFormed()) throw new MalformedPolicy(`${where} has a text that is not well-formed Unicode`);
  return value;
}
