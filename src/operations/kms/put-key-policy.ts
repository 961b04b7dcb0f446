import { Refusal } from '../../base/refusal.ts';
import { updateKeyChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { keyChanged, ownKey } from './key-edit.ts';
import { acceptKeyPolicy } from './policy-document.ts';

export const putKeyPolicy = kmsOperation('PutKeyPolicy', {
  readOnly: false,
  auditDefaults: { policyName: 'default', bypassPolicyLockoutSafetyCheck: false },
  needs: (input) => ({
    key: ownKey('kms:PutKeyPolicy', input.KeyId, 'read', {
      policyName: input.PolicyName ?? 'default',
      bypassPolicyLockoutSafetyCheck: input.BypassPolicyLockoutSafetyCheck,
    }),
  }),
  handle(input, { key }, { caller, services }) {
    if (input.PolicyName === 'AWS_RAM') {
      throw new Refusal('ValidationException', 'The AWS_RAM policy can only be managed by the RAM service');
    }
    if (input.PolicyName !== undefined && input.PolicyName !== 'default') {
      throw new Refusal('NotFoundException', 'No such policy exists');
    }
    const policy = acceptKeyPolicy(
      services,
      caller,
      key,
      input.Policy,
      input.BypassPolicyLockoutSafetyCheck === true,
    );
    return {
      output: undefined,
      change: updateKeyChange(services.table, key, { ...key, policy }),
      audit: keyChanged(key),
    };
  },
});
