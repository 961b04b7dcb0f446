import { Refusal } from '../../base/refusal.ts';
import { createAliasChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { aliasQuotaExceeded, checkAliasName, checkAliasTarget } from './aliases.ts';
import { keyChanged, ownKey } from './key-edit.ts';

export const createAlias = kmsOperation('CreateAlias', {
  readOnly: false,
  validate(input) {
    checkAliasName(input.AliasName);
    checkAliasTarget(input.TargetKeyId);
  },
  needs: (input) => ({
    alias: { on: 'alias', action: 'kms:CreateAlias', aliasName: input.AliasName },
    key: ownKey('kms:CreateAlias', input.TargetKeyId, 'alias-create'),
  }),
  handle(_input, { alias, key }, { caller, services: { table, clock, quotas } }) {
    if (alias.alias !== undefined) {
      throw new Refusal('AlreadyExistsException', `An alias with the name ${alias.arn} already exists`);
    }
    const max = quotas.aliasesPerKey;
    if (table.aliasesOfKey(key).size >= max) throw aliasQuotaExceeded(max);
    const nowMs = clock.nowMs();
    const made = {
      accountId: caller.principal.accountId,
      region: caller.region,
      name: alias.name,
      arn: alias.arn,
      version: 1,
      targetKeyId: key.keyId,
      createdMs: nowMs,
      updatedMs: nowMs,
    };
    return {
      output: undefined,
      change: createAliasChange(table, made, key, max, aliasQuotaExceeded(max)),
      audit: keyChanged(key),
    };
  },
});
