/** From the identifiers in the input to the resources they name. */
import { type ResolvedNeed, resolveNeed } from '../authz/resolve.ts';
import type { Key } from '../keys/key.ts';
import type { DecodedCall } from './decode.ts';
import type { PipelineDependencies } from './dependencies.ts';
import { recordServiceChange } from './record-service-change.ts';

export interface ResolvedCall extends DecodedCall {
  readonly needs: Readonly<Record<string, ResolvedNeed>>;
}

/** Looks up everything the operation needs, as it is now. A promise only where the service first has to make it. */
export function resolveCall(
  decoded: DecodedCall,
  dependencies: PipelineDependencies,
): ResolvedCall | Promise<ResolvedCall> {
  const { call, caller, declaration, input } = decoded;
  const before = declaration.before?.(input, caller, dependencies.services);
  if (before === undefined) return resolved(decoded, dependencies);
  return before.then(async (made) => {
    if (made !== undefined) await recordServiceChange(call, caller, made.key, made.change, dependencies);
    return resolved(decoded, dependencies);
  });
}

function resolved(
  { call, caller, declaration, input }: DecodedCall,
  { services }: PipelineDependencies,
): ResolvedCall {
  const asked = declaration.needs(input, caller, services);
  const needs: Record<string, ResolvedNeed> = {};
  const keys: Key[] = [];
  for (const name in asked) {
    const need = asked[name];
    if (need === undefined) continue;
    const found = resolveNeed(need, caller, services.table, services.identities.operatorAccountId);
    needs[name] = found;
    if (found.on === 'key' && found.target?.accountId === caller.principal.accountId) keys.push(found.target);
  }
  // Another account's keys are told to the caller's audit log only once the caller is allowed to use them.
  call.keys = keys;
  return { call, caller, declaration, input, needs };
}
