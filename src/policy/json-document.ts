/**
 * JSON as policies need it: `JSON.parse`, and beyond it no member twice in one object. The grammar
 * forbids repetition, and readers that keep the first and readers that keep the last would otherwise
 * see two different policies in one document.
 */
import { MalformedPolicy } from './malformed-policy.ts';

/** The `Policy` member's length in the KMS API model. The quota on key policies is smaller and is checked by the caller. */
const textLengthMax = 131_072;
/** Policy, statements, statement, conditions, operator, values: six levels. */
const depthMax = 8;

export function parseJson(text: string, message?: string): unknown {
  if (text.length > textLengthMax)
    throw new MalformedPolicy(`the policy is longer than ${textLengthMax} characters`, message);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedPolicy('the policy is not valid JSON', message);
  }
  const fault = findFault(text);
  if (fault !== undefined) throw new MalformedPolicy(fault, message);
  return value;
}

/** Reads text that is known to be valid JSON; says what is repeated or too deep. */
function findFault(text: string): string | undefined {
  /** The member names of each open object; undefined for an open array. */
  const open: (Set<string> | undefined)[] = [];
  let nameComesNext = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[': {
        const isObject = text[at] === '{';
        if (open.length === depthMax) return `the policy is nested deeper than ${depthMax} levels`;
        open.push(isObject ? new Set() : undefined);
        nameComesNext = isObject;
        break;
      }
      case '}':
      case ']':
        open.pop();
        nameComesNext = false;
        break;
      case ',':
        nameComesNext = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (nameComesNext) {
          const name = String(JSON.parse(text.slice(at, end)));
          const names = open.at(-1);
          if (names?.has(name)) return `the member \`${name}\` appears twice`;
          names?.add(name);
          nameComesNext = false;
        }
        at = end - 1;
        break;
      }
    }
  }
  return undefined;
}

/** The index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
