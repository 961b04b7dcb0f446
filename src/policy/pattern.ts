/**
 * The texts of a policy that are compared with texts of a request: whole, with wildcards, or as ARNs,
 * and with policy variables.
 *
 * A variable stands for the literal value of a condition key: a `*` in a user's name is no wildcard
 * (IAM User Guide, "IAM policy elements: Variables and tags"). A key that is absent, or has several
 * values, gives its variable no value unless the variable has a default; such a pattern is undecidable.
 */
import type { Effort } from './effort.ts';
import { MalformedPolicy } from './malformed-policy.ts';
import type { ConditionContext } from './request.ts';
import {
  anyMany,
  anyOne,
  compileWildcard,
  matchesWildcard,
  type Sequence,
  type Wildcard,
} from './wildcard.ts';

export interface Language {
  /** Policy variables came with version 2012-10-17; before, `${` is text. */
  readonly variables: boolean;
}

/** `undefined`: it cannot be decided, for want of a variable's value. */
export type Outcome = boolean | undefined;

export interface Pattern {
  /** The text it matches, when that is a single one. */
  readonly exact: string | undefined;
  readonly matches: (text: string, context: ConditionContext, effort: Effort) => Outcome;
}

interface Variable {
  readonly key: string;
  readonly fallback: string | undefined;
}

type Part = string | Variable | typeof anyOne | typeof anyMany;

/** Equal to the text, `*` and `?` being ordinary characters. With `fold`, in lower case: give texts in lower case. */
export function wholePattern(text: string, language: Language, fold: boolean): Pattern {
  const parts = readParts(text, language, false);
  const exact = literal(parts);
  if (exact !== undefined) return exactPattern(fold ? exact.toLowerCase() : exact);
  return {
    exact: undefined,
    matches(value, context, effort) {
      const filled = fill(parts, context, effort);
      if (filled === undefined) return undefined;
      effort.spend(1 + (value.length >>> 3));
      const expected = filled.join('');
      return value === (fold ? expected.toLowerCase() : expected);
    },
  };
}

/** Equal but for wildcards. */
export function likePattern(text: string, language: Language): Pattern {
  const parts = readParts(text, language, true);
  const exact = literal(parts);
  if (exact !== undefined) return exactPattern(exact);
  if (isSequence(parts)) {
    const wildcard = compileWildcard(parts);
    return {
      exact: undefined,
      matches: (value, _context, effort) => matchesWildcard(wildcard, value, effort),
    };
  }
  return {
    exact: undefined,
    matches(value, context, effort) {
      const filled = fill(parts, context, effort);
      return filled === undefined ? undefined : matchesWildcard(compileWildcard(filled), value, effort);
    },
  };
}

/**
 * Equal segment by segment: no wildcard reaches across a colon, except that the pattern's last segment
 * stands for all the rest of the ARN (IAM User Guide, "Resource" and "ARN condition operators"). So `*`
 * alone matches everything and `arn:aws:kms:*` every ARN of the service.
 */
export function arnPattern(text: string, language: Language): Pattern {
  const parts = readParts(text, language, true);
  const exact = literal(parts);
  if (exact !== undefined) return exactPattern(exact);
  if (parts.length === 1 && parts[0] === anyMany) return { exact: undefined, matches: () => true };
  const segments = splitSegments(parts);
  const wildcards: Wildcard[] = [];
  for (const segment of segments) if (isSequence(segment)) wildcards.push(compileWildcard(segment));
  if (wildcards.length === segments.length) {
    return {
      exact: undefined,
      matches: (value, _context, effort) => matchesSegments(wildcards, value, effort),
    };
  }
  return {
    exact: undefined,
    matches(value, context, effort) {
      const filled: Wildcard[] = [];
      for (const segment of segments) {
        const sequence = fill(segment, context, effort);
        if (sequence === undefined) return undefined;
        filled.push(compileWildcard(sequence));
      }
      return matchesSegments(filled, value, effort);
    },
  };
}

/** Whether a variable stands before the fifth colon, where the language allows none in a `Resource`. */
export function hasEarlyVariable(text: string, language: Language): boolean {
  const early = splitSegments(readParts(text, language, true)).slice(0, 5);
  return early.some((segment) => segment.some((part) => typeof part === 'object'));
}

