/** Fills the key table from what is stored, once, at start. */
import type { KeyMaterialRow, StoredState } from '../storage/interface.ts';
import type { KeyPolicies } from './key-policy.ts';
import { aliasFromRow, keyFromRow } from './key-row.ts';
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
    table.putKey(
      keyFromRow(row, materials.get(`${row.accountId} ${row.region} ${row.keyId}`) ?? [], policies),
    );
  }
  for (const row of state.aliases) table.putAlias(aliasFromRow(row));
}
