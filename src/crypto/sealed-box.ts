/**
 * A secret sealed for storage, AES-256-GCM directly under a long-lived key:
 *
 *     version (1) || iv (12) || ciphertext || tag (16)
 *
 * The IV is random. SP 800-38D section 8.3 allows 2^32 of them under one key, which is far beyond the
 * number of keys that a root or domain key ever seals; for messages use `SaltedAesGcm`.
 */
import type { KeyObject } from 'node:crypto';
import { aes256GcmDecrypt, aes256GcmEncrypt, gcmIvBytes, gcmTagBytes } from './aes-gcm.ts';
import { randomBytes } from './random.ts';

const version = 1;
const ciphertextAt = 1 + gcmIvBytes;

export const sealedBoxOverheadBytes = ciphertextAt + gcmTagBytes;

/** `boundTo` is authenticated with the version: the box opens only where the same is said again. */
export function sealBox(key: KeyObject, plaintext: Uint8Array, boundTo: Uint8Array): Buffer {
  const box = Buffer.alloc(plaintext.length + sealedBoxOverheadBytes);
  box[0] = version;
  const iv = randomBytes(gcmIvBytes);
  box.set(iv, 1);
  aes256GcmEncrypt(key, iv, plaintext, additionalData(boundTo), box, ciphertextAt);
  return box;
}

/** The plaintext in a buffer of its own, which the caller wipes; undefined when the box does not open. */
export function openBox(key: KeyObject, box: Uint8Array, boundTo: Uint8Array): Buffer | undefined {
  if (box.length < sealedBoxOverheadBytes || box[0] !== version) return undefined;
  return aes256GcmDecrypt(
    key,
    box.subarray(1, ciphertextAt),
    box.subarray(ciphertextAt),
    additionalData(boundTo),
  );
}

const additionalData = (boundTo: Uint8Array): Buffer => Buffer.concat([Buffer.from([version]), boundTo]);
