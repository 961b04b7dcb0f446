/**
 * Reads the text of a JSON body strictly. `JSON.parse` does the reading; what it forgives is refused
 * here: bytes that are not UTF-8, a member named twice, and nesting without end.
 */
import { Refusal } from '../base/refusal.ts';

/** No input of a served API nests deeper than 8; what a client invents beside it may go a little further. */
const depthMax = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The service says nothing about what is wrong with such a text. */
const unreadable = (): Refusal => new Refusal('SerializationException');

/** Throws `SerializationException` for everything that is not exactly one JSON value. */
export function parseJsonText(body: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw unreadable();
  }
  const memberCount = countMembers(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable();
  }
  // `JSON.parse` keeps the last of two members of one name, however either is escaped. Then fewer are
  // left than were written. Which of the two another reader would take is anybody's guess: refuse.
  if (countMembersOf(value) !== memberCount) throw unreadable();
  return value;
}

const quote = 0x22;
const backslash = 0x5c;

/** Counts the colons outside strings, which in a valid text are the members of all objects. Bounds the depth. */
function countMembers(text: string): number {
  let colons = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        break;
      case 0x3a: // :
        colons += 1;
        break;
      case 0x7b: // {
      case 0x5b: // [
        depth += 1;
        if (depth > depthMax) throw unreadable();
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1;
        break;
    }
  }
  return colons;
}

/** The index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  if (end === -1) throw unreadable();
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === backslash) first -= 1;
  return (at - first) % 2 === 1;
}

function countMembersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countMembersOf(item);
    return count;
  }
  for (const item of Object.values(value)) count += 1 + countMembersOf(item);
  return count;
}
