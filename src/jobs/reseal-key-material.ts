import type { Recorder } from '../audit/recorder.ts';
import type { Key } from '../keys/key.ts';
import { withMaterials } from '../keys/key-row.ts';
import type { KeyTable } from '../keys/key-table.ts';
import { updateKeyChange } from '../keys/state-change.ts';
import type { DomainKeyRing } from '../keystore/interface.ts';
import type { Services } from '../operations/operation.ts';
import { dueKeys } from './due-keys.ts';

/**
 * Moves key material that is sealed under an older domain key under the Region's current one. The key
 * material itself stays the same, so ciphertexts and key material ids do too; the rotation of the domain
 * key that caused it is the recorded event. Safe to run again: what is left is what is still older.
 */
export async function resealKeyMaterial(
  { table, keyStore }: Services,
  recorder: Recorder,
  domainKeys: DomainKeyRing,
): Promise<number> {
  const current = new Map<string, number>();
  for (const region of new Set([...table.allKeys()].map((key) => key.region))) {
    current.set(region, (await domainKeys.current(region)).version);
  }
  return dueKeys(
    table,
    (key) => isStale(key, current.get(key.region)),
    async (key) => {
      const changed = await Promise.all(
        key.materials.map(async (material) => ({ ...material, ...(await keyStore.reseal(material)) })),
      );
      await recorder.commit(updateKeyChange(table, key, withMaterials(key, changed), { changed }), []);
    },
  );
}

/** How many keys have key material that is still sealed under an older domain key. */
export const staleKeyCount = (table: KeyTable, currentVersion: (region: string) => number): number => {
  let count = 0;
  for (const key of table.allKeys()) if (isStale(key, currentVersion(key.region))) count += 1;
  return count;
};

/** Whether any key material of the key is sealed under another domain key than the current one. */
const isStale = (key: Key, currentVersion: number | undefined): boolean =>
  currentVersion !== undefined &&
  key.materials.some(({ domainKeyVersion }) => domainKeyVersion !== currentVersion);
