/** From the body to an input of the operation, with every constraint checked. */
import { Refusal } from '../base/refusal.ts';
import type { RegisteredOperation } from '../operations/operation.ts';
import { decodeInput } from '../protocol/services.ts';
import type { AuthenticatedCall } from './authenticate.ts';

export interface DecodedCall extends Pick<AuthenticatedCall, 'call' | 'caller'> {
  readonly declaration: RegisteredOperation;
  readonly input: object;
}

/** The input with every constraint checked: the model's first, then what the operation adds to them. */
export function decodeCall(authenticated: AuthenticatedCall): DecodedCall {
  const { call, caller, service, operation, declaration } = authenticated;
  const input = decodeInput(service, operation, call.request.body);
  call.input = input;
  if (declaration === undefined) {
    throw new Refusal('UnsupportedOperationException', `The operation ${operation} is not supported yet.`);
  }
  declaration.validate?.(input);
  return { call, caller, declaration, input };
}
