/** Which service and operation a request asks for. AWS JSON names them in `X-Amz-Target`; `/` is the only path. */
import { Refusal } from '../base/refusal.ts';
import type { ServiceName } from '../model/tables.ts';
import type { RegisteredOperation } from '../operations/operation.ts';
import { operationOf } from '../operations/registry.ts';
import { operationOfTarget } from '../protocol/services.ts';
import type { Call } from './call.ts';

export interface RoutedCall {
  readonly call: Call;
  readonly service: ServiceName;
  readonly operation: string;
  /** Absent for an operation of the model that is not built yet. */
  readonly declaration: RegisteredOperation | undefined;
}

export function routeCall(call: Call): RoutedCall {
  const { method, target } = call.request;
  const query = target.indexOf('?');
  if ((query < 0 ? target : target.slice(0, query)) !== '/') throw unknownOperation(404);
  if (method !== 'POST') throw unknownOperation(405);
  const asked = operationOfTarget(call.header('x-amz-target'));
  if (asked === undefined) throw unknownOperation(400);
  const { service, operation } = asked;
  call.service = service;
  call.operation = operation;
  call.declaration = operationOf(service, operation);
  return { call, service, operation, declaration: call.declaration };
}

/** The service gives no message. */
const unknownOperation = (status: number): Refusal =>
  new Refusal('UnknownOperationException', undefined, status);
