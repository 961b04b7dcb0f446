import { createAwsManagedKey } from '../../keys/aws-managed.ts';
import { resolveKey } from '../../keys/resolve-key.ts';
import { kmsOperation } from '../operation.ts';
import { checkGrantTokens } from './cryptographic.ts';
import { keyMetadata } from './key-metadata.ts';

export const describeKey = kmsOperation('DescribeKey', {
  readOnly: true,
  needs: (input) => ({
    key: {
      on: 'key',
      action: 'kms:DescribeKey',
      keyId: input.KeyId,
      aliases: true,
      crossAccount: true,
      state: 'read',
    },
  }),
  /** Describing a predefined alias of the caller's own account makes its AWS managed key. */
  before(input, caller, { table, keyStore, policies, clock }) {
    const scope = { accountId: caller.principal.accountId, region: caller.region };
    const resolved = resolveKey(table, scope, input.KeyId, true);
    if (resolved.found || resolved.requestAlias === undefined || resolved.accountId !== scope.accountId)
      return undefined;
    return createAwsManagedKey(table, keyStore, policies, scope, resolved.requestAlias, clock.nowMs());
  },
  handle(input, { key }) {
    checkGrantTokens(input.GrantTokens);
    return { output: { KeyMetadata: keyMetadata(key) } };
  },
});
