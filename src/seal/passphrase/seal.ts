/**
 * A seal that only a passphrase opens. Argon2id makes a key-encryption key from it, and that seals the
 * random root keys in a file; the passphrase itself is not kept. Argon2id's associated data is the magic.
 *
 *     "HFSEALP1" || memory KiB (4) || passes (4) || parallelism (1) || salt (16)
 *       || version (1) || iv (12) || sealed root list || tag (16) || SHA-256 of all before (32)
 *
 * All before the version is authenticated with the sealed list. The checksum tells damage from a wrong
 * passphrase; it protects nothing else.
 */
import type { KeyObject } from 'node:crypto';
import type { Faults } from '../../base/durable-file.ts';
import { type Argon2idParameters, argon2id } from '../../crypto/argon2id.ts';
import { randomBytes } from '../../crypto/random.ts';
import { openBox, sealBox } from '../../crypto/sealed-box.ts';
import { takeSecretKey } from '../../crypto/secret-key.ts';
import { SealBroken } from '../interface.ts';
import { decodeRootList, type RootKey } from '../root-keys.ts';
import {
  createSealFile,
  type EncodeSealFile,
  notASealFile,
  openSealFile,
  StoredSeal,
} from '../stored-seal.ts';

const magic = Buffer.from('HFSEALP1', 'latin1');
const saltBytes = 16;
const saltAt = magic.length + 9;
const headerBytes = saltAt + saltBytes;

export const passphraseBytesMin = 12;
export const passphraseBytesMax = 1024;

/** The second recommended option of RFC 9106, section 4: 64 MiB. */
export const argon2idDefault: Argon2idParameters = { memoryKiB: 65_536, passes: 3, parallelism: 4 };

/**
 * What a file may ask for. Less than the least would give weak keys without anybody noticing (it is the
 * least that OWASP's password storage cheat sheet recommends: 19 MiB and two passes, or as much work);
 * more than the most (the first option of RFC 9106 is 2 GiB, once) would let a changed file use up the
 * machine before its tag is checked.
 */
const bounds = {
  memoryKiB: { min: 19_456, max: 2_097_152 },
  passes: { min: 1, max: 64 },
  parallelism: { min: 1, max: 16 },
  passesTimesMemoryKiB: { min: 38_912, max: 4_194_304 },
} as const;

export class PassphraseSeal extends StoredSeal {
  constructor(
    path: string,
    encode: EncodeSealFile,
    roots: readonly RootKey[],
    checksum: Buffer,
    faults: Faults | undefined,
  ) {
    super('passphrase', path, encode, roots, checksum, faults);
  }

  /**
   * The same root keys under a new passphrase; the old one opens the file no more. Copies of the old
   * file still open with the old passphrase: rotate the root key if it may be known.
   */
  async changePassphrase(passphrase: Uint8Array, parameters = argon2idDefault): Promise<void> {
    checkNewPassphrase(passphrase);
    await this.reencode(await newEncoding(passphrase, parameters));
  }
}

/** The passphrase is taken byte for byte; the caller wipes it. Rejects with `SealBroken` when the file exists. */
export async function createPassphraseSeal(
  path: string,
  passphrase: Uint8Array,
  parameters = argon2idDefault,
  faults?: Faults,
): Promise<PassphraseSeal> {
  checkNewPassphrase(passphrase);
  const encode = await newEncoding(passphrase, parameters);
  const { roots, checksum } = await createSealFile(path, encode, faults);
  return new PassphraseSeal(path, encode, roots, checksum, faults);
}

/** Rejects with `SealBroken`, which tells a wrong passphrase from a damaged file. The caller wipes `passphrase`. */
export async function openPassphraseSeal(
  path: string,
  passphrase: Uint8Array,
  faults?: Faults,
): Promise<PassphraseSeal> {
  const { payload, checksum } = await openSealFile(path);
  const header = payload.subarray(0, headerBytes);
  if (header.length !== headerBytes || !header.subarray(0, magic.length).equals(magic))
    throw notASealFile(path);
  const parameters = {
    memoryKiB: header.readUInt32BE(magic.length),
    passes: header.readUInt32BE(magic.length + 4),
    parallelism: header.readUInt8(magic.length + 8),
  };
  if (!withinBounds(parameters)) {
    throw new SealBroken(`${path} asks for Argon2id parameters out of bounds: ${JSON.stringify(parameters)}`);
  }
  const wrongPassphrase = new SealBroken(`the passphrase does not open ${path}`);
  if (passphrase.length === 0 || passphrase.length > passphraseBytesMax) throw wrongPassphrase;
  const keyEncryptionKey = await deriveKey(passphrase, header.subarray(saltAt), parameters);
  const list = openBox(keyEncryptionKey, payload.subarray(headerBytes), header);
  if (list === undefined) throw wrongPassphrase;
  const roots = decodeRootList(list);
  if (roots === undefined) throw notASealFile(path);
  return new PassphraseSeal(path, encoding(header, keyEncryptionKey), roots, checksum, faults);
}

function checkNewPassphrase(passphrase: Uint8Array): void {
  if (passphrase.length < passphraseBytesMin || passphrase.length > passphraseBytesMax) {
    throw new SealBroken(`a passphrase has ${passphraseBytesMin} to ${passphraseBytesMax} bytes`);
  }
}

const withinBounds = ({ memoryKiB, passes, parallelism }: Argon2idParameters): boolean =>
  isWithin(memoryKiB, bounds.memoryKiB) &&
  isWithin(passes, bounds.passes) &&
  isWithin(parallelism, bounds.parallelism) &&
  isWithin(passes * memoryKiB, bounds.passesTimesMemoryKiB);

const isWithin = (value: number, { min, max }: { readonly min: number; readonly max: number }): boolean =>
  Number.isInteger(value) && value >= min && value <= max;

/** A fresh salt for each passphrase that is set. */
async function newEncoding(passphrase: Uint8Array, parameters: Argon2idParameters): Promise<EncodeSealFile> {
  if (!withinBounds(parameters)) throw new SealBroken('the Argon2id parameters are out of bounds');
  const header = Buffer.alloc(headerBytes);
  header.set(magic, 0);
  header.writeUInt32BE(parameters.memoryKiB, magic.length);
  header.writeUInt32BE(parameters.passes, magic.length + 4);
  header.writeUInt8(parameters.parallelism, magic.length + 8);
  header.set(randomBytes(saltBytes), saltAt);
  return encoding(header, await deriveKey(passphrase, header.subarray(saltAt), parameters));
}

const encoding = (header: Buffer, keyEncryptionKey: KeyObject): EncodeSealFile => {
  const kept = Buffer.from(header);
  return (rootList) => Buffer.concat([kept, sealBox(keyEncryptionKey, rootList, kept)]);
};

const deriveKey = async (
  passphrase: Uint8Array,
  salt: Uint8Array,
  parameters: Argon2idParameters,
): Promise<KeyObject> =>
  takeSecretKey(await argon2id(passphrase, salt, parameters, 32, { associatedData: magic }));
