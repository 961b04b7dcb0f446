/**
 * The decision (IAM User Guide, "Policy evaluation logic", with its single-account and cross-account
 * parts; KMS Developer Guide, "Troubleshooting key access"). In this order:
 *
 * 1. A Deny that applies, in any layer, decides.
 * 2. Every level of the organization's service and resource control policies must allow.
 * 3. The resource's policy, or a grant, must give the principal access: `direct`, `limited` or
 *    `delegated` (see `Access`). Where the resource has no policy, the principal's own policies decide.
 * 4. What is only delegated needs an identity policy that allows; and so does everything that another
 *    account's resource policy gives. A grant to a principal by name needs none.
 * 5. The permissions boundary and the session policies must allow, except what the principal's own
 *    account gives directly.
 */

import type { Condition } from './condition.ts';
import type {
  ConditionFinding,
  Decision,
  Denied,
  ExplicitDeny,
  Layer,
  NearMiss,
  StatementReference,
} from './decision.ts';
import { nearMissesMax } from './decision.ts';
import { Effort, EffortExceeded } from './effort.ts';
import type { Policy } from './parse.ts';
import { type Access, accessOf, isDenied } from './principal.ts';
import type { PolicyRequest } from './request.ts';
import { matchesList, type Statement, unmetCondition } from './statement.ts';

export type { Decision, Denied } from './decision.ts';

/** Every policy that has a say in a request. A layer that is absent does not narrow. */
export interface PolicyLayers {
  /** The principal's identity policies; `root` for an account's root, who has everything its account can give. */
  readonly identity: 'root' | readonly Policy[];
  /**
   * Absent for actions that only identity policies decide. Present without a policy, the resource gives
   * nothing to anyone.
   */
  readonly resource?: { readonly policy: Policy | undefined } | undefined;
  /** Those of the resource's grants whose constraints the caller finds met, or that carry them as conditions. */
  readonly grants?: readonly Statement[] | undefined;
  readonly boundary?: Policy | undefined;
  /** Of which any may allow. A role session without them has all that its role has; a federated user has nothing. */
  readonly sessionPolicies?: readonly Policy[] | undefined;
  /** By level, from the organization's root down to the principal's account. */
  readonly serviceControlPolicies?: readonly (readonly Policy[])[] | undefined;
  /** By level, from the organization's root down to the resource's account. */
  readonly resourceControlPolicies?: readonly (readonly Policy[])[] | undefined;
}

export function decide(
  request: PolicyRequest,
  layers: PolicyLayers,
  effort: Effort = new Effort(),
): Decision {
  try {
    const evaluation = new Evaluation(request, layers, effort);
    return evaluation.explicitDeny() ?? evaluation.missingGuardrail() ?? evaluation.access();
  } catch (error) {
    if (error instanceof EffortExceeded) return { effect: 'Deny', reason: 'tooComplex' };
    throw error;
  }
}

/** What the resource's side gives, and by which statement. */
interface Gift {
  readonly access: Access;
  readonly statement: StatementReference;
}

class Evaluation {
  readonly #request: PolicyRequest;
  readonly #layers: PolicyLayers;
  readonly #effort: Effort;
  readonly #lowerCaseAction: string;

  constructor(request: PolicyRequest, layers: PolicyLayers, effort: Effort) {
    this.#request = request;
    this.#layers = layers;
    this.#effort = effort;
    this.#lowerCaseAction = request.action.toLowerCase();
  }

