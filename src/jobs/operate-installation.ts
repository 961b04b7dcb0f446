/** The installation as the operator API sees it, over the parts that the running server is made of. */
import type { AuditLog } from '../audit/audit-log.ts';
import { SettableClock } from '../base/clock.ts';
import type { FaultPlan } from '../base/fault-plan.ts';
import { type DomainKeys, installationLine } from '../keys/domain-keys.ts';
import type { InstallationFacts } from '../keys/installation-row.ts';
import type { PurposeKeys } from '../keys/purpose-keys.ts';
import type { Installation } from '../operations/holdfast/installation.ts';
import type { Services } from '../operations/operation.ts';
import type { Seal } from '../seal/interface.ts';
import { staleKeyCount } from './reseal-key-material.ts';

export interface OperatedParts extends Pick<Services, 'clock' | 'table'> {
  readonly facts: InstallationFacts;
  readonly version: string;
  readonly startedMs: number;
  readonly seal: Seal;
  readonly domainKeys: DomainKeys;
  readonly purposeKeys: PurposeKeys;
  readonly log: AuditLog;
  readonly logPublicKey: string;
  /** Given when the server was started with the option that allows it. */
  readonly faults: FaultPlan | undefined;
  /** Runs every job once, now. */
  runJobs(): Promise<void>;
}

export function operateInstallation(parts: OperatedParts): Installation {
  const { clock, table, facts, seal, domainKeys, purposeKeys, log, faults } = parts;
  return {
    describe: () => ({
      InstallationId: facts.installationId,
      Version: parts.version,
      StartTime: parts.startedMs,
      CurrentTime: clock.nowMs(),
      SealKind: seal.kind,
      RootKeyId: seal.rootKeyId,
      DomainKeys: domainKeys
        .regions()
        .map((region) => ({ Region: region, Version: domainKeys.currentVersion(region) })),
      KeyCount: table.size,
      StaleKeyMaterialCount: staleKeyCount(table, (region) => domainKeys.currentVersion(region)),
      LogSize: log.size,
      LogPublicKey: parts.logPublicKey,
    }),
    rotateRootKey: () => domainKeys.rotateRoot(),
    async rotateDomainKey(region) {
      if (domainKeys.currentVersion(region) === 0) return undefined;
      const version =
        region === installationLine ? await purposeKeys.rotate() : await domainKeys.rotate(region);
      // What it seals follows in the background; `describe` tells how much key material is left.
      void parts.runJobs();
      return { version };
    },
    ...(clock instanceof SettableClock
      ? {
          async setClock(timeMs: number) {
            clock.setMs(timeMs);
            await parts.runJobs();
          },
        }
      : {}),
    ...(faults === undefined ? {} : { injectFault: (fault: string) => faults.add(fault) }),
  };
}
