/** Which service and operation a request asks for. AWS JSON names them in `X-Amz-Target`; `/` is the only path. */
import { Refusal } from '../base/refusal.ts';
import type { KmsOperationName } from '../model/kms.ts';
import { kmsOperationOfTarget } from '../protocol/aws-json.ts';
import type { Call } from './call.ts';

export interface RoutedCall {
  readonly call: Call;
  readonly operation: KmsOperationName;
}

export function routeCall(call: Call): RoutedCall {
  const { method, target } = call.request;
  const query = target.indexOf('?');
  if ((query < 0 ? target : target.slice(0, query)) !== '/') throw unknownOperation(404);
  if (method !== 'POST') throw unknownOperation(405);
  const operation = kmsOperationOfTarget(call.header('x-amz-target') ?? '');
  if (operation === undefined) throw unknownOperation(400);
  call.operation = operation;
  return { call, operation };
}

const unknownOperation = (status: number): Refusal => new Refusal('UnknownOperationException', undefined, status);
