/**
 * Keys in software. Key material rests sealed under its Region's domain key and is open only as native
 * keys, from its first use until it is forgotten or makes room for another.
 */
import type { KeyObject } from 'node:crypto';
import { lengthPrefixed } from '../../base/length-prefixed.ts';
import { fixedInput, kdfCounter } from '../../crypto/kdf-counter.ts';
import { randomBytes } from '../../crypto/random.ts';
import { SaltedAesGcm, saltedOverheadBytes } from '../../crypto/salted-aes-gcm.ts';
import { openBox, sealBox } from '../../crypto/sealed-box.ts';
import { exposeKeyBytes, takeSecretKey } from '../../crypto/secret-key.ts';
import {
  DecryptionFailed,
  type DomainKeyRing,
  type KeyMaterialBinding,
  type KeyStore,
  type SealedKeyMaterial,
} from '../interface.ts';
import { type EncryptionAlgorithm, type KeySpecRow, keySpec } from '../key-spec.ts';
import { type OpenedMaterial, OpenedMaterials } from './opened-materials.ts';

/** The stored form does not open: it was changed, moved from another key, account or Region, or damaged. */
export class KeyMaterialBroken extends Error {
  constructor({ keyId, materialId }: KeyMaterialBinding) {
    super(`key material ${materialId} of key ${keyId} does not open: it was changed, moved or damaged`);
    this.name = 'KeyMaterialBroken';
  }
}

const openedMaxDefault = 16_384;

export class SoftwareKeyStore implements KeyStore {
  readonly #domainKeys: DomainKeyRing;
  readonly #opened: OpenedMaterials;
  readonly #messages = new SaltedAesGcm('holdfast ciphertext blob');

  constructor(domainKeys: DomainKeyRing, openedMax = openedMaxDefault) {
    this.#domainKeys = domainKeys;
    this.#opened = new OpenedMaterials(openedMax);
  }

  async generate(key: Omit<KeyMaterialBinding, 'materialId'>): Promise<SealedKeyMaterial> {
    const { material } = rowOf(key.keySpec);
    const domainKey = await this.#domainKeys.current(key.region);
    return sealMaterial(key, randomBytes(material.bytes), domainKey);
  }

  async adopt(
    key: Omit<KeyMaterialBinding, 'materialId'>,
    plaintext: Uint8Array,
  ): Promise<SealedKeyMaterial> {
    try {
      const { name, material } = rowOf(key.keySpec);
      if (plaintext.length !== material.bytes) {
        throw new RangeError(`key material of ${name} has ${material.bytes} bytes, not ${plaintext.length}`);
      }
      const domainKey = await this.#domainKeys.current(key.region);
      return sealMaterial(key, plaintext, domainKey);
    } finally {
      plaintext.fill(0);
    }
  }

  async reseal(material: SealedKeyMaterial): Promise<SealedKeyMaterial> {
    const bytes = await this.#unseal(material);
    try {
      const { version, key } = await this.#domainKeys.current(material.region);
      return { ...material, domainKeyVersion: version, sealed: sealBox(key, bytes, boundTo(material)) };
    } finally {
      bytes.fill(0);
    }
  }

  encrypt(
    material: SealedKeyMaterial,
    header: Uint8Array,
    plaintext: Uint8Array,
    context: Uint8Array,
  ): Uint8Array | Promise<Uint8Array> {
    const opened = this.#opened.find(material);
    if (opened !== undefined) return this.#encrypt(opened, header, plaintext, context);
    return this.#open(material).then((now) => this.#encrypt(now, header, plaintext, context));
  }

  decrypt(
    material: SealedKeyMaterial,
    headerBytes: number,
    blob: Uint8Array,
    context: Uint8Array,
  ): Buffer | Promise<Buffer> {
    const opened = this.#opened.find(material);
    if (opened !== undefined) return this.#decrypt(opened, headerBytes, blob, context);
    return this.#open(material).then((now) => this.#decrypt(now, headerBytes, blob, context));
  }

  forget(materialId: string): void {
    this.#opened.forget(materialId);
  }

  #encrypt(
    { key, algorithm }: OpenedMaterial,
    header: Uint8Array,
    plaintext: Uint8Array,
    context: Uint8Array,
  ): Buffer {
    if (plaintext.length > algorithm.plaintextBytesMax) {
      throw new RangeError(`${algorithm.name} encrypts at most ${algorithm.plaintextBytesMax} bytes`);
    }
    return this.#messages.seal(key, header, plaintext, context);
  }

  #decrypt(
    { key, algorithm }: OpenedMaterial,
    headerBytes: number,
    blob: Uint8Array,
    context: Uint8Array,
  ): Buffer {
    const plaintextBytes = blob.length - headerBytes - saltedOverheadBytes;
    const plaintext =
      plaintextBytes > algorithm.plaintextBytesMax
        ? undefined
        : this.#messages.open(key, headerBytes, blob, context);
    if (plaintext === undefined) throw new DecryptionFailed();
    return plaintext;
  }

  async #open(material: SealedKeyMaterial): Promise<OpenedMaterial> {
    const algorithm = encryptionAlgorithmOf(rowOf(material.keySpec));
    const { forgotten } = this.#opened;
    const bytes = await this.#unseal(material);
    const opened = { key: takeSecretKey(bytes), algorithm };
    // Forgotten meanwhile, perhaps for good: serve the request that came before, but keep nothing.
    if (this.#opened.forgotten === forgotten) this.#opened.keep(material, opened);
    return opened;
  }

  async #unseal(material: SealedKeyMaterial): Promise<Buffer> {
    const key = await this.#domainKeys.get(material.region, material.domainKeyVersion);
    const bytes = openBox(key, material.sealed, boundTo(material));
    if (bytes === undefined) throw new KeyMaterialBroken(material);
    return bytes;
  }
}

/** Wipes `bytes`. */
function sealMaterial(
  { accountId, region, keyId, keySpec }: Omit<KeyMaterialBinding, 'materialId'>,
  bytes: Uint8Array,
  domainKey: { readonly version: number; readonly key: KeyObject },
): SealedKeyMaterial {
  const key = takeSecretKey(bytes);
  const binding = { accountId, region, keyId, keySpec, materialId: keyMaterialId(keyId, key) };
  const sealed = exposeKeyBytes(key, (exposed) => sealBox(domainKey.key, exposed, boundTo(binding)));
  return { ...binding, domainKeyVersion: domainKey.version, sealed };
}

/**
 * The same for the same key id and key material, as the service has it, so that replicas in several
 * Regions agree. It is derived from the key material as a key, so it tells nothing about it.
 */
const keyMaterialId = (keyId: string, key: KeyObject): string =>
  kdfCounter(key, fixedInput('holdfast key material id', Buffer.from(keyId), 256), 32).toString('hex');

const boundTo = ({ accountId, region, keyId, keySpec, materialId }: KeyMaterialBinding): Buffer =>
  lengthPrefixed('holdfast key material', accountId, region, keyId, keySpec, materialId);

function rowOf(name: string): KeySpecRow {
  const row = keySpec(name);
  if (row === undefined) throw new RangeError(`key spec ${name} is not supported`);
  return row;
}

function encryptionAlgorithmOf(row: KeySpecRow): EncryptionAlgorithm {
  const algorithm = row.encryptionAlgorithms[0];
  if (algorithm === undefined) throw new RangeError(`keys of ${row.name} do not encrypt`);
  return algorithm;
}
