/**
 * `*` (any characters, none included) and `?` (exactly one), over code points.
 *
 * A pattern is cut at its `*` into pieces. The first is tied to the start of the text and the last to
 * its end; each one between is looked for from where the one before ended. The leftmost place is always
 * good enough, so nothing is ever tried twice: there is no backtracking for a hostile pattern to blow up.
 */
import type { Effort } from './effort.ts';

/** Stands for `?` in a piece. */
export const anyOne: unique symbol = Symbol('?');
/** Stands for `*` in a sequence. */
export const anyMany: unique symbol = Symbol('*');

/** A pattern with its variables filled in: literal text and wildcards in turn. */
export type Sequence = readonly (string | typeof anyOne | typeof anyMany)[];

/** Literal text; or, where it holds a `?`, one element per code point. */
type Piece = string | readonly (string | typeof anyOne)[];

/** The pieces between the `*`; one piece when there is none. */
export type Wildcard = readonly [Piece, ...Piece[]];

export function compileWildcard(sequence: Sequence): Wildcard {
  const pieces: Piece[] = [];
  let parts: (string | typeof anyOne)[] = [];
  for (const part of sequence) {
    if (part !== anyMany) {
      parts.push(part);
      continue;
    }
    pieces.push(toPiece(parts));
    parts = [];
  }
  const [first, ...others] = [...pieces, toPiece(parts)];
  return [first ?? '', ...others];
}

function toPiece(parts: readonly (string | typeof anyOne)[]): Piece {
  if (parts.every((part) => typeof part === 'string')) return parts.join('');
  const elements: (string | typeof anyOne)[] = [];
  for (const part of parts) {
    if (part === anyOne) elements.push(part);
    else for (const char of part) elements.push(char);
  }
  return elements;
}

export function matchesWildcard(pieces: Wildcard, text: string, effort: Effort): boolean {
  effort.spend(1 + pieces.length + (text.length >>> 3));
  const first = pieces[0];
  let position = matchForward(first, text, 0, effort);
  if (position === undefined) return false;
  const lastIndex = pieces.length - 1;
  if (lastIndex === 0) return position === text.length;
  const end = matchBackward(pieces[lastIndex] ?? '', text, effort);
  if (end === undefined || end < position) return false;
  for (let index = 1; index < lastIndex; index++) {
    position = find(pieces[index] ?? '', text, position, effort);
    if (position === undefined || position > end) return false;
  }
  return true;
}

/** Where the leftmost occurrence at or after `from` ends. */
function find(piece: Piece, text: string, from: number, effort: Effort): number | undefined {
  if (typeof piece === 'string') {
    const start = text.indexOf(piece, from);
    return start < 0 ? undefined : start + piece.length;
  }
  for (let start = from; start <= text.length; start += widthAt(text, start)) {
    const end = matchForward(piece, text, start, effort);
    if (end !== undefined) return end;
  }
  return undefined;
}

/** Where the piece ends when it begins at `start`; undefined when it does not begin there. */
function matchForward(piece: Piece, text: string, start: number, effort: Effort): number | undefined {
  if (typeof piece === 'string') return text.startsWith(piece, start) ? start + piece.length : undefined;
  let at = start;
  for (const element of piece) {
    effort.spend(1);
    if (at >= text.length) return undefined;
    if (element === anyOne) at += widthAt(text, at);
    else if (text.startsWith(element, at)) at += element.length;
    else return undefined;
  }
  return at;
}

/** Where the piece begins when it ends with the text; undefined when it does not end there. */
function matchBackward(piece: Piece, text: string, effort: Effort): number | undefined {
  if (typeof piece === 'string') return text.endsWith(piece) ? text.length - piece.length : undefined;
  let at = text.length;
  for (let index = piece.length - 1; index >= 0; index--) {
    effort.spend(1);
    const element = piece[index] ?? anyOne;
    if (at <= 0) return undefined;
    if (element === anyOne) at -= widthBefore(text, at);
    else if (text.endsWith(element, at)) at -= element.length;
    else return undefined;
  }
  return at;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** The length in code units of the code point at `at`. */
const widthAt = (text: string, at: number): number =>
  isHigh(text.charCodeAt(at)) && isLow(text.charCodeAt(at + 1)) ? 2 : 1;

const widthBefore = (text: string, at: number): number =>
  isLow(text.charCodeAt(at - 1)) && isHigh(text.charCodeAt(at - 2)) ? 2 : 1;
