/**
 * The condition keys of one request on one resource, each computed when a policy first asks for it.
 * Only keys that the service supplies there are present, and an absent key never allows. Missing on
 * purpose: `kms:ResourceAliases`, which is for identity policies alone, and no principal has any yet.
 * KMS Developer Guide, "Condition keys for AWS KMS"; IAM User Guide, "AWS global condition context keys".
 */
import type { Key } from '../keys/key.ts';
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
  readonly key?: Key | undefined;
  readonly requestAlias?: string | undefined;
  readonly facts?: ConditionFacts | undefined;
}

const one = (value: string | number | boolean | undefined): readonly string[] | undefined =>
  value === undefined ? undefined : [String(value)];

export class RequestConditions implements ConditionContext {
  readonly #source: ContextSource;

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
        return facts?.encryptionContext === undefined || facts.encryptionContext.size === 0
          ? undefined
          : [...facts.encryptionContext.keys()];
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
        return this.#tagKeys();
      case 'aws:principalarn':
        return [caller.principal.kind === 'assumedRole' ? caller.principal.roleArn : caller.principal.arn];
      case 'aws:principalaccount':
        return [caller.principal.accountId];
      case 'aws:principaltype':
        return [principalType[caller.principal.kind]];
      case 'aws:principalisawsservice':
        return [String(caller.principal.kind === 'service')];
      case 'aws:userid':
        return one(userId(caller.principal));
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
      return this.#encryptionContext(name.slice(encryptionContextPrefix.length));
    if (name.startsWith(resourceTagPrefix)) return tagValue(key?.tags, name.slice(resourceTagPrefix.length));
    if (name.startsWith(requestTagPrefix))
      return tagValue(facts?.requestTags, name.slice(requestTagPrefix.length));
    return undefined;
  }

  /** The name of an encryption-context key in a condition is case-insensitive; pairs that differ in case alone are all offered. */
  #encryptionContext(lowerCaseKey: string): readonly string[] | undefined {
    const values: string[] = [];
    for (const [name, value] of this.#source.facts?.encryptionContext ?? []) {
      if (name.toLowerCase() === lowerCaseKey) values.push(value);
    }
    return values.length === 0 ? undefined : values;
  }

  #tagKeys(): readonly string[] | undefined {
    const { facts } = this.#source;
    const keys = facts?.requestTagKeys ?? facts?.requestTags?.map((tag) => tag.TagKey);
    return keys === undefined || keys.length === 0 ? undefined : keys;
  }
}

const tagValue = (
  tags: readonly { TagKey: string; TagValue: string }[] | undefined,
  lowerCaseKey: string,
): readonly string[] | undefined =>
  one(tags?.find((tag) => tag.TagKey.toLowerCase() === lowerCaseKey)?.TagValue);

const principalType = {
  root: 'Account',
  user: 'User',
  assumedRole: 'AssumedRole',
  federatedUser: 'FederatedUser',
  service: 'Service',
} as const satisfies Record<Caller['principal']['kind'], string>;

function userId(principal: Caller['principal']): string | undefined {
  switch (principal.kind) {
    case 'root':
      return principal.accountId;
    case 'user':
      return principal.userId;
    case 'assumedRole':
      return `${principal.roleId}:${principal.sessionName}`;
    case 'federatedUser':
      return `${principal.accountId}:${principal.arn.slice(principal.arn.lastIndexOf('/') + 1)}`;
    case 'service':
      return undefined;
  }
}
