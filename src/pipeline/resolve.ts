/** From the identifiers in the input to the resources they name. */
import { type ResolvedNeed, resolveNeed } from '../authz/resolve.ts';
import type { Key } from '../keys/key.ts';
import type { DecodedCall } from './decode.ts';
import type { PipelineDependencies } from './dependencies.ts';
import { recordServiceChange } from './record-service-change.ts';

export interface ResolvedCall extends DecodedCall {
  readonly needs: Readonly<Record<string, ResolvedNeed>>;
}

/** Looks up everything the operation needs, as it is now. */
export async function resolveCall(
  decoded: DecodedCall,
  dependencies: PipelineDependencies,
): Promise<ResolvedCall> {
  const { call, caller, declaration, input } = decoded;
  const { services } = dependencies;
  if (declaration.before !== undefined) {
    const made = await declaration.before(input, caller, services);
    if (made !== undefined) await recordServiceChange(call, caller, made.key, made.change, dependencies);
  }
  const needs: Record<string, ResolvedNeed> = {};
  const keys: Key[] = [];
  for (const [name, need] of Object.entries(declaration.needs(input, caller, services))) {
    const resolved = resolveNeed(need, caller, services.table, services.identities.operatorAccountId);
    needs[name] = resolved;
    if (resolved.on === 'key' && resolved.target?.accountId === caller.principal.accountId)
      keys.push(resolved.target);
  }
  // Another account's keys are told to the caller's audit log only once the caller is allowed to use them.
  call.keys = keys;
  return { ...decoded, needs };
}