const exactPattern = (exact: string): Pattern => ({
  exact,
  matches(value, _context, effort) {
    effort.spend(1);
    return value === exact;
  },
});

function matchesSegments(segments: readonly Wildcard[], text: string, effort: Effort): boolean {
  let start = 0;
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index];
    if (segment === undefined) return false;
    const isLast = index === segments.length - 1;
    const end = isLast ? text.length : text.indexOf(':', start);
    if (end < 0 || !matchesWildcard(segment, text.slice(start, end), effort)) return false;
    start = end + 1;
  }
  return true;
}

/** At most six segments; colons beyond the fifth belong to the last. */
function splitSegments(parts: readonly Part[]): readonly (readonly Part[])[] {
  const segments: Part[][] = [[]];
  for (const part of parts) {
    if (typeof part !== 'string') {
      segments.at(-1)?.push(part);
      continue;
    }
    let rest = part;
    for (let colon = rest.indexOf(':'); colon >= 0 && segments.length < 6; colon = rest.indexOf(':')) {
      segments.at(-1)?.push(rest.slice(0, colon));
      segments.push([]);
      rest = rest.slice(colon + 1);
    }
    segments.at(-1)?.push(rest);
  }
  return segments;
}

function literal(parts: readonly Part[]): string | undefined {
  let text = '';
  for (const part of parts) {
    if (typeof part !== 'string') return undefined;
    text += part;
  }
  return text;
}

const isSequence = (parts: readonly Part[]): parts is Sequence =>
  parts.every((part) => typeof part !== 'object');

/** Variables replaced by their values; undefined when one has none. */
function fill(parts: readonly Part[], context: ConditionContext, effort: Effort): Sequence | undefined {
  const sequence: (string | typeof anyOne | typeof anyMany)[] = [];
  for (const part of parts) {
    const filled = typeof part === 'object' ? variableValue(part, context) : part;
    if (filled === undefined) return undefined;
    effort.spend(typeof filled === 'string' ? 1 + filled.length : 1);
    sequence.push(filled);
  }
  return sequence;
}

function variableValue(variable: Variable, context: ConditionContext): string | undefined {
  const values = context.get(variable.key);
  if (values === undefined || values.length === 0) return variable.fallback;
  const value = values[0];
  return values.length === 1 && value?.isWellFormed() ? value : undefined;
}

function readParts(text: string, language: Language, wildcards: boolean): readonly Part[] {
  const parts: Part[] = [];
  let start = 0;
  const endLiteral = (end: number): void => {
    if (end > start) parts.push(text.slice(start, end));
  };
  for (let at = 0; at < text.length; ) {
    const char = text[at];
    if (wildcards && (char === '*' || char === '?')) {
      endLiteral(at);
      parts.push(char === '*' ? anyMany : anyOne);
      start = ++at;
    } else if (language.variables && char === '$' && text[at + 1] === '{') {
      endLiteral(at);
      const { part, end } = readVariable(text, at);
      parts.push(part);
      start = at = end;
    } else {
      at++;
    }
  }
  endLiteral(text.length);
  return parts;
}

/** `${key}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for the characters themselves. */
function readVariable(text: string, start: number): { part: string | Variable; end: number } {
  const close = text.indexOf('}', start);
  const [name = '', fallback] = close < 0 ? [] : text.slice(start + 2, close).split(',', 2);
  if (fallback === undefined) {
    if (name === '*' || name === '?' || name === '$') return { part: name, end: close + 1 };
    if (isVariableName(name)) return { part: { key: name.toLowerCase(), fallback }, end: close + 1 };
  } else {
    const open = skipSpaces(text, start + 2 + name.length + 1);
    const quote = text.indexOf("'", open + 1);
    const end = skipSpaces(text, quote + 1);
    if (isVariableName(name) && text[open] === "'" && quote > 0 && text[end] === '}') {
      return { part: { key: name.toLowerCase(), fallback: text.slice(open + 1, quote) }, end: end + 1 };
    }
  }
  throw new MalformedPolicy(`\`${text.slice(start, start + 64)}\` is not a policy variable`);
}

const isVariableName = (name: string): boolean =>
  name.includes(':') && !name.includes('$') && !name.includes('{');

function skipSpaces(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ') at++;
  return at;
}
