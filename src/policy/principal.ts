/**
 * The `Principal` and `NotPrincipal` elements (IAM User Guide, "AWS JSON policy elements: Principal" and
 * "NotPrincipal"): whom a statement names, and what naming them gives.
 */
import { isAccountId, parseArn } from '../base/arn.ts';
import type { PolicyPrincipal } from './request.ts';

export type NamedPrincipal =
  | { readonly kind: 'any' }
  | { readonly kind: 'account'; readonly accountId: string }
  | {
      readonly kind: 'user' | 'role' | 'roleSession' | 'federatedUser';
      readonly accountId: string;
      readonly arn: string;
    }
  /** `AIDA…` or `AROA…`: what a user's or role's ARN becomes when the policy is stored. */
  | { readonly kind: 'uniqueId'; readonly id: string }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'identityProvider'; readonly provider: string };

/**
 * What an Allow gives the principal it names, if they are of the resource's own account:
 * - `direct`: access, whatever the principal's other policies do not allow;
 * - `limited`: access, within the permissions boundary and the session policies;
 * - `delegated`: nothing by itself; the account's identity policies may give access.
 */
export type Access = 'direct' | 'limited' | 'delegated';

export interface PrincipalElement {
  readonly named: readonly NamedPrincipal[];
  /** True for `NotPrincipal`. */
  readonly negated: boolean;
}

/** One entry under `AWS`; undefined when it is not a principal. No wildcard within an ARN, no groups. */
export function readAwsPrincipal(text: string): NamedPrincipal | undefined {
  if (text === '*') return { kind: 'any' };
  if (isAccountId(text)) return { kind: 'account', accountId: text };
  if (isUniqueId(text)) return { kind: 'uniqueId', id: text };
  const arn = parseArn(text);
  if (arn === undefined || arn.region !== '' || !isAccountId(arn.accountId) || !isPlain(text))
    return undefined;
  const { accountId, resource } = arn;
  if (arn.service === 'iam') {
    if (resource === 'root') return { kind: 'account', accountId };
    if (hasName(resource, 'user/')) return { kind: 'user', accountId, arn: text };
    if (hasName(resource, 'role/')) return { kind: 'role', accountId, arn: text };
  }
  if (arn.service === 'sts') {
    const parts = resource.split('/');
    if (parts[0] === 'assumed-role' && parts.length === 3 && !parts.includes('')) {
      return { kind: 'roleSession', accountId, arn: text };
    }
    if (parts[0] === 'federated-user' && parts.length === 2 && !parts.includes('')) {
      return { kind: 'federatedUser', accountId, arn: text };
    }
  }
  return undefined;
}

/** One entry under `Service`: a host name of at least two labels. */
export function readServicePrincipal(text: string): NamedPrincipal | undefined {
  const labels = text.split('.');
  return text.length <= 128 && labels.length >= 2 && labels.every(isHostLabel)
    ? { kind: 'service', service: text }
    : undefined;
}

/** One entry under `Federated`: an identity provider's ARN or host name. */
export function readFederatedPrincipal(text: string): NamedPrincipal | undefined {
  const isProvider =
    isPlain(text) && (text.startsWith('arn:') ? parseArn(text)?.service === 'iam' : text.includes('.'));
  return isProvider ? { kind: 'identityProvider', provider: text } : undefined;
}

/** What an Allow with this element gives the principal; undefined when it is not about them. */
export function accessOf(element: PrincipalElement, principal: PolicyPrincipal): Access | undefined {
  const access = bestAccess(element.named, principal);
  if (!element.negated) return access;
  // Everyone but those named, an account standing for all in it. What is given to nobody by name
  // reaches no further than boundaries and session policies do.
  return access === undefined ? 'limited' : undefined;
}

function bestAccess(names: readonly NamedPrincipal[], principal: PolicyPrincipal): Access | undefined {
  let best: Access | undefined;
  for (const named of names) {
    const access = accessByName(named, principal);
    if (access === 'direct') return access;
    if (access === 'limited' || best === undefined) best = access;
  }
  return best;
}

