/** The query-string form of SigV4: a presigned URL, whose signature travels in `X-Amz-*` parameters. */
import { decodeComponent, type QueryParameter } from './query-string.ts';
import type { SignatureParts } from './signature-parts.ts';
import { incomplete, mismatch, type SignatureErrors } from './signed-service.ts';

export const isPresigned = (query: readonly QueryParameter[]): boolean =>
  query.some(({ name }) => name === 'X-Amz-Algorithm');

/** The parameters that the signature covers: all but the signature itself. */
export const signedParameters = (query: readonly QueryParameter[]): readonly QueryParameter[] =>
  query.filter(({ name }) => name !== 'X-Amz-Signature');

/** In the order in which the service lists the missing ones. */
const required = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
  'X-Amz-Date',
] as const;

const optional = ['X-Amz-Expires', 'X-Amz-Security-Token', 'X-Amz-Content-Sha256'] as const;
const read: ReadonlySet<string> = new Set([...required, ...optional]);

/** The signature that a query presents, or the refusal that says what it lacks. */
export function readPresigned(query: readonly QueryParameter[], errors: SignatureErrors): SignatureParts {
  const found = new Map<string, string>();
  for (const { name, value } of query) {
    if (!read.has(name)) continue;
    // Two values of one parameter: whichever is meant, it is not what a signer wrote.
    if (found.has(name)) throw mismatch(errors);
    found.set(name, decodeComponent(value));
  }
  const missing = required.filter((name) => !found.get(name));
  if (missing.length > 0) {
    const list = missing.map((name) => `AWS query-string parameters must include '${name}'.`).join(' ');
    throw incomplete(errors, `${list} Re-examine the query-string parameters.`);
  }
  const expires = found.get('X-Amz-Expires');
  const securityToken = found.get('X-Amz-Security-Token');
  return {
    presigned: true,
    algorithm: found.get('X-Amz-Algorithm') ?? '',
    credential: found.get('X-Amz-Credential') ?? '',
    signedHeaders: found.get('X-Amz-SignedHeaders') ?? '',
    signature: found.get('X-Amz-Signature') ?? '',
    date: found.get('X-Amz-Date') ?? '',
    ...(expires !== undefined && { expires }),
    ...(securityToken !== undefined && { securityToken }),
  };
}

/** The value of `X-Amz-Content-Sha256`, which a signer that hoists headers moves into the query. */
export function presignedContentSha256(query: readonly QueryParameter[]): string | undefined {
  const parameter = query.find(({ name }) => name === 'X-Amz-Content-Sha256');
  return parameter && decodeComponent(parameter.value);
}
