/**
 * Key material that is open, as native keys, up to a number of them. An entry answers only for the
 * stored key material that it was opened from, byte for byte: a row that was moved to another key or
 * account finds nothing here and has to open by itself, which it cannot.
 *
 * Eviction is by second chance: an entry that was used since it was last looked at stays for another
 * round. So a use costs one flag and not a move in a list.
 */
import type { KeyObject } from 'node:crypto';
import type { SealedKeyMaterial } from '../interface.ts';
import type { EncryptionAlgorithm } from '../key-spec.ts';

export interface OpenedMaterial {
  readonly key: KeyObject;
  readonly algorithm: EncryptionAlgorithm;
}

interface Entry extends OpenedMaterial {
  readonly material: SealedKeyMaterial;
  used: boolean;
}

export class OpenedMaterials {
  readonly #max: number;
  /** By Region, because replicas of a multi-Region key share the id of their key material. */
  readonly #byRegion = new Map<string, Map<string, Entry>>();
  /** In the order in which they come up for eviction. */
  readonly #queue = new Set<Entry>();
  #forgotten = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#queue.size;
  }

  /** Grows with each `forget`: what began to open before it must not be kept after it. */
  get forgotten(): number {
    return this.#forgotten;
  }

  find(material: SealedKeyMaterial): OpenedMaterial | undefined {
    const entry = this.#byRegion.get(material.region)?.get(material.materialId);
    if (entry === undefined || !isSame(entry.material, material)) return undefined;
    entry.used = true;
    return entry;
  }

  keep(material: SealedKeyMaterial, { key, algorithm }: OpenedMaterial): void {
    let region = this.#byRegion.get(material.region);
    if (region === undefined) {
      region = new Map();
      this.#byRegion.set(material.region, region);
    }
    const before = region.get(material.materialId);
    if (before !== undefined) this.#queue.delete(before);
    else if (this.#queue.size >= this.#max) this.#evictOne();
    const entry: Entry = { key, algorithm, material, used: false };
    region.set(material.materialId, entry);
    this.#queue.add(entry);
  }

  forget(materialId: string): void {
    this.#forgotten += 1;
    for (const region of this.#byRegion.values()) {
      const entry = region.get(materialId);
      if (entry !== undefined) this.#remove(entry);
    }
  }

  /** Ends: a round clears every flag. */
  #evictOne(): void {
    for (const entry of this.#queue) {
      if (!entry.used) {
        this.#remove(entry);
        return;
      }
      entry.used = false;
      this.#queue.delete(entry);
      this.#queue.add(entry);
    }
  }

  #remove(entry: Entry): void {
    this.#queue.delete(entry);
    const { region, materialId } = entry.material;
    const entries = this.#byRegion.get(region);
    if (entries?.get(materialId) === entry) entries.delete(materialId);
  }
}

/** Usually the very same object, as `keys/` holds it. */
const isSame = (a: SealedKeyMaterial, b: SealedKeyMaterial): boolean =>
  a === b ||
  (a.accountId === b.accountId &&
    a.keyId === b.keyId &&
    a.keySpec === b.keySpec &&
    a.domainKeyVersion === b.domainKeyVersion &&
    Buffer.compare(a.sealed, b.sealed) === 0);