/** Whether a Deny with this element is about the principal. `hasBoundary`: they have a permissions boundary. */
export function isDenied(
  element: PrincipalElement,
  principal: PolicyPrincipal,
  hasBoundary: boolean,
): boolean {
  if (!element.negated) return accessOf(element, principal) !== undefined;
  // A Deny spares only whom it names with all that they are part of: the account, the role, the session.
  // With a permissions boundary it spares nobody.
  return (
    hasBoundary || !lineage(principal).every((one) => element.named.some((named) => isNamed(named, one)))
  );
}

type Ancestor =
  | { readonly accountId: string }
  | { readonly arn: string; readonly id?: string }
  | { readonly service: string };

function lineage(principal: PolicyPrincipal): readonly Ancestor[] {
  const account = { accountId: principal.accountId };
  switch (principal.kind) {
    case 'root':
      return [account];
    case 'user':
      return [account, { arn: principal.arn, id: principal.userId }];
    case 'assumedRole':
      return [account, { arn: principal.roleArn, id: principal.roleId }, { arn: principal.arn }];
    case 'federatedUser':
      return principal.userArn === `arn:aws:iam::${principal.accountId}:root`
        ? [account, { arn: principal.arn }]
        : [account, { arn: principal.userArn }, { arn: principal.arn }];
    case 'service':
      return [{ service: principal.service }];
  }
}

function isNamed(named: NamedPrincipal, one: Ancestor): boolean {
  switch (named.kind) {
    case 'any':
      return true;
    case 'account':
      return 'accountId' in one && one.accountId === named.accountId;
    case 'user':
    case 'role':
    case 'roleSession':
    case 'federatedUser':
      return 'arn' in one && one.arn === named.arn;
    case 'uniqueId':
      return 'arn' in one && one.id === named.id;
    case 'service':
      return 'service' in one && one.service === named.service;
    case 'identityProvider':
      return false;
  }
}

function accessByName(named: NamedPrincipal, principal: PolicyPrincipal): Access | undefined {
  switch (named.kind) {
    case 'any':
      return 'direct';
    case 'account':
      if (principal.kind === 'service' || principal.accountId !== named.accountId) return undefined;
      return principal.kind === 'root' ? 'direct' : 'delegated';
    case 'user':
      if (principal.kind === 'user' && principal.arn === named.arn) return 'direct';
      // A session of a federated user has what its user has, within the session's own policies.
      return principal.kind === 'federatedUser' && principal.userArn === named.arn ? 'limited' : undefined;
    case 'role':
      return principal.kind === 'assumedRole' && principal.roleArn === named.arn ? 'limited' : undefined;
    case 'roleSession':
      return principal.kind === 'assumedRole' && principal.arn === named.arn ? 'direct' : undefined;
    case 'federatedUser':
      return principal.kind === 'federatedUser' && principal.arn === named.arn ? 'direct' : undefined;
    case 'uniqueId':
      if (principal.kind === 'user' && principal.userId === named.id) return 'direct';
      return principal.kind === 'assumedRole' && principal.roleId === named.id ? 'limited' : undefined;
    case 'service':
      return principal.kind === 'service' && principal.service === named.service ? 'direct' : undefined;
    case 'identityProvider':
      // Whom a provider vouches for asks without credentials of ours, and no operation takes such requests.
      return undefined;
  }
}

const isUniqueId = (text: string): boolean => /^(AIDA|AROA)[A-Z0-9]{12,124}$/.test(text);

/** Printable ASCII without spaces or wildcards, and not absurdly long. */
const isPlain = (text: string): boolean => /^[!-)+->@-~]{1,2048}$/.test(text);

/** A name at the end, after a path if any. */
const hasName = (resource: string, prefix: string): boolean =>
  resource.startsWith(prefix) && resource.length > prefix.length && !resource.endsWith('/');

const isHostLabel = (label: string): boolean => /^[A-Za-z0-9-]{1,63}$/.test(label);
