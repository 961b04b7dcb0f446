/**
 * A signer of its own, straight from the specification (IAM User Guide, "Create a signed AWS API
 * request"), for tests that need a signature over something no SDK would sign. Slow and obvious.
 */
import { createHash, createHmac } from 'node:crypto';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { alice, type Credentials, httpRequest } from './signing.ts';

export interface Signing {
  readonly method?: string;
  readonly path?: string;
  /** Encoded as sent, in canonical order. */
  readonly query?: string;
  /** Signed unless listed in `unsigned`; names and values are canonical already. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly unsigned?: readonly (readonly [string, string])[];
  readonly body?: string;
  /** What the canonical request says the body hashes to, if not the truth. */
  readonly payloadHash?: string;
  readonly credentials?: Credentials;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly time: string;
  readonly scopeDate?: string;
  readonly region?: string;
  readonly service?: string;
  readonly terminator?: string;
  readonly algorithm?: string;
  /** The list as sent and signed, if not that of `headers`. */
  readonly signedHeaders?: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

export const usualHeaders = (time: string): (readonly [string, string])[] => [
  ['content-type', 'application/x-amz-json-1.1'],
  ['host', 'localhost:4600'],
  ['x-amz-date', time],
  ['x-amz-target', 'TrentService.Encrypt'],
];

export function signatureOf(
  signing: Signing,
  query: string,
): { credential: string; signedHeaders: string; signature: string } {
  const { method = 'POST', path = '/', body = '', credentials = alice, time } = signing;
  const { region = 'us-east-1', service = 'kms', terminator = 'aws4_request' } = signing;
  const headers = signing.headers ?? usualHeaders(time);
  const scopeDate = signing.scopeDate ?? time.slice(0, 8);
  const scope = `${scopeDate}/${region}/${service}/${terminator}`;
  const lines = headers.map(([name, value]) => `${name}:${value}\n`).join('');
  const signedHeaders = signing.signedHeaders ?? headers.map(([name]) => name).join(';');
  const hash = signing.payloadHash ?? sha256(body);
  const canonical = `${method}\n${path}\n${query}\n${lines}\n${signedHeaders}\n${hash}`;
  const toSign = `${signing.algorithm ?? 'AWS4-HMAC-SHA256'}\n${time}\n${scope}\n${sha256(canonical)}`;
  const key = [scopeDate, region, service, terminator].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  );
  return {
    credential: `${credentials.accessKeyId}/${scope}`,
    signedHeaders,
    signature: hmac(key, toSign).toString('hex'),
  };
}

/** The header form. */
export function sign(signing: Signing): HttpRequest {
  const { method = 'POST', path = '/', query = '', body = '', time, unsigned = [] } = signing;
  const { credential, signedHeaders, signature } = signatureOf(signing, query);
  const authorization =
    `${signing.algorithm ?? 'AWS4-HMAC-SHA256'} Credential=${credential}, ` +
    `SignedHeaders=${signedHeaders}, Signature=${signature}`;
  const headers = [...(signing.headers ?? usualHeaders(time)), ...unsigned];
  return httpRequest(
    method,
    query === '' ? path : `${path}?${query}`,
    [...headers, ['authorization', authorization]],
    body,
  );
}

/** The presigned form; `parameters` are added to the usual ones, or with `undefined` take one away. */
export function presign(
  signing: Signing,
  parameters: Readonly<Record<string, string | undefined>> = {},
): HttpRequest {
  const { method = 'POST', path = '/', body = '', credentials = alice, time, unsigned = [] } = signing;
  const { region = 'us-east-1', service = 'kms', terminator = 'aws4_request' } = signing;
  const headers = signing.headers ?? [['host', 'localhost:4600']];
  const query = Object.entries({
    'X-Amz-Algorithm': signing.algorithm ?? 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${signing.scopeDate ?? time.slice(0, 8)}/${region}/${service}/${terminator}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': '300',
    'X-Amz-SignedHeaders': signing.signedHeaders ?? headers.map(([name]) => name).join(';'),
    ...parameters,
  })
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&');
  const { signature } = signatureOf({ ...signing, headers }, query);
  return httpRequest(
    method,
    `${path}?${query}&X-Amz-Signature=${signature}`,
    [...headers, ...unsigned],
    body,
  );
}
