/**
 * What the listener itself refuses, before a request reaches the request path: one row per reason.
 * The names are those of the service's list of common errors
 * (AWS KMS API Reference, "Common Errors"), the bodies AWS JSON.
 */
import type { HttpResponse } from '../base/http-message.ts';
import { uuid } from '../crypto/random.ts';

export type RefusalReason = keyof typeof refusals;

/** Told to the composition root, which counts and samples them for the audit log. */
export interface ListenerRefusal {
  readonly reason: RefusalReason;
  readonly sourceAddress: string;
  /** Also in the answer; absent when the connection was closed without one. */
  readonly requestId?: string;
}

interface Row {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly allow?: string;
}

export const refusals = {
  malformedRequest: row(400, 'MalformedHttpRequestException', 'The request is not well-formed HTTP/1.1.'),
  badHost: row(400, 'MalformedHttpRequestException', 'The request needs exactly one Host header.'),
  badTarget: row(400, 'MalformedHttpRequestException', 'The request target must be a path.'),
  badContentLength: row(400, 'MalformedHttpRequestException', 'The Content-Length header is not a number.'),
  methodNotAllowed: {
    ...row(405, 'MalformedHttpRequestException', 'The request method is not supported.'),
    allow: 'GET, HEAD, POST, PUT, PATCH, DELETE',
  },
  requestTimeout: row(408, 'RequestTimeoutException', 'The request was not received in time.'),
  transferEncoding: row(411, 'MalformedHttpRequestException', 'A request body needs a Content-Length.'),
  bodyTooLarge: row(413, 'RequestEntityTooLargeException', 'The request entity is too large.'),
  unknownExpectation: row(417, 'MalformedHttpRequestException', 'The Expect header is not supported.'),
  headersTooLarge: row(431, 'MalformedHttpRequestException', 'The request headers are too large.'),
  handlerFault: row(500, 'InternalFailure', 'The request processing has failed because of an unknown error.'),
  overloaded: row(503, 'ServiceUnavailable', 'The server holds too many unanswered requests.'),
  pipelineTooDeep: row(503, 'ServiceUnavailable', 'The connection has too many unanswered requests.'),
  httpVersion: row(505, 'MalformedHttpRequestException', 'The request must be HTTP/1.1.'),
  // Closed without an answer: nobody would read one, or nothing can be said before the TLS handshake.
  tooManyConnections: row(503, 'ServiceUnavailable', 'Too many connections.'),
  tooManyConnectionsFromAddress: row(503, 'ServiceUnavailable', 'Too many connections from this address.'),
  answerNotRead: row(408, 'RequestTimeoutException', 'The answer was not read in time.'),
  tlsHandshake: row(400, 'MalformedHttpRequestException', 'The TLS handshake failed.'),
} satisfies Record<string, Row>;

/** The answer for `reason`, with an id of its own. */
export function refusalAnswer(reason: RefusalReason): HttpResponse & { readonly requestId: string } {
  const { status, code, message, allow }: Row = refusals[reason];
  const requestId = uuid();
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId };
  return {
    status,
    headers: allow === undefined ? headers : { ...headers, allow },
    body: JSON.stringify({ __type: code, message }),
    requestId,
  };
}

/**
 * An answer that closes, as bytes: for a request the parser gave up on, which has no response object. With
 * `headOnly` it is the answer to HEAD, which has no body whatever its content-length says (RFC 9110, 9.3.2).
 */
export function closingAnswerBytes(
  answer: HttpResponse,
  reasonPhrase: string,
  date: string,
  headOnly: boolean,
): Buffer {
  let head = `HTTP/1.1 ${answer.status} ${reasonPhrase}\r\n`;
  for (const name in answer.headers) head += `${name}: ${answer.headers[name]}\r\n`;
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  head += `date: ${date}\r\ncontent-length: ${body.byteLength}\r\nconnection: close\r\n\r\n`;
  return Buffer.concat(headOnly ? [Buffer.from(head, 'latin1')] : [Buffer.from(head, 'latin1'), body]);
}

function row(status: number, code: string, message: string): Row {
  return { status, code, message };
}
