/** The decision about everything the operation needs. */
import { type AuthorizedTargets, authorize } from '../authz/authorize.ts';
import type { Key } from '../keys/key.ts';
import type { DecodedCall } from './decode.ts';
import type { ResolvedCall } from './resolve.ts';

export interface AuthorizedCall extends DecodedCall {
  readonly targets: AuthorizedTargets;
}

export function authorizeCall(resolved: ResolvedCall): AuthorizedCall {
  const { call, caller, declaration, input, needs } = resolved;
  const targets = authorize(needs, caller, () => {
    call.keys = keysOf(needs);
    declaration.check?.(input);
  });
  return { call, caller, declaration, input, targets };
}

function keysOf(needs: ResolvedCall['needs']): readonly Key[] {
  const keys: Key[] = [];
  for (const name in needs) {
    const need = needs[name];
    if (need?.on === 'key' && need.target !== undefined) keys.push(need.target);
  }
  return keys;
}
