import { keyArn } from '../../base/arn.ts';
import { Refusal } from '../../base/refusal.ts';
import { modelViolation } from '../../base/validation.ts';
import { uuid } from '../../crypto/random.ts';
import { defaultKeyPolicy } from '../../keys/key-policy.ts';
import { newKey } from '../../keys/new-key.ts';
import { createKeyChange } from '../../keys/state-change.ts';
import type { KmsInput } from '../../model/kms.ts';
import { kmsOperation } from '../operation.ts';
import { keyMetadata } from './key-metadata.ts';
import { acceptKeyPolicy } from './policy-document.ts';
import { checkTags } from './tags.ts';

const made = {
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  multiRegion: false,
} as const;

/** Parameters that contradict each other are refused as the service does; what is not built yet, by name. Nothing is ignored. */
function validate(input: KmsInput<'CreateKey'>): void {
  const { KeySpec, CustomerMasterKeySpec, KeyUsage, Origin = 'AWS_KMS', CustomKeyStoreId, XksKeyId } = input;
  if (KeySpec !== undefined && CustomerMasterKeySpec !== undefined) {
    throw new Refusal(
      'ValidationException',
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    );
  }
  const spec = KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  if (spec !== 'SYMMETRIC_DEFAULT' && KeyUsage === undefined) {
    throw new Refusal(
      'ValidationException',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    );
  }
  if (spec === 'SYMMETRIC_DEFAULT' && KeyUsage !== undefined && KeyUsage !== 'ENCRYPT_DECRYPT') {
    throw new Refusal('ValidationException', `KeyUsage ${KeyUsage} is not compatible with KeySpec ${spec}`);
  }
  if (XksKeyId !== undefined && Origin !== 'EXTERNAL_KEY_STORE') {
    throw new Refusal('ValidationException', 'XksKeyId is valid only when Origin is EXTERNAL_KEY_STORE.');
  }
  if (CustomKeyStoreId !== undefined && Origin !== 'EXTERNAL_KEY_STORE' && Origin !== 'AWS_CLOUDHSM') {
    throw new Refusal('ValidationException', `CustomKeyStoreId is not valid when Origin is ${Origin}.`);
  }
  for (const [index, tag] of (input.Tags ?? []).entries()) {
    if (tag.TagKey.length === 0)
      throw modelViolation(
        '',
        `tags.${index + 1}.member.tagKey`,
        'Member must have length greater than or equal to 1',
      );
  }
}

function refuseUnbuilt(input: KmsInput<'CreateKey'>): void {
  const { KeySpec, CustomerMasterKeySpec, Origin = 'AWS_KMS', MultiRegion, CustomKeyStoreId } = input;
  const spec = KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  if (CustomKeyStoreId !== undefined) {
    throw new Refusal(
      'CustomKeyStoreNotFoundException',
      `Custom key store with ID ${CustomKeyStoreId} not found.`,
    );
  }
  if (spec !== made.spec)
    throw new Refusal('UnsupportedOperationException', `KeySpec ${spec} is not supported yet.`);
  if (Origin !== made.origin)
    throw new Refusal('UnsupportedOperationException', `Origin ${Origin} is not supported yet.`);
  if (MultiRegion === true)
    throw new Refusal('UnsupportedOperationException', 'Multi-Region keys are not supported yet.');
}

export const createKey = kmsOperation('CreateKey', {
  readOnly: false,
  auditDefaults: {
    bypassPolicyLockoutSafetyCheck: false,
    customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    description: '',
    keySpec: 'SYMMETRIC_DEFAULT',
    keyUsage: 'ENCRYPT_DECRYPT',
    multiRegion: false,
    origin: 'AWS_KMS',
  },
  validate,
  needs: (input) => {
    const account = {
      on: 'account',
      action: 'kms:CreateKey',
      facts: {
        newKey: made,
        bypassPolicyLockoutSafetyCheck: input.BypassPolicyLockoutSafetyCheck,
        requestTags: input.Tags,
      },
    } as const;
    // Tagging at creation is an action of its own (KMS Developer Guide, "Permissions to create and use tags").
    return input.Tags === undefined || input.Tags.length === 0
      ? { account }
      : { account, tags: { ...account, action: 'kms:TagResource' } };
  },
  async handle(input, _targets, { caller, services }) {
    refuseUnbuilt(input);
    const { table, keyStore, clock, quotas } = services;
    const accountId = caller.principal.accountId;
    const { region } = caller;
    const tags = input.Tags ?? [];
    checkTags(tags, quotas.tagsPerKey);
    const keyId = uuid();
    const subject = { ...made, accountId, arn: keyArn(region, accountId, keyId), tags };
    const policy =
      input.Policy === undefined
        ? services.policies.of(defaultKeyPolicy(accountId))
        : acceptKeyPolicy(
            services,
            caller,
            subject,
            input.Policy,
            input.BypassPolicyLockoutSafetyCheck === true,
          );
    const quotaExceeded = new Refusal(
      'LimitExceededException',
      `The account already has the maximum of ${quotas.keysPerAccountRegion} KMS keys in this Region.`,
    );
    if (table.customerKeyCount(accountId, region) >= quotas.keysPerAccountRegion) throw quotaExceeded;
    const key = await newKey(
      keyStore,
      {
        accountId,
        region,
        keyId,
        manager: 'CUSTOMER',
        spec: made.spec,
        usage: made.usage,
        description: input.Description ?? '',
        policy,
        tags,
      },
      clock.nowMs(),
    );
    const output = { KeyMetadata: keyMetadata(key) };
    return {
      output,
      change: createKeyChange(table, key, quotas.keysPerAccountRegion, quotaExceeded),
      audit: { responseElements: output, resources: [key] },
    };
  },
});