  explicitDeny(): ExplicitDeny | undefined {
    const { serviceControlPolicies, resourceControlPolicies, resource, identity, boundary, sessionPolicies } =
      this.#layers;
    return (
      this.#denyInLevels('serviceControlPolicy', serviceControlPolicies) ??
      this.#denyInLevels('resourceControlPolicy', resourceControlPolicies) ??
      this.#denyInPolicy('resourcePolicy', resource?.policy) ??
      (identity === 'root' ? undefined : this.#denyInPolicies('identityPolicy', identity)) ??
      this.#denyInPolicy('permissionsBoundary', boundary) ??
      this.#denyInPolicies('sessionPolicy', sessionPolicies)
    );
  }

  /** The organization's policies give nothing; without them nothing is given. */
  missingGuardrail(): Denied | undefined {
    const { serviceControlPolicies, resourceControlPolicies } = this.#layers;
    return (
      this.#missingLevel('serviceControlPolicy', serviceControlPolicies) ??
      this.#missingLevel('resourceControlPolicy', resourceControlPolicies)
    );
  }

  access(): Decision {
    const { principal, resourceAccountId } = this.#request;
    const policy = this.#layers.resource?.policy;
    const byPolicy = policy && this.#bestGift('resourcePolicy', policy.allows);
    if (byPolicy?.access !== 'direct' || principal.accountId !== resourceAccountId) {
      const byGrant = this.#layers.grants && this.#bestGift('grant', this.#layers.grants);
      if (principal.kind !== 'service' && principal.accountId !== resourceAccountId) {
        return this.#acrossAccounts(byPolicy, byGrant);
      }
      return this.#withinAccount(better(byPolicy, byGrant));
    }
    return this.#withinAccount(byPolicy);
  }

  #withinAccount(gift: Gift | undefined): Decision {
    if (gift === undefined) {
      return this.#layers.resource === undefined
        ? this.#byIdentity('identity')
        : this.#lacks('resourcePolicy');
    }
    switch (gift.access) {
      case 'direct':
        return { effect: 'Allow', access: 'direct', statements: [gift.statement] };
      case 'limited':
        return this.#narrowed('limited', [gift.statement]);
      case 'delegated':
        return this.#byIdentity('delegated', gift.statement);
    }
  }

