/**
 * The condition keys of one request on one resource, each computed when a policy first asks for it.
 * Only keys that the service supplies there are present, and an absent key never allows. Missing on
 * purpose: `kms:ResourceAliases`, which is for identity policies alone, and no principal has any yet.
 * KMS Developer Guide, "Condition keys for AWS KMS"; IAM User Guide, "AWS global condition context keys".
 */
import { principalIdOf } from '../identity/principal.ts';
import type { Key, Tag } from '../keys/key.ts';
import type { ConditionContext } from '../policy/request.ts';
import type { Caller } from './caller.ts';
import type { ConditionFacts } from './need.ts';

const encryptionContextPrefix = 'kms:encryptioncontext:';
const requestTagPrefix = 'aws:requesttag/';
const resourceTagPrefix = 'aws:resourcetag/';

export interface ContextSource {
  readonly caller: Caller;
  /** The account that owns the resource. */
  readonly resourceAccountId: string;
  /** The key itself, or one that is about to be made, as it will be. */
  readonly key?: Pick<Key, 'spec' | 'usage' | 'origin' | 'multiRegion' | 'tags'> | undefined;
  readonly requestAlias?: string | undefined;
  readonly facts?: ConditionFacts | undefined;
}

const one = (value: string | number | boolean | undefined): readonly string[] | undefined =>
  value === undefined ? undefined : [String(value)];

export class RequestConditions implements ConditionContext {
  readonly #source: ContextSource;
  // Made once and kept: a request may carry tens of thousands of pairs and a policy ask for hundreds, and
  // going through all of them for each would hold up everyone.
  #encryptionContext: ReadonlyMap<string, readonly string[]> | undefined;
  #encryptionContextKeys: readonly string[] | undefined;
  #requestTags: ReadonlyMap<string, readonly string[]> | undefined;
  #resourceTags: ReadonlyMap<string, readonly string[]> | undefined;
  #tagKeys: readonly string[] | undefined;

  constructor(source: ContextSource) {
    this.#source = source;
  }

  /** `name` in lower case, as the policy engine asks. */
  get(name: string): readonly string[] | undefined {
    const { caller, key, facts, requestAlias, resourceAccountId } = this.#source;
    const subject = key ?? facts?.newKey;
    switch (name) {
      case 'kms:calleraccount':
        return [caller.principal.accountId];
      case 'kms:encryptionalgorithm':
        return one(facts?.encryptionAlgorithm);
      case 'kms:encryptioncontextkeys':
        return this.#keysOfEncryptionContext();
      case 'kms:datakeyspec':
        return one(facts?.dataKeySpec);
      case 'kms:reencryptonsamekey':
        return one(facts?.reEncryptOnSameKey);
      case 'kms:bypasspolicylockoutsafetycheck':
        return one(facts?.bypassPolicyLockoutSafetyCheck);
      case 'kms:policyname':
        return one(facts?.policyName);
      case 'kms:schedulekeydeletionpendingwindowindays':
        return one(facts?.pendingWindowInDays);
      case 'kms:rotationperiodindays':
        return one(facts?.rotationPeriodInDays);
      case 'kms:requestalias':
        return one(requestAlias);
      case 'kms:keyspec':
      case 'kms:customermasterkeyspec':
        return one(subject?.spec);
      case 'kms:keyusage':
      case 'kms:customermasterkeyusage':
        return one(subject?.usage);
      case 'kms:keyorigin':
        return one(subject?.origin);
      case 'kms:multiregion':
        return one(subject?.multiRegion);
      case 'aws:tagkeys':
        return this.#keysOfTags();
      case 'aws:principalarn':
        return [caller.principal.kind === 'assumedRole' ? caller.principal.roleArn : caller.principal.arn];
      case 'aws:principalaccount':
        return [caller.principal.accountId];
      case 'aws:principaltype':
        return [principalType[caller.principal.kind]];
      case 'aws:principalisawsservice':
        return [String(caller.principal.kind === 'service')];
      case 'aws:userid':
        return one(principalIdOf(caller.principal));
      case 'aws:username':
        return caller.principal.kind === 'user' ? [caller.principal.userName] : undefined;
      case 'aws:viaawsservice':
        return ['false'];
      case 'aws:sourceip':
        return [caller.sourceAddress];
      case 'aws:securetransport':
        return [String(caller.secureTransport)];
      case 'aws:useragent':
        return one(caller.userAgent);
      case 'aws:currenttime':
        return [new Date(caller.timeMs).toISOString()];
      case 'aws:epochtime':
        return [String(Math.floor(caller.timeMs / 1000))];
      case 'aws:requestedregion':
        return [caller.region];
      case 'aws:resourceaccount':
        return [resourceAccountId];
    }
    if (name.startsWith(encryptionContextPrefix))
      return this.#encryptionContextValues(name.slice(encryptionContextPrefix.length));
    if (name.startsWith(resourceTagPrefix)) return this.#resourceTag(name.slice(resourceTagPrefix.length));
    if (name.startsWith(requestTagPrefix)) return this.#requestTag(name.slice(requestTagPrefix.length));
    return undefined;
  }

  /**
   * In the name of a condition key even the part that names a pair or a tag is case-insensitive. Pairs
   * that differ in case alone are all offered: then an Allow needs each of them to meet its condition, and
   * nobody slips past one tag by adding another.
   */
  #encryptionContextValues(lowerCaseKey: string): readonly string[] | undefined {
    this.#encryptionContext ??= valuesByLowerCase(this.#source.facts?.encryptionContext ?? []);
    return this.#encryptionContext.get(lowerCaseKey);
  }

  #keysOfEncryptionContext(): readonly string[] | undefined {
    this.#encryptionContextKeys ??= [...(this.#source.facts?.encryptionContext?.keys() ?? [])];
    return this.#encryptionContextKeys.length === 0 ? undefined : this.#encryptionContextKeys;
  }

  #requestTag(lowerCaseKey: string): readonly string[] | undefined {
    this.#requestTags ??= valuesByLowerCase(pairsOf(this.#source.facts?.requestTags));
    return this.#requestTags.get(lowerCaseKey);
  }

  #resourceTag(lowerCaseKey: string): readonly string[] | undefined {
    this.#resourceTags ??= valuesByLowerCase(pairsOf(this.#source.key?.tags));
    return this.#resourceTags.get(lowerCaseKey);
  }

  #keysOfTags(): readonly string[] | undefined {
    const { facts } = this.#source;
    this.#tagKeys ??= facts?.requestTagKeys ?? facts?.requestTags?.map((tag) => tag.TagKey) ?? [];
    return this.#tagKeys.length === 0 ? undefined : this.#tagKeys;
  }
}

function valuesByLowerCase(
  pairs: Iterable<readonly [string, string]>,
): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const lowerCase = name.toLowerCase();
    const known = values.get(lowerCase);
    if (known === undefined) values.set(lowerCase, [value]);
    else known.push(value);
  }
  return values;
}

const pairsOf = (tags: readonly Tag[] = []): readonly (readonly [string, string])[] =>
  tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]);

const principalType = {
  root: 'Account',
  user: 'User',
  assumedRole: 'AssumedRole',
  federatedUser: 'FederatedUser',
  service: 'Service',
} as const satisfies Record<Caller['principal']['kind'], string>;
