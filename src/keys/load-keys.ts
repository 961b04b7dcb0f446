/** Fills the key table from what is stored, once, at start. */
import type { KeyMaterialRow, StoredState } from '../storage/interface.ts';
import type { KeyPolicies } from './key-policy.ts';
import { aliasFromRow, keyFromRow, RowUnreadable } from './key-row.ts';
import type { KeyTable } from './key-table.ts';

export function loadKeys(
  state: Pick<StoredState, 'keys' | 'keyMaterials' | 'aliases'>,
  table: KeyTable,
  policies: KeyPolicies,
): void {
  const materials = new Map<string, KeyMaterialRow[]>();
  for (const row of state.keyMaterials) {
    const name = `${row.accountId} ${row.region} ${row.keyId}`;
    const rows = materials.get(name);
    if (rows === undefined) materials.set(name, [row]);
    else rows.push(row);
  }
  for (const row of state.keys) {
    const { accountId, region, keyId } = row;
    const other = table.key(region, keyId);
    // A ciphertext names its key without the account, so in a Region an id is one key's.
    if (other !== undefined) {
      throw new RowUnreadable(
        `key ${keyId} of account ${accountId}: account ${other.accountId} has one of that id in ${region}, and it`,
      );
    }
    table.putKey(keyFromRow(row, materials.get(`${accountId} ${region} ${keyId}`) ?? [], policies));
  }
  for (const row of state.aliases) table.putAlias(aliasFromRow(row));
}
