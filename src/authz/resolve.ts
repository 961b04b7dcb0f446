/** From the needs an operation declares to the resources they are about. Nothing is decided here. */
import { aliasArn, partition } from '../base/arn.ts';
import { Refusal } from '../base/refusal.ts';
import type { Key } from '../keys/key.ts';
import type { KeyTable } from '../keys/key-table.ts';
import { resolveKey } from '../keys/resolve-key.ts';
import { hiddenDenialMessage } from '../policy/denial-message.ts';
import type { Caller } from './caller.ts';
import type {
  AccountNeed,
  AccountTarget,
  AliasNeed,
  AliasTarget,
  InstallationNeed,
  KeyNeed,
  Need,
} from './need.ts';

interface Resolved<N extends Need, T> {
  readonly need: N;
  /** The ARN that a denial names; `*` for an action on no resource. */
  readonly arn: string;
  readonly accountId: string;
  /** Absent when there is no such resource. */
  readonly target: T | undefined;
}

export interface ResolvedKeyNeed extends Resolved<KeyNeed, Key> {
  readonly on: 'key';
  readonly requestAlias?: string | undefined;
}
export interface ResolvedAliasNeed extends Resolved<AliasNeed, AliasTarget> {
  readonly on: 'alias';
}
export interface ResolvedAccountNeed extends Resolved<AccountNeed | InstallationNeed, AccountTarget> {
  readonly on: 'account';
}
export type ResolvedNeed = ResolvedKeyNeed | ResolvedAliasNeed | ResolvedAccountNeed;

export function resolveNeed(
  need: Need,
  caller: Caller,
  table: KeyTable,
  operatorAccountId: string,
): ResolvedNeed {
  const { accountId } = caller.principal;
  switch (need.on) {
    case 'key':
      return resolveKeyNeed(need, caller, table);
    case 'alias': {
      const arn = aliasArn(caller.region, accountId, need.aliasName);
      const alias = table.alias(accountId, caller.region, need.aliasName);
      return { on: 'alias', need, arn, accountId, target: { name: need.aliasName, arn, alias } };
    }
    case 'account':
      return { on: 'account', need, arn: '*', accountId, target: { accountId } };
    case 'installation': {
      const arn = `arn:${partition}:holdfast:::installation`;
      return {
        on: 'account',
        need,
        arn,
        accountId: operatorAccountId,
        target: { accountId: operatorAccountId },
      };
    }
  }
}

function resolveKeyNeed(need: KeyNeed, caller: Caller, table: KeyTable): ResolvedKeyNeed {
  const { accountId } = caller.principal;
  if (need.keyId !== undefined) {
    const scope = { accountId, region: caller.region };
    const resolved = resolveKey(table, scope, need.keyId, need.aliases);
    if (!resolved.found && isShortIdOfCiphertext(need)) {
      const key = table.key(caller.region, need.keyId);
      // The ARN stays the one that the id has in the caller's account: it is what a denial may name.
      if (key !== undefined)
        return { on: 'key', need, arn: resolved.arn, accountId: key.accountId, target: key };
    }
    return {
      on: 'key',
      need,
      arn: resolved.arn,
      accountId: resolved.accountId,
      target: resolved.found ? resolved.key : undefined,
      requestAlias: resolved.requestAlias,
    };
  }
  const key = need.ciphertextKeyId === undefined ? undefined : table.key(caller.region, need.ciphertextKeyId);
  if (key === undefined) {
    throw new Refusal('AccessDeniedException', hiddenDenialMessage(caller.principal.arn, need.action, true));
  }
  return { on: 'key', need, arn: key.arn, accountId: key.accountId, target: key };
}

/** A short key id that is none of the caller's account, but the one that the ciphertext with it names. */
export const isShortIdOfCiphertext = ({ keyId, ciphertextKeyId }: KeyNeed): boolean =>
  keyId !== undefined && keyId === ciphertextKeyId;
