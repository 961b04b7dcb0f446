import { kmsOperation } from '../operation.ts';
import { checkLimit, cutPage, openPage } from '../pagination.ts';

export const listKeys = kmsOperation('ListKeys', {
  readOnly: true,
  validate: (input) => checkLimit(input.Limit, 1000),
  needs: () => ({ account: { on: 'account', action: 'kms:ListKeys' } }),
  handle(input, _targets, { caller, services: { markers, table } }) {
    const owners = [...new Set(input.ResourceOwners ?? ['SELF'])].sort();
    const listed = owners.join();
    const { limit, after } = openPage(markers, 'ListKeys', caller, listed, input, 100);
    // Nothing is shared through AWS RAM here, so the keys of other accounts are an empty list.
    const keys = owners.includes('SELF')
      ? table.keysAfter(caller.principal.accountId, caller.region, after, limit + 1)
      : [];
    const { items, page } = cutPage(markers, 'ListKeys', caller, listed, keys, limit, (key) => key.keyId);
    return { output: { Keys: items.map((key) => ({ KeyId: key.keyId, KeyArn: key.arn })), ...page } };
  },
});
