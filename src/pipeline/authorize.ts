/** The decision about everything the operation needs. */
import { type AuthorizedTargets, authorize } from '../authz/authorize.ts';
import type { PipelineDependencies } from './dependencies.ts';
import type { ResolvedCall } from './resolve.ts';

export interface AuthorizedCall extends ResolvedCall {
  readonly targets: AuthorizedTargets;
}

export function authorizeCall(resolved: ResolvedCall, { services }: PipelineDependencies): AuthorizedCall {
  return { ...resolved, targets: authorize(resolved.needs, resolved.caller) };
}
