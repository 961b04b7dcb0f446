/** A decision as a value that explains itself: plain data, to be kept with the request it decided. */
import type { Effect } from './condition.ts';
import type { Access } from './principal.ts';

export type Layer =
  | 'serviceControlPolicy'
  | 'resourceControlPolicy'
  | 'resourcePolicy'
  | 'grant'
  | 'identityPolicy'
  | 'permissionsBoundary'
  | 'sessionPolicy';

export interface StatementReference {
  readonly layer: Layer;
  /** The level of the organization, from the root, for its policies; otherwise 0. */
  readonly level: number;
  /** The policy's place among those of its layer and level. For a grant, the grant's place. */
  readonly policy: number;
  /** The statement's place in its policy, from 0. */
  readonly statement: number;
  readonly sid: string | undefined;
  readonly effect: Effect;
}

/** What a condition compared. */
export interface ConditionFinding {
  readonly operator: string;
  readonly key: string;
  readonly policyValues: readonly string[];
  /** Undefined: the key was not in the request. */
  readonly requestValues: readonly string[] | undefined;
  readonly met: boolean;
}

/** A statement that would have allowed the request, and the first of its conditions that was not met. */
export interface NearMiss {
  readonly statement: StatementReference;
  readonly condition: ConditionFinding;
}

export interface Allowed {
  readonly effect: 'Allow';
  /** How access came about; `identity`: by identity policies alone, or by being the account's root. */
  readonly access: Access | 'identity';
  /** The statements that together give access. Empty when the account's root needs none. */
  readonly statements: readonly StatementReference[];
}

export interface ExplicitDeny {
  readonly effect: 'Deny';
  readonly reason: 'explicitDeny';
  readonly layer: Layer;
  readonly statement: StatementReference;
  readonly conditions: readonly ConditionFinding[];
}

export interface ImplicitDeny {
  readonly effect: 'Deny';
  readonly reason: 'implicitDeny';
  /** The layer that would have had to allow and does not. */
  readonly layer: Layer;
  /** At most `nearMissesMax`. */
  readonly nearMisses: readonly NearMiss[];
}

/** The policies cost more to evaluate than any decision may. */
export interface TooComplex {
  readonly effect: 'Deny';
  readonly reason: 'tooComplex';
}

export type Denied = ExplicitDeny | ImplicitDeny | TooComplex;
export type Decision = Allowed | Denied;

export const nearMissesMax = 8;
