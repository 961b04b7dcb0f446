/**
 * What an operation needs: which action on which resource. An operation declares needs and receives
 * each one's target back as `Authorized`; it has no other way to a key.
 */
import type { Alias, Key, Tag } from '../keys/key.ts';
import type { StateRule } from '../keys/key-state.ts';
import type { KeyUsageType } from '../model/kms.ts';

/**
 * Facts of the request that condition keys are made of, beyond those that every request or every key
 * has. An operation gives only what the service supplies there: a key that is absent stays absent.
 */
export interface ConditionFacts {
  readonly encryptionContext?: ReadonlyMap<string, string> | undefined;
  readonly encryptionAlgorithm?: string | undefined;
  readonly dataKeySpec?: string | undefined;
  readonly reEncryptOnSameKey?: boolean | undefined;
  readonly bypassPolicyLockoutSafetyCheck?: boolean | undefined;
  readonly policyName?: string | undefined;
  readonly pendingWindowInDays?: number | undefined;
  readonly rotationPeriodInDays?: number | undefined;
  readonly requestTags?: readonly Tag[] | undefined;
  /** Tag keys where the request names keys without values (UntagResource). */
  readonly requestTagKeys?: readonly string[] | undefined;
  /** The key about to be made (CreateKey), which has no row yet. */
  readonly newKey?: Pick<Key, 'spec' | 'usage' | 'origin' | 'multiRegion'> | undefined;
}

export interface KeyNeed {
  readonly on: 'key';
  readonly action: string;
  /** The identifier as sent. Absent only where a ciphertext names the key. */
  readonly keyId?: string | undefined;
  /** The key id that a ciphertext names: when no identifier was sent, or a key id that the caller's account does not have. */
  readonly ciphertextKeyId?: string | undefined;
  /** Whether alias names and ARNs are accepted. */
  readonly aliases: boolean;
  readonly crossAccount: boolean;
  readonly state: StateRule;
  readonly usage?: KeyUsageType;
  readonly facts?: ConditionFacts;
}

/** An alias as a resource of its own: managing one needs permission on it and on its key. */
export interface AliasNeed {
  readonly on: 'alias';
  readonly action: string;
  readonly aliasName: string;
}

/** An action on no resource (`*`): only identity policies decide. */
export interface AccountNeed {
  readonly on: 'account';
  readonly action: string;
  readonly facts?: ConditionFacts;
}

/** An action on the installation itself, which belongs to the operator's account. */
export interface InstallationNeed {
  readonly on: 'installation';
  readonly action: string;
}

export type Need = KeyNeed | AliasNeed | AccountNeed | InstallationNeed;

/** An alias that may not exist yet. */
export interface AliasTarget {
  readonly name: string;
  readonly arn: string;
  readonly alias: Alias | undefined;
}

export interface AccountTarget {
  readonly accountId: string;
}

declare const decided: unique symbol;
/** A target that a decision allows this caller to use in this way. Made by `authorize.ts` alone. */
export type Authorized<T> = T & { readonly [decided]: true };

export type Target = Key | AliasTarget | AccountTarget;
export type TargetOf<N extends Need> = N extends KeyNeed
  ? Key
  : N extends AliasNeed
    ? AliasTarget
    : AccountTarget;
