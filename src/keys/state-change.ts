/**
 * A change of keys or aliases: what to write durably, and how memory follows once it is. Handlers
 * and jobs return one; whoever commits it (`audit/recorder.ts`) applies it after the transaction.
 */
import type { Refusal } from '../base/refusal.ts';
import type { Write } from '../storage/interface.ts';
import type { Alias, Key, KeyMaterial } from './key.ts';
import { aliasToRow, keyMaterialToRow, keyToRow } from './key-row.ts';
import type { KeyTable } from './key-table.ts';

export interface StateChange {
  readonly writes: readonly Write[];
  /** Brings memory up to what was committed. */
  apply(): void;
  /** The refusal when the write of that index fails; any other failed precondition means: read again and retry. */
  readonly refusals?: ReadonlyMap<number, Refusal>;
}

/** A new key with its first key material, and aliases that are made with it. No quota is asked. */
export function insertKeyChange(table: KeyTable, key: Key, aliases: readonly Alias[] = []): StateChange {
  return {
    writes: [
      { do: 'insertKey', row: keyToRow(key) },
      ...key.materials.map(
        (material): Write => ({ do: 'insertKeyMaterial', row: keyMaterialToRow(material) }),
      ),
      ...aliases.map((alias): Write => ({ do: 'insertAlias', row: aliasToRow(alias) })),
    ],
    apply: () => {
      table.putKey(key);
      for (const alias of aliases) table.putAlias(alias);
    },
  };
}

/** A new customer key, counted against the quota `max` of its account in its Region. */
export function createKeyChange(table: KeyTable, key: Key, max: number, quotaExceeded: Refusal): StateChange {
  const { accountId, region } = key;
  const inserted = insertKeyChange(table, key);
  return {
    ...inserted,
    writes: [{ do: 'requireKeysBelow', accountId, region, max }, ...inserted.writes],
    refusals: new Map([[0, quotaExceeded]]),
  };
}

/** `next` replaces `key`; its version is set here. New or changed key materials are written with it. */
export function updateKeyChange(
  table: KeyTable,
  key: Key,
  next: Key,
  materials: { readonly added?: readonly KeyMaterial[]; readonly changed?: readonly KeyMaterial[] } = {},
): StateChange {
  const stored: Key = { ...next, version: key.version + 1 };
  return {
    writes: [
      { do: 'updateKey', row: keyToRow(stored) },
      ...(materials.changed ?? []).map(
        (material): Write => ({ do: 'updateKeyMaterial', row: keyMaterialToRow(material) }),
      ),
      ...(materials.added ?? []).map(
        (material): Write => ({ do: 'insertKeyMaterial', row: keyMaterialToRow(material) }),
      ),
    ],
    apply: () => table.putKey(stored),
  };
}

/** The key, its key materials and its aliases go together. */
export function deleteKeyChange(table: KeyTable, key: Key): StateChange {
  const { accountId, region, keyId, version } = key;
  return {
    writes: [{ do: 'deleteKey', accountId, region, keyId, version }],
    apply: () => table.deleteKey(key),
  };
}

/** A new alias; its target may have at most `max` in all. The key is touched so that it cannot be deleted meanwhile. */
export function createAliasChange(
  table: KeyTable,
  alias: Alias,
  target: Key,
  max: number,
  quotaExceeded: Refusal,
): StateChange {
  const { accountId, region, targetKeyId: keyId } = alias;
  const touched = updateKeyChange(table, target, target);
  return {
    writes: [
      { do: 'requireAliasesBelow', accountId, region, keyId, max },
      ...touched.writes,
      { do: 'insertAlias', row: aliasToRow(alias) },
    ],
    apply: () => {
      touched.apply();
      table.putAlias(alias);
    },
    refusals: new Map([[0, quotaExceeded]]),
  };
}

export function updateAliasChange(
  table: KeyTable,
  alias: Alias,
  next: Alias,
  target: Key,
  max: number,
  quotaExceeded: Refusal,
): StateChange {
  const stored: Alias = { ...next, version: alias.version + 1 };
  const { accountId, region, targetKeyId: keyId } = stored;
  const moves = alias.targetKeyId !== keyId;
  const counted = moves ? [{ do: 'requireAliasesBelow', accountId, region, keyId, max } as const] : [];
  const touched = updateKeyChange(table, target, target);
  return {
    writes: [...counted, ...touched.writes, { do: 'updateAlias', row: aliasToRow(stored) }],
    apply: () => {
      touched.apply();
      table.putAlias(stored);
    },
    ...(moves ? { refusals: new Map([[0, quotaExceeded]]) } : {}),
  };
}

export function deleteAliasChange(table: KeyTable, alias: Alias): StateChange {
  const { accountId, region, name, version } = alias;
  return {
    writes: [{ do: 'deleteAlias', accountId, region, aliasName: name, version }],
    apply: () => table.deleteAlias(alias),
  };
}
