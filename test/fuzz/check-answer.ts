/** What any answer must be: well-formed, with a request id, and a success or one of the errors that are documented for the operation. */
import { kmsTable } from '../../src/model/kms-table.ts';
import { operationOf } from '../../src/operations/registry.ts';
import type { FuzzedRequest } from './fuzz-request.ts';
import type { HttpAnswer } from './http-connection.ts';

/**
 * Errors that any operation may answer to a request whose signature holds (API reference, "Common Errors",
 * with the names that the service is seen to answer: ValidationException for its ValidationError, and
 * SerializationException for a body that is not the input's JSON).
 */
const commonErrors: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'SerializationException',
  'ValidationException',
]);

/** The same for a request whose signature, target or path may be wrong. */
const headErrors: ReadonlySet<string> = new Set([
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
  'UnknownOperationException',
]);

/** What the listener refuses, by status: see `src/http/refusal.ts`. 505 is for a version of HTTP that is not spoken. */
const listenerErrors: ReadonlyMap<string, readonly number[]> = new Map([
  ['MalformedHttpRequestException', [400, 405, 411, 417, 431, 505]],
  ['RequestTimeoutException', [408]],
]);

const largestBody = 262_144;

/**
 * Answered although the API reference does not list them for the operation. Where an operation takes a key
 * by ARN, an ARN that is none is InvalidArnException; an alias of AWS is not one's to change, in the words
 * of the common error NotAuthorized; a name that is no alias name is that wherever it is given; grant tokens,
 * markers and `Recipient` are refused by name wherever they are taken (`docs/divergences.md`).
 */
const errorsBeyondTheModel: Readonly<Record<string, readonly string[]>> = {
  CreateAlias: ['InvalidArnException', 'NotAuthorizedException'],
  Decrypt: ['InvalidArnException', 'UnsupportedOperationException'],
  DeleteAlias: ['InvalidAliasNameException', 'NotAuthorizedException'],
  DescribeKey: ['InvalidGrantTokenException'],
  Encrypt: ['InvalidArnException'],
  GenerateDataKey: ['InvalidArnException', 'UnsupportedOperationException'],
  GenerateDataKeyWithoutPlaintext: ['InvalidArnException'],
  ListKeyPolicies: ['InvalidMarkerException'],
  ReEncrypt: ['InvalidArnException'],
  UpdateAlias: ['InvalidArnException', 'InvalidAliasNameException', 'NotAuthorizedException'],
};

/** What is wrong with the answer to a request on its own connection; undefined when nothing is. */
export function whatIsWrong(request: FuzzedRequest, answer: HttpAnswer): string | undefined {
  const { status, headers, body } = answer;
  const isHealth = headers.get('cache-control') === 'no-store';
  if (isHealth && request.kind === 'head') return undefined;
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(headers.get('x-amzn-requestid') ?? ''))
    return 'it has no request id';
  if (headers.get('content-type') !== 'application/x-amz-json-1.1') return 'it is not AWS JSON';
  if (headers.get('date') === undefined) return 'it has no date';
  if (request.isHead) return status === 405 ? undefined : 'HEAD asks for nothing that is here';
  if (status === 200) return wrongOutput(request.operation, body, request.kind === 'body');
  const error: unknown = body === '' ? undefined : parsed(body);
  if (typeof error !== 'object' || error === null || !('__type' in error))
    return 'it is no error and no success';
  const code = String(error.__type);
  if (!isAllowed(request, code, status)) return `${code} with status ${status} is documented nowhere`;
  const { length } = Object.keys(error);
  if (length > 2) return 'an error has a type and a message';
  return undefined;
}

function isAllowed({ kind, operation, bytes }: FuzzedRequest, code: string, status: number): boolean {
  if (code === 'RequestEntityTooLargeException') return status === 413 && bytes.length > largestBody;
  if (kind === 'bytes' && listenerErrors.get(code)?.includes(status)) return true;
  if (kind === 'head' && listenerErrors.get(code)?.includes(status) && status !== 505) return true;
  if (kind !== 'body' && code === 'UnknownOperationException') return [400, 404, 405].includes(status);
  if (status !== 400) return false;
  if (kind !== 'body' && headErrors.has(code)) return true;
  if (commonErrors.has(code)) return true;
  // With a target that was changed and signed, another operation answers.
  if (kind !== 'body') return code === 'NotAuthorizedException' || kmsTable.errors[code]?.httpStatus === 400;
  if (code === 'UnsupportedOperationException' && operationOf('kms', operation) === undefined) return true;
  const documented = kmsTable.operations[operation]?.errors ?? [];
  return documented.includes(code) || (errorsBeyondTheModel[operation]?.includes(code) ?? false);
}

function wrongOutput(operation: string, body: string, isKnown: boolean): string | undefined {
  const hasOutput = kmsTable.operations[operation]?.output !== undefined;
  if (isKnown && (body !== '') !== hasOutput)
    return 'it has an output where there is none, or none where there is one';
  if (body === '') return undefined;
  const output = parsed(body);
  return typeof output === 'object' && output !== null && !('__type' in output)
    ? undefined
    : 'it is no output';
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
