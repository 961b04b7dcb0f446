/** A principal as the policy engine sees it: what matching needs to know of it, and no more. */
import type { Principal } from '../identity/principal.ts';
import type { PolicyPrincipal } from '../policy/request.ts';

/** The two are separate so that `policy/` stays pure; every kind of principal is one there too. */
export const policyPrincipal = (principal: Principal): PolicyPrincipal => principal;
