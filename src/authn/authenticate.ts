/**
 * Who signed a request: verification of AWS Signature Version 4, in the header form and in the
 * presigned form, with the service's errors in the service's order.
 *
 * A request that was captured can be sent again while its signature lasts, as it can with AWS:
 * signatures are not remembered. What a replay cannot do is change anything that was signed.
 */
import { isRegion } from '../base/arn.ts';
import type { Clock } from '../base/clock.ts';
import type { HttpRequest } from '../base/http-message.ts';
import { equalConstantTime } from '../crypto/constant-time.ts';
import { sha256, sha256Hex } from '../crypto/hash.ts';
import { randomBytes } from '../crypto/random.ts';
import { takeSecretKey } from '../crypto/secret-key.ts';
import type { AccessKeys } from '../identity/access-key.ts';
import type { Principal } from '../identity/principal.ts';
import { readAuthorization } from './authorization-header.ts';
import { canonicalRequestHash } from './canonical-request.ts';
import { type HeaderScan, scanHeaders } from './header-scan.ts';
import { isPresigned, presignedContentSha256, readPresigned, signedParameters } from './presigned-query.ts';
import { canonicalQuery, parseQuery, type QueryParameter } from './query-string.ts';
import { algorithm, type SignatureParts, terminator } from './signature-parts.ts';
import {
  incomplete,
  mismatch,
  missingToken,
  type SignatureErrors,
  type SignedService,
  unknownKey,
} from './signed-service.ts';
import { type CredentialScope, ScopedSigner, SigningKeyCache } from './signing-key-cache.ts';
import { basicTime, parseBasicTime, parseDateHeader, type SigningTime } from './signing-time.ts';

export interface Authenticated {
  readonly principal: Principal;
  readonly accessKeyId: string;
  readonly region: string;
  /** The signing name of the service. */
  readonly service: string;
  /** When the signer says it signed: within the clock skew of now, or of a presigned URL's lifetime. */
  readonly signedAtMs: number;
  readonly presigned: boolean;
}

export interface AuthenticatorOptions {
  readonly accessKeys: AccessKeys;
  readonly clock: Clock;
  /** The services served; the first lends its errors to requests that name none of them. */
  readonly services: readonly [SignedService, ...SignedService[]];
  /** The Regions served; without it, every well-formed name. */
  readonly regions?: ReadonlySet<string>;
  /** How far a signature's time may lie from the clock's, either way. AWS JSON services: five minutes. */
  readonly clockSkewMs: number;
}

/**
 * Returns who signed the request, or throws the `Refusal` that the service would answer. `service`
 * is the signing name of the service that the request is for, where the route already tells.
 */
export type Authenticate = (request: HttpRequest, service?: string) => Authenticated;

/** Canonical requests list each signed header: a bound on what an unauthenticated request can cost. */
const signedHeadersMax = 128;
const presignedLifetimeSecondsMax = 604_800;
const signatureHexDigits = 64;

