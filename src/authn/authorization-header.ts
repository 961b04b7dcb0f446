/**
 * The header form of SigV4: `Authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=...,
 * Signature=...`. The shape that every SDK writes is read by position; anything else goes through
 * the general reading, which gives the same answer for that shape too.
 */
import { sha256 } from '../crypto/hash.ts';
import type { HeaderScan } from './header-scan.ts';
import { algorithm, type SignatureParts } from './signature-parts.ts';
import { incomplete, type SignatureErrors } from './signed-service.ts';

/** The signature that `authorization` presents, or the refusal that says what it lacks. */
export function readAuthorization(
  authorization: string,
  headers: HeaderScan,
  errors: SignatureErrors,
): SignatureParts {
  const fields = readUsualFields(authorization) ?? readFields(authorization, errors);
  const date = headers.amzDate ?? headers.date;
  const { credential, signature, signedHeaders } = fields;
  if (
    credential === undefined ||
    signature === undefined ||
    signedHeaders === undefined ||
    date === undefined
  ) {
    throw incomplete(errors, missingText(authorization, fields, date));
  }
  return {
    presigned: false,
    algorithm: fields.algorithm,
    credential,
    signedHeaders,
    signature,
    date,
    ...(headers.securityToken !== undefined && { securityToken: headers.securityToken }),
  };
}

export interface AuthorizationFields {
  readonly algorithm: string;
  readonly credential?: string;
  readonly signedHeaders?: string;
  readonly signature?: string;
}

const credentialStart = `${algorithm} Credential=`;
const signedHeadersStart = ', SignedHeaders=';
const signatureStart = ', Signature=';

/** The three fields in the SDKs' order and spacing; undefined for any other spelling. */
export function readUsualFields(text: string): AuthorizationFields | undefined {
  if (!text.startsWith(credentialStart)) return undefined;
  const credentialEnd = text.indexOf(',', credentialStart.length);
  if (credentialEnd < 0 || !text.startsWith(signedHeadersStart, credentialEnd)) return undefined;
  const signedHeadersEnd = text.indexOf(',', credentialEnd + 1);
  if (signedHeadersEnd < 0 || !text.startsWith(signatureStart, signedHeadersEnd)) return undefined;
  // No further separators: each of the three spaces is where it belongs, and nothing follows.
  if (
    text.indexOf(',', signedHeadersEnd + 1) >= 0 ||
    text.indexOf(' ', credentialStart.length) !== credentialEnd + 1 ||
    text.indexOf(' ', credentialEnd + 2) !== signedHeadersEnd + 1 ||
    text.indexOf(' ', signedHeadersEnd + 2) >= 0 ||
    text.includes('\t')
  ) {
    return undefined;
  }
  return {
    algorithm,
    credential: text.slice(credentialStart.length, credentialEnd),
    signedHeaders: text.slice(credentialEnd + signedHeadersStart.length, signedHeadersEnd),
    signature: text.slice(signedHeadersEnd + signatureStart.length),
  };
}

/** The algorithm, then `key=value` fields between commas or blanks; of a repeated key the last counts. */
export function readFields(text: string, errors: SignatureErrors): AuthorizationFields {
  const [name = '', ...fields] = text.split(/[, \t]+/).filter((part) => part !== '');
  let credential: string | undefined;
  let signedHeaders: string | undefined;
  let signature: string | undefined;
  for (const field of fields) {
    const equals = field.indexOf('=');
    if (equals < 0) {
      throw incomplete(
        errors,
        'Invalid key=value pair (missing equal-sign) in Authorization header ' +
          `(hashed with SHA-256 and encoded with Base64): '${digest(text)}'.`,
      );
    }
    const value = field.slice(equals + 1);
    if (field.startsWith('Credential=')) credential = value;
    else if (field.startsWith('SignedHeaders=')) signedHeaders = value;
    else if (field.startsWith('Signature=')) signature = value;
  }
  return {
    algorithm: name,
    ...(credential !== undefined && { credential }),
    ...(signedHeaders !== undefined && { signedHeaders }),
    ...(signature !== undefined && { signature }),
  };
}

function missingText(authorization: string, fields: AuthorizationFields, date: string | undefined): string {
  const missing: string[] = [];
  if (fields.credential === undefined) missing.push("Authorization header requires 'Credential' parameter.");
  if (fields.signature === undefined) missing.push("Authorization header requires 'Signature' parameter.");
  if (fields.signedHeaders === undefined) {
    missing.push("Authorization header requires 'SignedHeaders' parameter.");
  }
  if (date === undefined) {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  return `${missing.join(' ')} (Hashed with SHA-256 and encoded with Base64) Authorization=${digest(authorization)}`;
}

/** Like the service, names a presented credential by its digest: it may hold someone's secret. */
const digest = (text: string): string => sha256(text).toString('base64');
