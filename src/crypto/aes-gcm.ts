/**
 * AES-256-GCM (NIST SP 800-38D) with 96-bit IVs and 128-bit tags, and no other sizes: shorter tags and
 * odd IVs are where GCM fails. Who calls says how its IVs are unique.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

export const gcmIvBytes = 12;
export const gcmTagBytes = 16;

const options = { authTagLength: gcmTagBytes };

/** Writes `ciphertext || tag` into `out` at `at`: `plaintext.length + 16` bytes. */
export function aes256GcmEncrypt(
  key: KeyObject | Uint8Array,
  iv: Uint8Array,
  plaintext: Uint8Array,
  additionalData: Uint8Array,
  out: Buffer,
  at: number,
): void {
  const end = at + plaintext.length + gcmTagBytes;
  if (iv.length !== gcmIvBytes || !(at >= 0 && end <= out.length)) {
    throw new RangeError('AES-GCM takes 12-byte IVs and needs room for the ciphertext and its tag');
  }
  const cipher = createCipheriv('aes-256-gcm', key, iv, options);
  if (additionalData.length > 0) cipher.setAAD(additionalData);
  if (plaintext.length > 0) out.set(cipher.update(plaintext), at);
  cipher.final();
  out.set(cipher.getAuthTag(), end - gcmTagBytes);
}

/**
 * The plaintext in a buffer of its own, or undefined when anything but what was encrypted is given.
 * What was deciphered before the tag failed is wiped.
 */
export function aes256GcmDecrypt(
  key: KeyObject | Uint8Array,
  iv: Uint8Array,
  ciphertextAndTag: Uint8Array,
  additionalData: Uint8Array,
): Buffer | undefined {
  if (iv.length !== gcmIvBytes || ciphertextAndTag.length < gcmTagBytes) return undefined;
  const tagAt = ciphertextAndTag.length - gcmTagBytes;
  const decipher = createDecipheriv('aes-256-gcm', key, iv, options);
  decipher.setAuthTag(ciphertextAndTag.subarray(tagAt));
  if (additionalData.length > 0) decipher.setAAD(additionalData);
  const plaintext = decipher.update(ciphertextAndTag.subarray(0, tagAt));
  try {
    // GCM is a stream: the final block is empty, and this only checks the tag (in constant time).
    decipher.final();
  } catch {
    plaintext.fill(0);
    return undefined;
  }
  return plaintext;
}
