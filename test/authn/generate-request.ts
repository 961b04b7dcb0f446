/** Random requests to sign: from what SDKs send to what nobody sends, within what both signers can spell. */
import { alice, bob, type Credentials, type SeededRandom } from './signing.ts';

export interface RequestToSign {
  readonly method: string;
  /** The path as it goes on the wire. */
  readonly path: string;
  /** Decoded names and values, in order. */
  readonly query: readonly (readonly [string, string])[];
  /** Without `Host` and what the signer adds. */
  readonly headers: readonly (readonly [string, string])[];
  readonly host: string;
  readonly body: Buffer;
  readonly credentials: Credentials;
  readonly region: string;
  readonly signedAtMs: number;
}

export const services = ['kms', 'iam', 'access-analyzer'] as const;
export const regions = ['us-east-1', 'eu-central-1', 'us-gov-west-1', 'ap-southeast-5'] as const;

const methods = ['POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'];
const hosts = [
  'localhost:4600',
  'kms.us-east-1.amazonaws.com',
  '127.0.0.1',
  '[::1]:4600',
  'xn--bcher-kva.example',
];

// Blanks beyond space and tab are left out: a signer that folds U+00A0 signs what it does not send.
const plain = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~';
const marks = '!"#$&\'()*+,/:;<=>?@[]^`{|}%';
const foreign = ['é', 'ß', 'ሴ', 'ключ', '鍵', '🔑', '\u{10ffff}', 'é', 'ﬁ'];

function word(random: SeededRandom, lengthMax: number, odd: number): string {
  let out = '';
  for (let i = random.below(lengthMax + 1); i > 0; i--) {
    if (!random.chance(odd)) out += plain[random.below(plain.length)];
    else if (random.chance(0.2)) out += random.pick(foreign);
    else out += marks[random.below(marks.length)];
  }
  return out;
}

function path(random: SeededRandom): string {
  if (random.chance(0.5)) return '/';
  let out = '';
  for (let i = 1 + random.below(6); i > 0; i--) {
    const segment = random.pick([
      () => '',
      () => '.',
      () => '..',
      () => encodeURIComponent(word(random, 10, 0.4)),
      // Sent raw, although a client should have encoded it: the bytes count.
      () => word(random, 10, 0.3).replace(/[?#%/]/g, '-'),
      () => `%${random.pick(['2f', '2F', '7E', '25', '00', 'ff', '2e%2E'])}`,
    ]);
    out += `/${segment()}`;
  }
  return random.chance(0.3) ? `${out}/` : out;
}

function query(random: SeededRandom): [string, string][] {
  if (random.chance(0.5)) return [];
  const names = [
    'a',
    'a-',
    'a.',
    'A',
    'aa',
    'a=b',
    'a b',
    'Action',
    'ሴ',
    'a%20',
    'a+',
    'X-Amz-Meta',
    '~',
    '*',
  ];
  const pairs: [string, string][] = [];
  for (let i = 1 + random.below(6); i > 0; i--) {
    const name = random.chance(0.5) ? random.pick(names) : `n${word(random, 8, 0.4)}`;
    pairs.push([name, random.chance(0.2) ? '' : word(random, 12, 0.4).replaceAll('\0', '')]);
  }
  return pairs;
}

/** A value with the blanks that canonical form trims and folds, and bytes beyond ASCII. */
function headerValue(random: SeededRandom): string {
  if (random.chance(0.1)) return '';
  const words = Array.from({ length: 1 + random.below(4) }, () => word(random, 8, 0.3));
  const blanks = [' ', ' ', '  ', '\t', ' \t ', '   '];
  const text = words.reduce((before, next) => `${before}${random.pick(blanks)}${next}`);
  return random.chance(0.2) ? `${random.pick(blanks)}${text}${random.pick(blanks)}` : text;
}

const extraNames = [
  'X-Amz-Meta-Note',
  'x-amz-user-agent',
  'X-AMZ-ODD',
  'Accept',
  'accept-encoding',
  'Content-MD5',
  'x',
  'X-Custom_1',
  'amz-sdk-request',
  'If-Match',
];

export function generateRequest(random: SeededRandom, nowMs: number): RequestToSign {
  const headers: [string, string][] = [];
  if (random.chance(0.8)) headers.push(['Content-Type', 'application/x-amz-json-1.1']);
  if (random.chance(0.8)) headers.push(['X-Amz-Target', `TrentService.${word(random, 12, 0)}`]);
  if (random.chance(0.6)) {
    for (const name of random.shuffle(extraNames).slice(0, random.below(5))) {
      headers.push([name, headerValue(random)]);
    }
  }
  return {
    method: random.pick(methods),
    path: path(random),
    query: query(random),
    headers,
    host: random.pick(hosts),
    body: random.chance(0.2) ? Buffer.alloc(0) : body(random),
    credentials: random.pick([alice, bob]),
    region: random.pick(regions),
    // Within what the clock allows, on both sides, to the second.
    signedAtMs: nowMs - (nowMs % 1000) + (random.below(601) - 300) * 1000,
  };
}

function body(random: SeededRandom): Buffer {
  if (random.chance(0.5)) return Buffer.from(JSON.stringify({ KeyId: word(random, 20, 0.2) }));
  return Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256)));
}

/** `encodeURIComponent` and the five marks that it leaves: RFC 3986's unreserved set, as AWS encodes. */
export const uriEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

export const queryString = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`).join('&');
