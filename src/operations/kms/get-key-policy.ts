import { Refusal } from '../../base/refusal.ts';
import { kmsOperation } from '../operation.ts';
import { ownKey } from './key-edit.ts';

export const getKeyPolicy = kmsOperation('GetKeyPolicy', {
  readOnly: true,
  needs: (input) => ({
    key: ownKey('kms:GetKeyPolicy', input.KeyId, 'read', { policyName: input.PolicyName ?? 'default' }),
  }),
  handle(input, { key }) {
    const name = input.PolicyName ?? 'default';
    // The other name the service knows, AWS_RAM, exists only for keys that are shared through RAM.
    if (name !== 'default') throw new Refusal('NotFoundException', 'No such policy exists');
    return { output: { Policy: key.policy.text, PolicyName: name } };
  },
});
