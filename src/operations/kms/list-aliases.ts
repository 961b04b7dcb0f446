import { aliasArn } from '../../base/arn.ts';
import { Refusal } from '../../base/refusal.ts';
import { predefinedAliasNames } from '../../keys/aws-managed.ts';
import type { Alias, Key } from '../../keys/key.ts';
import type { KeyTable } from '../../keys/key-table.ts';
import { type CallScope, resolveKey } from '../../keys/resolve-key.ts';
import { kmsOperation } from '../operation.ts';
import { checkLimit, cutPage, openPage } from '../pagination.ts';

/**
 * The account's aliases in this Region, or those of one key. An AWS alias whose key nobody has asked for
 * yet is listed without a target.
 */
export const listAliases = kmsOperation('ListAliases', {
  readOnly: true,
  validate: (input) => checkLimit(input.Limit, 100),
  needs: () => ({ account: { on: 'account', action: 'kms:ListAliases' } }),
  handle(input, _targets, { caller, services: { markers, table } }) {
    const { accountId } = caller.principal;
    const { region } = caller;
    const key = input.KeyId === undefined ? undefined : listedKey(table, { accountId, region }, input.KeyId);
    const listed = key?.keyId ?? '';
    const { limit, after } = openPage(markers, 'ListAliases', caller, listed, input, 50);
    const aliases =
      key === undefined
        ? withPredefined(table.aliasesAfter(accountId, region, after, limit + 1), after, accountId, region)
        : [...table.aliasesOfKey(key).values()].filter((alias) => alias.name > after).sort(byName);
    const { items, page } = cutPage(
      markers,
      'ListAliases',
      caller,
      listed,
      aliases,
      limit,
      (alias) => alias.name,
    );
    return { output: { Aliases: items.map(entry), ...page } };
  },
});

type Listed = Pick<Alias, 'name' | 'arn'> & Partial<Alias>;

const byName = (a: Listed, b: Listed): number => (a.name < b.name ? -1 : 1);

/** Only the account's own keys can be named. Listing is permitted on the account, so the key's policy has no say. */
function listedKey(table: KeyTable, scope: CallScope, keyId: string): Key {
  const resolved = resolveKey(table, scope, keyId, false);
  if (!resolved.found || resolved.accountId !== scope.accountId) {
    throw new Refusal('NotFoundException', `Key '${resolved.arn}' does not exist`);
  }
  return resolved.key;
}

function withPredefined(
  aliases: readonly Alias[],
  after: string,
  accountId: string,
  region: string,
): Listed[] {
  const named = new Set(aliases.map((alias) => alias.name));
  const missing = predefinedAliasNames
    .filter((name) => name > after && !named.has(name))
    .map((name) => ({ name, arn: aliasArn(region, accountId, name) }));
  return [...aliases, ...missing].sort(byName);
}

const entry = (alias: Listed) => ({
  AliasName: alias.name,
  AliasArn: alias.arn,
  ...(alias.targetKeyId === undefined ? {} : { TargetKeyId: alias.targetKeyId }),
  ...(alias.createdMs === undefined ? {} : { CreationDate: alias.createdMs }),
  ...(alias.updatedMs === undefined ? {} : { LastUpdatedDate: alias.updatedMs }),
});