  #acrossAccounts(byPolicy: Gift | undefined, byGrant: Gift | undefined): Decision {
    if (byGrant !== undefined && byGrant.access !== 'delegated') {
      return this.#narrowed(byGrant.access, [byGrant.statement]);
    }
    const gift = better(byPolicy, byGrant);
    return gift === undefined ? this.#lacks('resourcePolicy') : this.#byIdentity(gift.access, gift.statement);
  }

  #byIdentity(access: Access | 'identity', given?: StatementReference): Decision {
    const { identity } = this.#layers;
    const statements = given === undefined ? [] : [given];
    if (identity !== 'root') {
      const allow = this.#allowInPolicies('identityPolicy', identity, 0);
      if (allow === undefined) return this.#lacks('identityPolicy');
      statements.push(allow);
    }
    return this.#narrowed(access, statements);
  }

  #narrowed(access: Access | 'identity', statements: readonly StatementReference[]): Decision {
    const { boundary, sessionPolicies = [] } = this.#layers;
    if (boundary !== undefined && this.#allowInPolicies('permissionsBoundary', [boundary], 0) === undefined) {
      return this.#lacks('permissionsBoundary');
    }
    const isSessionBound = sessionPolicies.length > 0 || this.#request.principal.kind === 'federatedUser';
    if (isSessionBound && this.#allowInPolicies('sessionPolicy', sessionPolicies, 0) === undefined) {
      return this.#lacks('sessionPolicy');
    }
    return { effect: 'Allow', access, statements };
  }

  #denyInLevels(layer: Layer, levels: readonly (readonly Policy[])[] = []): ExplicitDeny | undefined {
    for (const [level, policies] of levels.entries()) {
      const deny = this.#denyInPolicies(layer, policies, level);
      if (deny !== undefined) return deny;
    }
    return undefined;
  }

  #denyInPolicies(layer: Layer, policies: readonly Policy[] = [], level = 0): ExplicitDeny | undefined {
    for (let index = 0; index < policies.length; index++) {
      const deny = this.#denyInPolicy(layer, policies[index], level, index);
      if (deny !== undefined) return deny;
    }
    return undefined;
  }

  #denyInPolicy(layer: Layer, policy: Policy | undefined, level = 0, index = 0): ExplicitDeny | undefined {
    if (policy === undefined) return undefined;
    for (const statement of policy.denies) {
      const { principals } = statement;
      const hasBoundary = this.#layers.boundary !== undefined;
      if (principals !== undefined && !isDenied(principals, this.#request.principal, hasBoundary)) continue;
      if (!this.#applies(statement)) continue;
      return {
        effect: 'Deny',
        reason: 'explicitDeny',
        layer,
        statement: reference(layer, level, index, statement),
        conditions: statement.conditions.map((condition) => this.#finding(condition, true)),
      };
    }
    return undefined;
  }

  #missingLevel(layer: Layer, levels: readonly (readonly Policy[])[] = []): Denied | undefined {
    for (const [level, policies] of levels.entries()) {
      if (this.#allowInPolicies(layer, policies, level) === undefined) return this.#lacks(layer);
    }
    return undefined;
  }

  #allowInPolicies(layer: Layer, policies: readonly Policy[], level: number): StatementReference | undefined {
    for (let index = 0; index < policies.length; index++) {
      for (const statement of policies[index]?.allows ?? []) {
        if (this.#isAbout(statement) && this.#applies(statement))
          return reference(layer, level, index, statement);
      }
    }
    return undefined;
  }

  #bestGift(layer: 'resourcePolicy' | 'grant', allows: readonly Statement[]): Gift | undefined {
    let best: Gift | undefined;
    for (let index = 0; index < allows.length; index++) {
      const statement = allows[index];
      const access = statement?.principals && accessOf(statement.principals, this.#request.principal);
      if (statement === undefined || access === undefined || rank(access) <= rank(best?.access)) continue;
      if (!this.#applies(statement)) continue;
      best = { access, statement: reference(layer, 0, layer === 'grant' ? index : 0, statement) };
      if (access === 'direct') break;
    }
    return best;
  }

  #isAbout({ principals }: Statement): boolean {
    return principals === undefined || accessOf(principals, this.#request.principal) !== undefined;
  }

  #applies(statement: Statement): boolean {
    return (
      this.#covers(statement) && unmetCondition(statement, this.#request.context, this.#effort) === undefined
    );
  }

  /** Whether the statement is about this action on this resource. */
  #covers({ effect, actions, resources }: Statement): boolean {
    const { resource, context } = this.#request;
    return (
      matchesList(actions, effect, this.#lowerCaseAction, context, this.#effort) &&
      matchesList(resources, effect, resource, context, this.#effort)
    );
  }

  #lacks(layer: Layer): Denied {
    return { effect: 'Deny', reason: 'implicitDeny', layer, nearMisses: this.#nearMisses(layer) };
  }

  #nearMisses(layer: Layer): readonly NearMiss[] {
    const misses: NearMiss[] = [];
    for (const [level, policies] of this.#levelsOf(layer).entries()) {
      for (const [index, policy] of policies.entries()) {
        for (const statement of policy.allows) {
          if (misses.length === nearMissesMax) return misses;
          if (!this.#isAbout(statement) || !this.#covers(statement)) continue;
          const condition = unmetCondition(statement, this.#request.context, this.#effort);
          if (condition === undefined) continue;
          misses.push({
            statement: reference(layer, level, index, statement),
            condition: this.#finding(condition, false),
          });
        }
      }
    }
    return misses;
  }

  #levelsOf(layer: Layer): readonly (readonly Policy[])[] {
    const { serviceControlPolicies, resourceControlPolicies, resource, identity, boundary, sessionPolicies } =
      this.#layers;
    switch (layer) {
      case 'serviceControlPolicy':
        return serviceControlPolicies ?? [];
      case 'resourceControlPolicy':
        return resourceControlPolicies ?? [];
      case 'resourcePolicy':
        return resource?.policy === undefined ? [] : [[resource.policy]];
      case 'identityPolicy':
        return identity === 'root' ? [] : [identity];
      case 'permissionsBoundary':
        return boundary === undefined ? [] : [[boundary]];
      case 'sessionPolicy':
        return sessionPolicies === undefined ? [] : [sessionPolicies];
      case 'grant':
        return [];
    }
  }

  #finding({ operator, key, lowerCaseKey, values }: Condition, met: boolean): ConditionFinding {
    return {
      operator,
      key,
      policyValues: values,
      requestValues: this.#request.context.get(lowerCaseKey),
      met,
    };
  }
}

const rank = (access: Access | undefined): number =>
  access === undefined ? 0 : access === 'delegated' ? 1 : access === 'limited' ? 2 : 3;

const better = (one: Gift | undefined, other: Gift | undefined): Gift | undefined =>
  rank(other?.access) > rank(one?.access) ? other : one;

const reference = (
  layer: Layer,
  level: number,
  policy: number,
  statement: Statement,
): StatementReference => ({
  layer,
  level,
  policy,
  statement: statement.index,
  sid: statement.sid,
  effect: statement.effect,
});
