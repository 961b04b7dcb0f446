/** Moves the installation's own secrets under its newest domain key, and lets older ones go. */
import { resealLogSigner } from '../audit/log-signer.ts';
import type { Recorder } from '../audit/recorder.ts';
import type { Clock } from '../base/clock.ts';
import { resealAccessKey } from '../keys/access-key-rows.ts';
import { type DomainKeys, installationLine } from '../keys/domain-keys.ts';
import type { InstallationFacts } from '../keys/installation-row.ts';
import type { PurposeKeys } from '../keys/purpose-keys.ts';
import type { AccessKeyRow, MetaRow, Write } from '../storage/interface.ts';
import { serviceEvent } from './service-event.ts';

/** The rows as they are stored; this job is the only one that changes them while the server runs. */
export interface StoredSecrets {
  accessKeys: readonly AccessKeyRow[];
  logSigningKey: MetaRow;
}

/**
 * Seals access key secrets and the log signing key anew, all in one change, and then deletes the domain
 * keys that sealed them. Pagination markers made before open no more: a listing begins again. Safe to run
 * again at any time: what is left to do is what is still older. Returns how many secrets were moved.
 */
export async function resealInstallationSecrets(
  secrets: StoredSecrets,
  facts: InstallationFacts,
  domainKeys: DomainKeys,
  purposeKeys: PurposeKeys,
  recorder: Recorder,
  clock: Clock,
): Promise<number> {
  const current = domainKeys.currentVersion(installationLine);
  const older = domainKeys.versions(installationLine).filter((version) => version < current);
  if (older.length === 0) return 0;
  const staleKeys = secrets.accessKeys.filter(({ sealedSecret }) => !purposeKeys.isCurrent(sealedSecret));
  const moved = new Map(staleKeys.map((row) => [row.accessKeyId, resealAccessKey(purposeKeys, row)]));
  const writes = [...moved.values()].map((row): Write => ({ do: 'updateAccessKey', row }));
  let { logSigningKey } = secrets;
  if (!purposeKeys.isCurrent(logSigningKey.value)) {
    logSigningKey = resealLogSigner(purposeKeys, facts.installationId, logSigningKey);
    writes.push({ do: 'putMeta', row: logSigningKey });
  }
  if (writes.length > 0) {
    const event = serviceEvent({
      eventSource: 'holdfast',
      eventName: 'ResealInstallationSecrets',
      accountId: facts.operatorAccountId,
      region: '',
      timeMs: clock.nowMs(),
      keys: [],
      details: { domainKeyVersion: current, secrets: writes.length },
    });
    const apply = (): void => {
      secrets.accessKeys = secrets.accessKeys.map((row) => moved.get(row.accessKeyId) ?? row);
      secrets.logSigningKey = logSigningKey;
    };
    await recorder.commit({ writes, apply }, [event]);
  }
  for (const version of older) await domainKeys.retire(installationLine, version);
  // What the versions that are gone had sealed does not open any more.
  await purposeKeys.refresh();
  return writes.length;
}
