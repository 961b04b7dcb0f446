/** A key hierarchy over a real seal file. Committed rows are kept as storage would, in memory. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SettableClock } from '../../src/base/clock.ts';
import { uuid } from '../../src/crypto/random.ts';
import { DomainKeys } from '../../src/keys/domain-keys.ts';
import type { KeyMaterialBinding, SealedKeyMaterial } from '../../src/keystore/interface.ts';
import { SoftwareKeyStore } from '../../src/keystore/software/key-store.ts';
import { createFileSeal, openFileSeal } from '../../src/seal/file/seal.ts';
import type { Seal } from '../../src/seal/interface.ts';
import type { DomainKeyRow, Write } from '../../src/storage/interface.ts';

/** What outlives a restart: the seal file and the rows. */
export class Disk {
  readonly sealPath = join(mkdtempSync(join(tmpdir(), 'holdfast-keys-')), 'root');
  readonly rows = new Map<string, DomainKeyRow>();
  commits = 0;
  /** Throws to refuse the commit of that number. */
  refuse: (commit: number, writes: readonly Write[]) => void = () => undefined;

  readonly commit = async (writes: readonly Write[]): Promise<void> => {
    this.commits += 1;
    this.refuse(this.commits, writes);
    await new Promise(setImmediate);
    for (const write of writes) this.#apply(write);
  };

  #apply(write: Write): void {
    if (write.do === 'deleteDomainKey') this.rows.delete(`${write.region}/${write.version}`);
    else if (write.do === 'insertDomainKey' || write.do === 'updateDomainKey') {
      const name = `${write.row.region}/${write.row.version}`;
      if (this.rows.has(name) === (write.do === 'insertDomainKey')) throw new Error(`${write.do} ${name}`);
      this.rows.set(name, write.row);
    } else throw new Error(`unexpected ${write.do}`);
  }
}

export interface Hierarchy {
  readonly disk: Disk;
  readonly seal: Seal;
  readonly domainKeys: DomainKeys;
  readonly keyStore: SoftwareKeyStore;
}

/** Starts on `disk`, as a server would after whatever happened to the one before it. */
export async function start(disk = new Disk(), openedMax?: number): Promise<Hierarchy> {
  const seal = disk.rows.size === 0 ? await createFileSeal(disk.sealPath) : await openFileSeal(disk.sealPath);
  const domainKeys = new DomainKeys(seal, [...disk.rows.values()], new SettableClock(), disk.commit);
  return { disk, seal, domainKeys, keyStore: new SoftwareKeyStore(domainKeys, openedMax) };
}

export const newKey = (
  changes: Partial<KeyMaterialBinding> = {},
): Omit<KeyMaterialBinding, 'materialId'> => ({
  accountId: '111122223333',
  region: 'us-east-1',
  keyId: uuid(),
  keySpec: 'SYMMETRIC_DEFAULT',
  ...changes,
});

/** As it would come back from storage: equal, and not the same object. */
export const reread = (material: SealedKeyMaterial): SealedKeyMaterial => ({
  ...material,
  sealed: Buffer.from(material.sealed),
});

export const none = Buffer.alloc(0);