export function createAuthenticator(options: AuthenticatorOptions): Authenticate {
  const { accessKeys, clock, clockSkewMs } = options;
  const services = new Map(options.services.map((service) => [service.signingName, service]));
  const isServedRegion = options.regions ? (name: string) => options.regions?.has(name) ?? false : isRegion;
  const signers = new SigningKeyCache();
  const readSignedNames = signedNamesReader();

  // What requests of unknown keys are verified against, so that they cost what a wrong signature
  // does. Its last signer is kept, as the signers of known keys are.
  const nobodysSecret = takeSecretKey(randomBytes(44));
  let nobodysSigner: ScopedSigner | undefined;

  const computed = Buffer.alloc(signatureHexDigits / 2);
  const presented = Buffer.alloc(signatureHexDigits / 2);

  return function authenticate(request, expectedService) {
    const expected = services.get(expectedService ?? '') ?? options.services[0];
    const nowMs = clock.nowMs();

    const headers = scanHeaders(request.rawHeaders);
    const queryAt = request.target.indexOf('?');
    const query = queryAt < 0 ? [] : parseQuery(request.target.slice(queryAt + 1));
    if (query === undefined) throw mismatch(expected.errors);

    const parts = readSignature(headers, query, expected.errors);
    const time = readTime(parts, headers, expected.errors);
    checkLifetime(parts, time, nowMs, clockSkewMs, expected.errors);
    const signedNames = readSignedNames(parts.signedHeaders);
    if (signedNames === undefined) throw mismatch(expected.errors);
    checkSignedHeaders(signedNames, headers, expected.errors);
    if (parts.algorithm !== algorithm) {
      throw incomplete(expected.errors, `Unsupported AWS 'algorithm': '${parts.algorithm}'.`);
    }

    const cached = signers.get(parts.credential, nowMs);
    const scope = cached?.scope ?? readScope(parts.credential, expected.errors);
    const service = services.get(scope.service);
    const errors = service?.errors ?? expected.errors;
    const wrongScope = scopeErrors(
      parts,
      scope,
      time,
      isServedRegion,
      service && (expectedService ?? scope.service) === scope.service ? undefined : expected.signingName,
    );
    if (wrongScope !== '') throw mismatch(errors, wrongScope);

    const accessKeyId = parts.credential.slice(0, parts.credential.indexOf('/'));
    const found = accessKeys.find(accessKeyId);
    const accessKey = found?.active ? found : undefined;
    const signer = accessKey
      ? cached?.signingSecret === accessKey.signingSecret
        ? cached
        : new ScopedSigner(accessKey.signingSecret, scope)
      : signerOfNobody(scope);

    const payloadHash = sha256Hex(request.body);
    const requestHash = canonicalRequestHash({
      method: request.method,
      path: queryAt < 0 ? request.target : request.target.slice(0, queryAt),
      query: query.length === 0 ? '' : canonicalQuery(parts.presigned ? signedParameters(query) : query),
      headers,
      signedNames,
      signedHeaders: parts.signedHeaders,
      payloadHash,
    });
    const isComplete = readSignatureBytes(parts.signature, presented) && requestHash !== undefined;
    signer.signInto(computed, time.text, requestHash ?? payloadHash);
    const isRight = equalConstantTime(computed, presented) && isComplete;

    if (accessKey === undefined) throw unknownKey(errors);
    if (!isRight || !payloadHashHolds(headers, query, payloadHash)) throw mismatch(errors);
    // A long-term key has no token: one that comes with it belongs to other credentials.
    if ((parts.securityToken ?? headers.securityToken) !== undefined) throw unknownKey(errors);

    if (signer !== cached) signers.add(parts.credential, signer);
    return {
      principal: accessKey.principal,
      // Not the piece cut from the request: a text of its own is what the audit record is quick to write.
      accessKeyId: accessKey.accessKeyId,
      region: scope.region,
      service: scope.service,
      signedAtMs: time.ms,
      presigned: parts.presigned,
    };
  };

  function signerOfNobody(scope: CredentialScope): ScopedSigner {
    const last = nobodysSigner?.scope;
    if (
      nobodysSigner === undefined ||
      last?.date !== scope.date ||
      last.region !== scope.region ||
      last.service !== scope.service
    ) {
      nobodysSigner?.wipe();
      nobodysSigner = new ScopedSigner(nobodysSecret, scope);
    }
    return nobodysSigner;
  }
}

function readSignature(
  headers: HeaderScan,
  query: readonly QueryParameter[],
  errors: SignatureErrors,
): SignatureParts {
  const presigned = isPresigned(query);
  if (headers.authorization === undefined) {
    if (!presigned) throw missingToken(errors);
    return readPresigned(query, errors);
  }
  if (presigned) {
    throw mismatch(
      errors,
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
  }
  return readAuthorization(headers.authorization, headers, errors);
}

function readTime(parts: SignatureParts, headers: HeaderScan, errors: SignatureErrors): SigningTime {
  const fromDateHeader = !parts.presigned && headers.amzDate === undefined;
  const time = fromDateHeader ? parseDateHeader(parts.date) : parseBasicTime(parts.date);
  if (time !== undefined) return time;
  throw incomplete(
    errors,
    `Date must be in ISO-8601 'basic format'. Got '${parts.date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  );
}

/** A signature holds from `clockSkewMs` before its time until as long after it, or for `X-Amz-Expires`. */
function checkLifetime(
  parts: SignatureParts,
  time: SigningTime,
  nowMs: number,
  clockSkewMs: number,
  errors: SignatureErrors,
): void {
  const lifetimeMs = parts.expires === undefined ? clockSkewMs : readExpires(parts.expires, errors) * 1000;
  // To the second, as the message below shows it.
  const now = nowMs - (nowMs % 1000);
  const earliest = now - lifetimeMs;
  const latest = now + clockSkewMs;
  if (time.ms < earliest) {
    throw mismatch(
      errors,
      `Signature expired: ${time.text} is now earlier than ${basicTime(earliest)} (${basicTime(now)} - ${duration(lifetimeMs)})`,
    );
  }
  if (time.ms > latest) {
    throw mismatch(
      errors,
      `Signature not yet current: ${time.text} is still later than ${basicTime(latest)} (${basicTime(now)} + ${duration(clockSkewMs)})`,
    );
  }
}

function readExpires(text: string, errors: SignatureErrors): number {
  const seconds = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(seconds)) throw incomplete(errors, 'X-Amz-Expires should be a number');
  if (seconds < 1) throw incomplete(errors, 'X-Amz-Expires must be at least 1 second');
  if (seconds > presignedLifetimeSecondsMax) {
    throw incomplete(
      errors,
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${presignedLifetimeSecondsMax} seconds`,
    );
  }
  return seconds;
}

