/**
 * From what a request sends as a key identifier to the key it names: key id, key ARN, alias name
 * or alias ARN. Says nothing about access: a missing key of another account is reported as missing
 * here and refused like a forbidden one in `authz/`, so that it cannot be told apart.
 */
import { aliasArn, isAccountId, keyArn, parseArn } from '../base/arn.ts';
import { Refusal } from '../base/refusal.ts';
import type { Key } from './key.ts';
import type { KeyTable } from './key-table.ts';

export interface CallScope {
  readonly accountId: string;
  readonly region: string;
}

export type ResolvedKey =
  | {
      readonly found: true;
      readonly key: Key;
      readonly accountId: string;
      readonly arn: string;
      readonly requestAlias?: string;
    }
  | {
      readonly found: false;
      readonly accountId: string;
      readonly arn: string;
      readonly requestAlias?: string;
    };

/** In either case, as the service sees it; the ids that it makes are in lower case, and no other finds them. */
const isKeyId = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text) ||
  /^mrk-[0-9a-f]{32}$/i.test(text);

/** `aliases`: whether the operation takes alias names and ARNs; most take key ids and key ARNs only. */
export function resolveKey(
  table: KeyTable,
  scope: CallScope,
  reference: string,
  aliases: boolean,
): ResolvedKey {
  // A bare id is by far the most common form, so it is looked up before it is looked at.
  const known = table.key(scope.region, reference);
  if (known !== undefined && known.accountId === scope.accountId) {
    return { found: true, key: known, accountId: known.accountId, arn: known.arn };
  }
  if (!aliases && (reference.startsWith('alias/') || reference.includes(':alias/'))) {
    throw new Refusal('InvalidArnException', 'Key Aliases are not supported for this operation.');
  }
  if (reference.startsWith('arn:')) return resolveArn(table, scope, reference);
  if (reference.startsWith('alias/')) return resolveAlias(table, scope, reference);
  if (!isKeyId(reference)) throw new Refusal('NotFoundException', `Invalid keyId '${reference}'`);
  return { found: false, accountId: scope.accountId, arn: keyArn(scope.region, scope.accountId, reference) };
}

function resolveArn(table: KeyTable, scope: CallScope, reference: string): ResolvedKey {
  const arn = parseArn(reference);
  if (arn === undefined || arn.service !== 'kms' || !isAccountId(arn.accountId)) {
    throw new Refusal('InvalidArnException', `Invalid arn ${reference}`);
  }
  if (arn.region !== scope.region) throw new Refusal('NotFoundException', `Invalid arn ${arn.region}`);
  if (arn.resource.startsWith('alias/')) {
    return resolveAlias(table, { accountId: arn.accountId, region: arn.region }, arn.resource);
  }
  const keyId = arn.resource.startsWith('key/') ? arn.resource.slice('key/'.length) : '';
  if (!isKeyId(keyId)) throw new Refusal('NotFoundException', `Invalid keyId ${keyId}`);
  const key = table.key(arn.region, keyId);
  if (key === undefined || key.accountId !== arn.accountId)
    return { found: false, accountId: arn.accountId, arn: reference };
  return { found: true, key, accountId: key.accountId, arn: key.arn };
}

function resolveAlias(table: KeyTable, scope: CallScope, name: string): ResolvedKey {
  const alias = table.alias(scope.accountId, scope.region, name);
  const key = alias === undefined ? undefined : table.key(scope.region, alias.targetKeyId);
  if (key === undefined) {
    return {
      found: false,
      accountId: scope.accountId,
      arn: aliasArn(scope.region, scope.accountId, name),
      requestAlias: name,
    };
  }
  return { found: true, key, accountId: key.accountId, arn: key.arn, requestAlias: name };
}
