/**
 * One condition of a statement: an operator, a key and values (IAM User Guide, "Conditions with multiple
 * context keys or values" and "Multivalued context keys").
 *
 * Where the guide leaves a case open, the statement's effect decides, so that doubt never gives access:
 * - Without a set operator a condition is written for a key with one value. If the request carries
 *   several, an Allow needs each of them to meet it, and a Deny applies if one does.
 * - When a comparison cannot be decided, a negated operator is not met in an Allow and is met in a Deny;
 *   others are not met.
 */
import { isKnownConditionKey } from './condition-key.ts';
import { readBoolean } from './condition-value.ts';
import type { Effort } from './effort.ts';
import { MalformedPolicy } from './malformed-policy.ts';
import { type Comparison, operators } from './operator.ts';
import type { Language } from './pattern.ts';
import type { ConditionContext } from './request.ts';

export type Effect = 'Allow' | 'Deny';

export interface Condition {
  /** As written, with its set operator and `IfExists`. */
  readonly operator: string;
  readonly key: string;
  readonly lowerCaseKey: string;
  readonly values: readonly string[];
  readonly isMet: (context: ConditionContext, effort: Effort) => boolean;
}

/** Throws `MalformedPolicy` for an operator that does not exist or a value that is not of its type. */
export function compileCondition(
  effect: Effect,
  operator: string,
  key: string,
  values: readonly string[],
  language: Language,
): Condition {
  const lowerCaseKey = key.toLowerCase();
  const test = compileTest(effect, operator, lowerCaseKey, values, language);
  const isMet = effect === 'Allow' && !isKnownConditionKey(lowerCaseKey) ? () => false : test;
  return { operator, key, lowerCaseKey, values, isMet };
}

export type SetOperator = 'ForAllValues' | 'ForAnyValue';

export interface OperatorName {
  readonly set: SetOperator | undefined;
  readonly base: string;
  readonly ifExists: boolean;
}

export function readOperatorName(operator: string): OperatorName {
  const colon = operator.indexOf(':');
  const set = colon < 0 ? undefined : operator.slice(0, colon);
  const rest = operator.slice(colon + 1);
  const ifExists = rest.endsWith('IfExists') && rest !== 'NullIfExists';
  const base = ifExists ? rest.slice(0, -'IfExists'.length) : rest;
  if (
    (set === undefined || set === 'ForAllValues' || set === 'ForAnyValue') &&
    (base === 'Null' || operators.has(base))
  ) {
    return { set, base, ifExists };
  }
  throw new MalformedPolicy(`\`${operator}\` is not a condition operator`);
}

function compileTest(
  effect: Effect,
  name: string,
  key: string,
  values: readonly string[],
  language: Language,
): Condition['isMet'] {
  const { set, base, ifExists } = readOperatorName(name);
  if (base === 'Null') return compileNull(key, values);
  const operator = operators.get(base);
  if (operator === undefined) throw new MalformedPolicy(`\`${name}\` is not a condition operator`);
  const meets = valueTest(effect, operator.negated, operator.compile(values, language));
  switch (set) {
    case 'ForAllValues':
      // A key that is absent has no value that could fail.
      return (context, effort) => {
        effort.spend(1);
        const requested = context.get(key);
        return requested === undefined || requested.every((value) => meets(value, context, effort));
      };
    case 'ForAnyValue':
      // A key that is absent has no value that could do; `IfExists` changes nothing about that.
      return (context, effort) => {
        effort.spend(1);
        const requested = context.get(key);
        return requested?.some((value) => meets(value, context, effort)) ?? false;
      };
    case undefined:
      return (context, effort) => {
        effort.spend(1);
        const requested = context.get(key);
        if (requested === undefined || requested.length === 0) return ifExists || operator.negated;
        return effect === 'Allow'
          ? requested.every((value) => meets(value, context, effort))
          : requested.some((value) => meets(value, context, effort));
      };
  }
}

function valueTest(
  effect: Effect,
  negated: boolean,
  compare: Comparison,
): (value: string, context: ConditionContext, effort: Effort) => boolean {
  if (!negated) return (value, context, effort) => compare(value, context, effort) === true;
  return (value, context, effort) => {
    const outcome = compare(value, context, effort);
    return outcome === undefined ? effect === 'Deny' : !outcome;
  };
}

/** `true`: the key is absent; `false`: it is there. */
function compileNull(key: string, values: readonly string[]): Condition['isMet'] {
  const wanted = values.map((value) => {
    const absent = readBoolean(value);
    if (absent === undefined) throw new MalformedPolicy(`\`${value}\` is not true or false`);
    return absent;
  });
  return (context, effort) => {
    effort.spend(1);
    const requested = context.get(key);
    return wanted.includes(requested === undefined || requested.length === 0);
  };
}
