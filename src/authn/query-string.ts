/**
 * The query string as SigV4 sees it: names and values percent-decoded and encoded again in the one
 * canonical way, so that every spelling of the same parameters signs alike.
 */

export interface QueryParameter {
  /** Canonically encoded: `A-Za-z0-9-._~` as they are, every other byte as upper-case `%XX`. */
  readonly name: string;
  readonly value: string;
}

/** One text for each byte: itself if RFC 3986 calls it unreserved, `%XX` otherwise. */
export const uriEncodedByte: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9\-._~]/.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** The parameters of `query` in the order sent; undefined when an escape in it is malformed. */
export function parseQuery(query: string): readonly QueryParameter[] | undefined {
  const parameters: QueryParameter[] = [];
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = canonicalComponent(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : canonicalComponent(pair.slice(equals + 1));
    if (name === undefined || value === undefined) return undefined;
    parameters.push({ name, value });
  }
  return parameters;
}

/** Sorted by name, then by value, as encoded. */
export const canonicalQuery = (parameters: readonly QueryParameter[]): string =>
  parameters
    .toSorted((a, b) => compare(a.name, b.name) || compare(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join('&');

/** Reads back a canonically encoded component whose bytes are ASCII; others stay as Latin-1 characters. */
export const decodeComponent = (component: string): string =>
  component.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Decodes and encodes again one name or value; undefined for a malformed escape or a character beyond a byte. */
function canonicalComponent(text: string): string | undefined {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    let byte = text.charCodeAt(i);
    if (byte === 0x2b /* + */) {
      byte = 0x20; // The form encoding's space, which the service reads as one.
    } else if (byte === 0x25 /* % */) {
      const high = hexDigit(text.charCodeAt(i + 1));
      const low = hexDigit(text.charCodeAt(i + 2));
      if (high < 0 || low < 0) return undefined;
      byte = high * 16 + low;
      i += 2;
    }
    const encoded = uriEncodedByte[byte];
    if (encoded === undefined) return undefined;
    out += encoded;
  }
  return out;
}

/** The value of a hexadecimal digit's character code, -1 for any other (and for the NaN past the end). */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const upper = code & ~0x20;
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x37 : -1;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
