import { aliasArn } from '../../base/arn.ts';
import { Refusal } from '../../base/refusal.ts';
import { updateAliasChange } from '../../keys/state-change.ts';
import { kmsOperation } from '../operation.ts';
import { aliasNotFound, aliasQuotaExceeded, checkAliasName, checkAliasTarget } from './aliases.ts';
import { keyChanged, ownKey } from './key-edit.ts';

/** Needs permission on the alias, on the key it leaves and on the key it goes to. */
export const updateAlias = kmsOperation('UpdateAlias', {
  readOnly: false,
  validate(input) {
    checkAliasName(input.AliasName);
    checkAliasTarget(input.TargetKeyId);
  },
  needs: (input, caller, { table }) => {
    const { accountId } = caller.principal;
    const alias = table.alias(accountId, caller.region, input.AliasName);
    if (alias === undefined) throw aliasNotFound(aliasArn(caller.region, accountId, input.AliasName));
    return {
      alias: { on: 'alias', action: 'kms:UpdateAlias', aliasName: input.AliasName },
      // The key it leaves may be in any state; the one it goes to may not be pending deletion.
      old: ownKey('kms:UpdateAlias', alias.targetKeyId, 'read'),
      key: ownKey('kms:UpdateAlias', input.TargetKeyId, 'alias-create'),
    };
  },
  handle(_input, { alias, old, key }, { services: { table, clock, quotas } }) {
    if (alias.alias === undefined) throw aliasNotFound(alias.arn);
    if (old.spec !== key.spec || old.usage !== key.usage) {
      throw new Refusal(
        'ValidationException',
        'The current and new KMS keys must be of the same type and have the same key usage.',
      );
    }
    const max = quotas.aliasesPerKey;
    if (old.keyId !== key.keyId && table.aliasesOfKey(key).size >= max) throw aliasQuotaExceeded(max);
    const next = { ...alias.alias, targetKeyId: key.keyId, updatedMs: clock.nowMs() };
    const change = updateAliasChange(table, alias.alias, next, key, max, aliasQuotaExceeded(max));
    return { output: undefined, change, audit: keyChanged(key) };
  },
});