const duration = (ms: number): string => (ms % 60_000 === 0 ? `${ms / 60_000} min.` : `${ms / 1000} sec.`);

/**
 * Reads a list of signed headers into its names, or undefined when it is none. It keeps the last one it
 * read: the clients of one SDK all sign the same headers.
 */
function signedNamesReader(): (signedHeaders: string) => readonly string[] | undefined {
  let lastRead: string | undefined;
  let lastNames: readonly string[] | undefined;
  return (signedHeaders) => {
    if (signedHeaders !== lastRead) {
      const names = signedHeaders.split(';');
      // Ascending and thereby unique, as the specification has it: one list has one spelling.
      lastNames = names.length <= signedHeadersMax && isAscending(names) ? names : undefined;
      lastRead = signedHeaders;
    }
    return lastNames;
  };
}

/**
 * `host` has to be among the names that were signed, and every `x-amz-*` header that was sent, or
 * `X-Amz-Target` could be exchanged under a valid signature. `X-Amz-Security-Token` may be added
 * after signing, as some SDKs do.
 */
function checkSignedHeaders(names: readonly string[], headers: HeaderScan, errors: SignatureErrors): void {
  if (!names.includes('host')) throw mustBeSigned("'Host' or ':authority'", errors);
  for (const at of headers.amzPositions) {
    const name = headers.names[at] ?? '';
    if (!names.includes(name) && name !== 'x-amz-security-token') {
      throw mustBeSigned(`'${headers.rawHeaders[2 * at]}'`, errors);
    }
  }
}

const mustBeSigned = (name: string, errors: SignatureErrors) =>
  mismatch(errors, `${name} must be a 'SignedHeader' in the AWS Authorization.`);

function isAscending(names: readonly string[]): boolean {
  let before: string | undefined;
  for (const name of names) {
    if (before !== undefined && name <= before) return false;
    before = name;
  }
  return true;
}

/** The scope of a credential that no cached signer vouches for. */
function readScope(credential: string, errors: SignatureErrors): CredentialScope {
  const [, date, region, service, term, ...rest] = credential.split('/', 6);
  if (
    date === undefined ||
    region === undefined ||
    service === undefined ||
    term === undefined ||
    rest.length > 0
  ) {
    // The service echoes the credential. Whoever swaps the two halves of a key would find the
    // secret in every log that keeps the message, so here it is named as the header is elsewhere.
    throw incomplete(
      errors,
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, ' +
        `got (hashed with SHA-256 and encoded with Base64): '${sha256(credential).toString('base64')}'`,
    );
  }
  return { date, region, service };
}

/** Everything wrong with the scope in one message, as the service tells it; empty when nothing is. */
function scopeErrors(
  parts: SignatureParts,
  scope: CredentialScope,
  time: SigningTime,
  isServedRegion: (name: string) => boolean,
  correctService: string | undefined,
): string {
  let text = '';
  if (!isServedRegion(scope.region)) text += 'Credential should be scoped to a valid region. ';
  if (correctService !== undefined)
    text += `Credential should be scoped to correct service: '${correctService}'. `;
  if (!parts.credential.endsWith(`/${terminator}`)) {
    text += `Credential should be scoped with a valid terminator: '${terminator}'. `;
  }
  if (scope.date.length !== 8 || !time.text.startsWith(scope.date)) {
    text += 'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP. ';
  }
  return text;
}

/** Decodes 64 lower-case hexadecimal digits into `out`; false for anything else, with `out` of no meaning. */
function readSignatureBytes(signature: string, out: Buffer): boolean {
  if (signature.length !== signatureHexDigits) return false;
  for (let i = 0; i < signatureHexDigits; i++) {
    const code = signature.charCodeAt(i);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  out.write(signature, 'hex');
  return true;
}

/**
 * The signature covers the body as received. A payload hash that is sent besides has to say the
 * same: `UNSIGNED-PAYLOAD` and the streaming markers, which only S3 takes, are refused.
 */
function payloadHashHolds(
  headers: HeaderScan,
  query: readonly QueryParameter[],
  payloadHash: string,
): boolean {
  const fromQuery = query.length === 0 ? undefined : presignedContentSha256(query);
  return (
    (headers.contentSha256 === undefined || headers.contentSha256 === payloadHash) &&
    (fromQuery === undefined || fromQuery === payloadHash)
  );
}
