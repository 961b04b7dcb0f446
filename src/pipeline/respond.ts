/** The wire form of an answer. Every one carries the request id, and no one can say more than its record does. */
import type { HttpResponse } from '../base/http-message.ts';
import type { Refusal } from '../base/refusal.ts';
import { encodeError } from '../protocol/aws-json.ts';
import { encodeOutput } from '../protocol/services.ts';
import type { Call } from './call.ts';
import type { RecordedCall } from './record.ts';

const headers = (call: Call): Record<string, string> => ({
  'x-amzn-requestid': call.requestId,
  'cache-control': 'no-cache, no-store, must-revalidate, private',
  'content-type': 'application/x-amz-json-1.1',
});

export const respond = ({ call, declaration, outcome }: RecordedCall): HttpResponse => ({
  status: 200,
  headers: headers(call),
  body: encodeOutput(declaration.service, declaration.name, outcome.output),
});

export const respondRefusal = (call: Call, refusal: Refusal): HttpResponse => ({
  status: refusal.httpStatus,
  headers: headers(call),
  body: encodeError(refusal),
});
