/**
 * The condition operators (IAM User Guide, "IAM JSON policy elements: Condition operators"). Each
 * compares one value of the request with the policy's values, of which any may match; a negated operator
 * is met when none does.
 */
import { readBase64, readBoolean, readDate, readNumber } from './condition-value.ts';
import type { Effort } from './effort.ts';
import { contains, readAddress, readRange } from './ip-range.ts';
import { MalformedPolicy } from './malformed-policy.ts';
import {
  arnPattern,
  type Language,
  likePattern,
  type Outcome,
  type Pattern,
  wholePattern,
} from './pattern.ts';
import type { ConditionContext } from './request.ts';

/**
 * Whether the request's value matches one of the policy's. Undefined when that cannot be decided: the
 * value is not of the operator's type, or a policy variable has no value.
 */
export type Comparison = (value: string, context: ConditionContext, effort: Effort) => Outcome;

export interface Operator {
  readonly negated: boolean;
  readonly compile: (values: readonly string[], language: Language) => Comparison;
}

type Compile = Operator['compile'];

const text =
  (toPattern: (value: string, language: Language) => Pattern): Compile =>
  (values, language) =>
    anyPattern(values.map((value) => toPattern(value, language)));

const equals = text((value, language) => wholePattern(value, language, false));
const like = text(likePattern);
const arn = text(arnPattern);

const equalsIgnoreCase: Compile = (values, language) => {
  const compare = anyPattern(values.map((value) => wholePattern(value, language, true)));
  return (value, context, effort) => compare(value.toLowerCase(), context, effort);
};

/** One of several patterns. Those that are plain text are looked up, not tried in turn. */
function anyPattern(patterns: readonly Pattern[]): Comparison {
  const exact = new Set<string>();
  const others: Pattern[] = [];
  for (const pattern of patterns) {
    if (pattern.exact === undefined) others.push(pattern);
    else exact.add(pattern.exact);
  }
  return (value, context, effort) => {
    effort.spend(1 + (value.length >>> 3));
    if (exact.has(value)) return true;
    let outcome: Outcome = false;
    for (const pattern of others) {
      const matched = pattern.matches(value, context, effort);
      if (matched === true) return true;
      if (matched === undefined) outcome = undefined;
    }
    return outcome;
  };
}

/** Values that are read before they are compared. One that cannot be read is refused with the policy. */
const typed =
  <P, R>(
    type: string,
    readPolicyValue: (text: string) => P | undefined,
    readRequestValue: (text: string) => R | undefined,
    matches: (requested: R, given: P) => boolean,
  ): Compile =>
  (values) => {
    const given = values.map((value) => {
      const read = readPolicyValue(value);
      if (read === undefined) throw new MalformedPolicy(`\`${value}\` is not ${type}`);
      return read;
    });
    return (value, _context, effort) => {
      effort.spend(1 + given.length + (value.length >>> 3));
      const requested = readRequestValue(value);
      return requested === undefined ? undefined : given.some((one) => matches(requested, one));
    };
  };

type Order = (requested: number, given: number) => boolean;
const numeric = (order: Order): Compile => typed('a number', readNumber, readNumber, order);
const date = (order: Order): Compile => typed('a date', readDate, readDate, order);

const equal = <T>(requested: T, given: T): boolean => requested === given;
const less: Order = (requested, given) => requested < given;
const lessOrEqual: Order = (requested, given) => requested <= given;
const greater: Order = (requested, given) => requested > given;
const greaterOrEqual: Order = (requested, given) => requested >= given;

const ipAddress = typed('an IP address or range', readRange, readAddress, (address, range) =>
  contains(range, address),
);

const met = (compile: Compile): Operator => ({ negated: false, compile });
const not = (compile: Compile): Operator => ({ negated: true, compile });

/** Every operator but `Null`, which compares nothing. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ['StringEquals', met(equals)],
  ['StringNotEquals', not(equals)],
  ['StringEqualsIgnoreCase', met(equalsIgnoreCase)],
  ['StringNotEqualsIgnoreCase', not(equalsIgnoreCase)],
  ['StringLike', met(like)],
  ['StringNotLike', not(like)],
  ['NumericEquals', met(numeric(equal))],
  ['NumericNotEquals', not(numeric(equal))],
  ['NumericLessThan', met(numeric(less))],
  ['NumericLessThanEquals', met(numeric(lessOrEqual))],
  ['NumericGreaterThan', met(numeric(greater))],
  ['NumericGreaterThanEquals', met(numeric(greaterOrEqual))],
  ['DateEquals', met(date(equal))],
  ['DateNotEquals', not(date(equal))],
  ['DateLessThan', met(date(less))],
  ['DateLessThanEquals', met(date(lessOrEqual))],
  ['DateGreaterThan', met(date(greater))],
  ['DateGreaterThanEquals', met(date(greaterOrEqual))],
  ['Bool', met(typed('true or false', readBoolean, readBoolean, equal))],
  ['BinaryEquals', met(typed('base64', readBase64, readBase64, equal))],
  ['IpAddress', met(ipAddress)],
  ['NotIpAddress', not(ipAddress)],
  // The ARN operators with `Equals` and with `Like` behave identically, wildcards included.
  ['ArnEquals', met(arn)],
  ['ArnNotEquals', not(arn)],
  ['ArnLike', met(arn)],
  ['ArnNotLike', not(arn)],
]);
