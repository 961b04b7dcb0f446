import { aliasArn } from '../../base/arn.ts';
import { deleteAliasChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { aliasNotFound, checkAliasName } from './aliases.ts';
import { keyChanged, ownKey } from './key-edit.ts';

export const deleteAlias = kmsOperation('DeleteAlias', {
  readOnly: false,
  validate: (input) => checkAliasName(input.AliasName),
  needs: (input, caller, { table }) => {
    const { accountId } = caller.principal;
    const alias = table.alias(accountId, caller.region, input.AliasName);
    if (alias === undefined) throw aliasNotFound(aliasArn(caller.region, accountId, input.AliasName));
    return {
      alias: { on: 'alias', action: 'kms:DeleteAlias', aliasName: input.AliasName },
      key: ownKey('kms:DeleteAlias', alias.targetKeyId, 'read'),
    };
  },
  handle(_input, { alias, key }, { services: { table } }) {
    if (alias.alias === undefined) throw aliasNotFound(alias.arn);
    return { output: undefined, change: deleteAliasChange(table, alias.alias), audit: keyChanged(key) };
  },
});
