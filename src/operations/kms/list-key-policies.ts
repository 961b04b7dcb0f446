import { kmsOperation } from '../operation.ts';
import { checkLimit, openPage } from '../pagination.ts';
import { ownKey } from './key-edit.ts';

/** A key has one policy and it is called `default`, so every listing is one page. */
export const listKeyPolicies = kmsOperation('ListKeyPolicies', {
  readOnly: true,
  validate: (input) => checkLimit(input.Limit, 1000),
  needs: (input) => ({ key: ownKey('kms:ListKeyPolicies', input.KeyId, 'read') }),
  handle(input, { key }, { caller, services: { markers } }) {
    openPage(markers, 'ListKeyPolicies', caller, key.keyId, input, 100);
    return { output: { PolicyNames: ['default'], Truncated: false } };
  },
});
