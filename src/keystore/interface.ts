/**
 * Where key material lives and is used. `software/` keeps it sealed under a domain key; HSMs and
 * external stores come later behind the same interface. Plaintext key material never crosses it.
 */
import type { KeyObject } from 'node:crypto';

/** Which key material this is. All of it is authenticated with the sealed bytes: a row moved elsewhere does not open. */
export interface KeyMaterialBinding {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
  readonly keySpec: string;
  readonly materialId: string;
}

export interface SealedKeyMaterial extends KeyMaterialBinding {
  readonly domainKeyVersion: number;
  readonly sealed: Uint8Array;
}

/** Domain keys by Region, unsealed by `keys/`; a key store only uses them. */
export interface DomainKeyRing {
  /** The newest domain key of the Region, made on first use. */
  current(region: string): Promise<{ readonly version: number; readonly key: KeyObject }>;
  get(region: string, version: number): Promise<KeyObject>;
}

export interface KeyStore {
  /** Fresh key material for a key, sealed under the Region's current domain key. */
  generate(key: Omit<KeyMaterialBinding, 'materialId'>): Promise<SealedKeyMaterial>;
  /** The given key material (development seeding, import) sealed likewise. `plaintext` is wiped. */
  adopt(key: Omit<KeyMaterialBinding, 'materialId'>, plaintext: Uint8Array): Promise<SealedKeyMaterial>;
  /** The same key material under the Region's current domain key. */
  reseal(material: SealedKeyMaterial): Promise<SealedKeyMaterial>;
  /**
   * `header || salt || iv || ciphertext || tag`. The header and the encoded encryption context are
   * authenticated. Synchronous when the key material is already open, which is what a hot path needs.
   */
  encrypt(
    material: SealedKeyMaterial,
    header: Uint8Array,
    plaintext: Uint8Array,
    context: Uint8Array,
  ): Uint8Array | Promise<Uint8Array>;
  /** The plaintext, or `DecryptionFailed`, which says nothing of the reason. `blob` begins with the header. */
  decrypt(
    material: SealedKeyMaterial,
    headerBytes: number,
    blob: Uint8Array,
    context: Uint8Array,
  ): Buffer | Promise<Buffer>;
  /** Drops the opened form of this key material from memory. */
  forget(materialId: string): void;
}

export class DecryptionFailed extends Error {
  constructor() {
    super('the ciphertext does not open');
    this.name = 'DecryptionFailed';
  }
}
