/** The decision about everything the operation needs. */
import { type AuthorizedTargets, authorize } from '../authz/authorize.ts';
import type { ResolvedCall } from './resolve.ts';

export interface AuthorizedCall extends ResolvedCall {
  readonly targets: AuthorizedTargets;
}

export const authorizeCall = (resolved: ResolvedCall): AuthorizedCall => ({
  ...resolved,
  targets: authorize(resolved.needs, resolved.caller),
});
