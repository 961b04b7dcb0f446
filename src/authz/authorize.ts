/**
 * The decision about each need of a request, and the only place where an `Authorized` is minted.
 * Order: every resource is decided first, then each key's usage, then its state (so that a caller
 * without access learns nothing of either).
 */
import { Refusal } from '../base/refusal.ts';
import { stateRefusal } from '../keys/key-state.ts';
import { ciphertextDenialMessage, denialMessage, hiddenDenialMessage } from '../policy/denial-message.ts';
import { type Decision, type Denied, decide, type PolicyLayers } from '../policy/evaluate.ts';
import type { Caller } from './caller.ts';
import { RequestConditions } from './condition-context.ts';
import type { Authorized, Target } from './need.ts';
import { isShortIdOfCiphertext, type ResolvedKeyNeed, type ResolvedNeed } from './resolve.ts';

export type AuthorizedTargets = Readonly<Record<string, Authorized<Target>>>;

/** A denial together with the decision that explains it. */
export class AccessDenied extends Refusal {
  readonly decision: Decision;

  constructor(decision: Decision, message: string) {
    super('AccessDeniedException', message);
    this.decision = decision;
  }
}

/** `whenAllowed` is called between the decisions and what they keep from a caller without access. */
export function authorize(
  needs: Readonly<Record<string, ResolvedNeed>>,
  caller: Caller,
  whenAllowed: () => void,
): AuthorizedTargets {
  const targets: Record<string, Authorized<Target>> = {};
  for (const name in needs) {
    const resolved = needs[name];
    if (resolved === undefined) continue;
    checkAccess(resolved, caller);
    if (resolved.target === undefined) throw notFound(resolved);
    targets[name] = resolved.target as Authorized<typeof resolved.target>;
  }
  whenAllowed();
  for (const name in needs) {
    const resolved = needs[name];
    if (resolved?.on === 'key') checkUsageAndState(resolved);
  }
  return targets;
}

function checkAccess(resolved: ResolvedNeed, caller: Caller): void {
  const decision = decideNeed(resolved, caller);
  if (decision.effect === 'Allow') return;
  // To who may not use it, another account's key is no more there by its short id than without the ciphertext.
  if (resolved.on === 'key' && isShortIdOfCiphertext(resolved.need)) throw notFound(resolved);
  throw new AccessDenied(decision, messageOf(decision, resolved, caller));
}

function messageOf(decision: Denied, resolved: ResolvedNeed, { principal }: Caller): string {
  const { need, arn, accountId } = resolved;
  const byCiphertext = need.on === 'key' && need.keyId === undefined;
  // Of another account's key the caller is told only what their own side says.
  const hidden = decision.reason === 'tooComplex' || decision.layer === 'resourcePolicy';
  if (resolved.on === 'key' && accountId !== principal.accountId && hidden) {
    return hiddenDenialMessage(principal.arn, need.action, byCiphertext);
  }
  return byCiphertext
    ? ciphertextDenialMessage(decision, principal.arn, need.action)
    : denialMessage(decision, principal.arn, need.action, arn);
}

function decideNeed(resolved: ResolvedNeed, caller: Caller): Decision {
  const { need, arn, accountId } = resolved;
  const key = resolved.on === 'key' ? resolved.target : undefined;
  const context = new RequestConditions({
    caller,
    resourceAccountId: accountId,
    key,
    requestAlias: resolved.on === 'key' ? resolved.requestAlias : undefined,
    facts: 'facts' in need ? need.facts : undefined,
  });
  return decide(
    {
      principal: caller.principal,
      action: need.action,
      // An alias never stands for its key: what is decided about is the key itself.
      resource: key?.arn ?? arn,
      resourceAccountId: accountId,
      context,
    },
    layersOf(resolved, caller),
  );
}

/** The layers that have a say. A root principal has every permission its account can give it. */
function layersOf(resolved: ResolvedNeed, caller: Caller): PolicyLayers {
  const identity = caller.principal.kind === 'root' ? 'root' : [];
  if (resolved.on !== 'key') return { identity };
  const foreign = resolved.accountId !== caller.principal.accountId;
  // A missing key of the caller's own account is told as missing; anyone else's looks like a forbidden one.
  if (resolved.target === undefined && !foreign) return { identity };
  // Operations that never work across accounts do not, whatever the key's policy says.
  const policy = foreign && !resolved.need.crossAccount ? undefined : resolved.target?.policy.compiled;
  return { identity, resource: { policy } };
}

function notFound(resolved: ResolvedNeed): Refusal {
  const alias = resolved.on === 'key' && resolved.requestAlias !== undefined;
  return new Refusal(
    'NotFoundException',
    alias ? `Alias ${resolved.arn} is not found.` : `Key '${resolved.arn}' does not exist`,
  );
}

function checkUsageAndState({ need, target }: ResolvedKeyNeed): void {
  if (target === undefined) return;
  if (need.usage !== undefined && target.usage !== need.usage) {
    const operation = need.action.slice('kms:'.length);
    throw new Refusal(
      'InvalidKeyUsageException',
      `${target.arn} key usage is ${target.usage} which is not valid for ${operation}.`,
    );
  }
  const refusal = stateRefusal(need.state, target);
  if (refusal !== undefined) throw refusal;
}
