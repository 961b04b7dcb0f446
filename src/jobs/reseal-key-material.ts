/** Moves key material under the newest domain key of its Region, and lets older domain keys go. */
import type { Recorder } from '../audit/recorder.ts';
import type { DomainKeys } from '../keys/domain-keys.ts';
import { installationLine } from '../keys/domain-keys.ts';
import type { Key } from '../keys/key.ts';
import { withMaterials } from '../keys/key-row.ts';
import type { KeyTable } from '../keys/key-table.ts';
import { updateKeyChange } from '../keys/state-change.ts';
import type { Services } from '../operations/operation.ts';
import { PreconditionFailed } from '../storage/interface.ts';
import { dueKeys } from './due-keys.ts';
import { serviceEvent } from './service-event.ts';

/**
 * Seals key material anew that is under an older domain key; it stays the same, so ciphertexts and key
 * material ids do too. A domain key that seals nothing any more is deleted. Safe to run again at any time:
 * what is left to do is what is still older. Returns how many keys were moved.
 */
export async function resealKeyMaterial(
  { table, keyStore, clock }: Pick<Services, 'table' | 'keyStore' | 'clock'>,
  recorder: Recorder,
  domainKeys: DomainKeys,
): Promise<number> {
  const lines = domainKeys
    .regions()
    .filter((region) => region !== installationLine && domainKeys.versions(region).length > 1);
  if (lines.length === 0) return 0;
  const isStale = (key: Key): boolean => isUnderOlder(key, domainKeys.currentVersion(key.region));
  const moving = dueKeys(table, isStale, async (key) => {
    const changed = await Promise.all(
      key.materials.map(async (material) => ({ ...material, ...(await keyStore.reseal(material)) })),
    );
    const event = serviceEvent({
      eventSource: 'holdfast',
      eventName: 'ResealKeyMaterial',
      accountId: key.accountId,
      region: key.region,
      timeMs: clock.nowMs(),
      keys: [key],
      details: { keyId: key.keyId, domainKeyVersion: domainKeys.currentVersion(key.region) },
    });
    await recorder.commit(updateKeyChange(table, key, withMaterials(key, changed), { changed }), [event]);
  });
  // A Region whose key material all went through can let its older domain keys go, whatever happened in another.
  await moving.catch(() => undefined);
  for (const region of lines) await retireUnused(table, domainKeys, region);
  return moving;
}

async function retireUnused(table: KeyTable, domainKeys: DomainKeys, region: string): Promise<void> {
  const current = domainKeys.currentVersion(region);
  if (staleKeyCount(table, (each) => (each === region ? current : 0)) > 0) return;
  try {
    for (const version of domainKeys.versions(region))
      if (version < current) await domainKeys.retire(region, version);
  } catch (error) {
    // A key is being stored under it at this moment: the database refuses the deletion, and the next run comes back.
    if (!(error instanceof PreconditionFailed)) throw error;
  }
}

/** How many keys have key material under an older domain key. A current version of 0 leaves the Region out. */
export function staleKeyCount(table: KeyTable, currentVersion: (region: string) => number): number {
  let count = 0;
  for (const key of table.allKeys()) if (isUnderOlder(key, currentVersion(key.region))) count += 1;
  return count;
}

const isUnderOlder = (key: Key, currentVersion: number): boolean =>
  currentVersion > 0 && key.materials.some(({ domainKeyVersion }) => domainKeyVersion !== currentVersion);
