/**
 * SigV4's canonical request (IAM User Guide, "Create a signed AWS API request"), for services other
 * than S3: the path is normalised and encoded once more than it was sent. Texts are Latin-1, one
 * character for each byte received, so that whatever bytes a client signed are the bytes hashed.
 */
import { sha256Hex } from '../crypto/hash.ts';
import type { HeaderScan } from './header-scan.ts';
import { uriEncodedByte } from './query-string.ts';

export interface CanonicalRequestInput {
  readonly method: string;
  /** The request target's path as sent. */
  readonly path: string;
  /** Canonical, without the signature. */
  readonly query: string;
  readonly headers: HeaderScan;
  /** Lower-case, in ascending order. */
  readonly signedNames: readonly string[];
  /** `signedNames` joined with semicolons. */
  readonly signedHeaders: string;
  readonly payloadHash: string;
}

/**
 * The hash of the canonical request, in hexadecimal. Undefined when the request has none: a signed
 * header is absent, the path is not absolute, or a character is not one byte.
 */
export function canonicalRequestHash(input: CanonicalRequestInput): string | undefined {
  const usual = usualCanonicalRequest(input);
  if (usual !== undefined) return sha256Hex(usual);
  const text = canonicalRequest(input);
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'latin1');
  return bytes.toString('latin1') === text ? sha256Hex(bytes) : undefined;
}

/**
 * The canonical request of what SDKs send all day: `POST /`, no query, each signed header once and
 * already canonical, all in ASCII. Undefined for anything else, which `canonicalRequest` does; where
 * both answer they agree.
 */
export function usualCanonicalRequest(input: CanonicalRequestInput): string | undefined {
  const { names, rawHeaders } = input.headers;
  const { signedNames } = input;
  if (input.path !== '/' || input.query !== '' || input.method !== 'POST') return undefined;
  if (signedNames.length > 16 || names.length > 32) return undefined;
  let text = 'POST\n/\n\n';
  for (const name of signedNames) {
    const at = names.indexOf(name);
    if (at < 0 || names.includes(name, at + 1)) return undefined;
    text += `${name}:${rawHeaders[2 * at + 1]}\n`;
  }
  // Blanks to trim or to collapse; a colon and a blank inside a value only costs the detour.
  if (text.includes('  ') || text.includes(' \n') || text.includes(': ') || text.includes('\t')) {
    return undefined;
  }
  text += `\n${input.signedHeaders}\n${input.payloadHash}`;
  return Buffer.byteLength(text) === text.length ? text : undefined;
}

/** The canonical request of any request; undefined as in `canonicalRequestHash`. */
export function canonicalRequest(input: CanonicalRequestInput): string | undefined {
  const path = canonicalPath(input.path);
  const headers = canonicalHeaders(input.headers, input.signedNames);
  if (path === undefined || headers === undefined) return undefined;
  return `${input.method}\n${path}\n${input.query}\n${headers}\n${input.signedHeaders}\n${input.payloadHash}`;
}

/** RFC 3986 §5.2.4 with empty segments dropped too, then encoded byte by byte, `/` excepted. */
function canonicalPath(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment);
  }
  const normalised = segments.length === 0 ? '/' : `/${segments.join('/')}${path.endsWith('/') ? '/' : ''}`;
  let encoded = '';
  for (let i = 0; i < normalised.length; i++) {
    const byte = normalised.charCodeAt(i);
    const text = byte === 0x2f /* / */ ? '/' : uriEncodedByte[byte];
    if (text === undefined) return undefined;
    encoded += text;
  }
  return encoded;
}

/** One `name:value` line for each signed name; undefined when the request lacks one of them. */
function canonicalHeaders(headers: HeaderScan, signedNames: readonly string[]): string | undefined {
  const values = new Map<string, string | undefined>(signedNames.map((name) => [name, undefined]));
  for (const [i, name] of headers.names.entries()) {
    if (!values.has(name)) continue;
    const value = canonicalValue(headers.rawHeaders[2 * i + 1] ?? '');
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  let lines = '';
  for (const [name, value] of values) {
    if (value === undefined) return undefined;
    lines += `${name}:${value}\n`;
  }
  return lines;
}

/** Trimmed, and each run of blanks made one space: what both AWS's SDKs and its service do. */
const canonicalValue = (value: string): string => value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '');
