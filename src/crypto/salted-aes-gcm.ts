/**
 * Encryption of any number of messages under one key: each has a key of its own, derived by
 * SP 800-108 from the long-lived key and a fresh 128-bit salt, and is encrypted with AES-256-GCM under
 * a random 96-bit IV. SP 800-38D section 8.3 allows 2^32 random IVs under one key; here that bound holds
 * for each salt instead of for the key, so it is out of reach.
 *
 *     header || salt (16) || iv (12) || ciphertext || tag (16)
 *
 * The additional data are `header || context`. A header has to tell its own length, or have but one, so
 * that no byte can move between it and the context.
 */
import type { KeyObject } from 'node:crypto';
import { aes256GcmDecrypt, aes256GcmEncrypt, gcmIvBytes, gcmTagBytes } from './aes-gcm.ts';
import { kdfCounter256 } from './kdf-counter.ts';
import { fillRandom } from './random.ts';

const saltBytes = 16;

/** What a message grows by, its header aside. */
export const saltedOverheadBytes = saltBytes + gcmIvBytes + gcmTagBytes;

export class SaltedAesGcm {
  readonly #messageKey: (key: KeyObject, salt: Uint8Array) => Buffer;

  /** The label separates uses of one key: what was sealed under one label does not open under another. */
  constructor(label: string) {
    this.#messageKey = kdfCounter256(label, saltBytes);
  }

  seal(key: KeyObject, header: Uint8Array, plaintext: Uint8Array, context: Uint8Array): Buffer {
    const saltAt = header.length;
    const ivAt = saltAt + saltBytes;
    const ciphertextAt = ivAt + gcmIvBytes;
    const out = Buffer.allocUnsafe(header.length + saltedOverheadBytes + plaintext.length);
    out.set(header, 0);
    fillRandom(out, saltAt, ciphertextAt);
    const messageKey = this.#messageKey(key, out.subarray(saltAt, ivAt));
    try {
      aes256GcmEncrypt(
        messageKey,
        out.subarray(ivAt, ciphertextAt),
        plaintext,
        joined(header, context),
        out,
        ciphertextAt,
      );
    } finally {
      messageKey.fill(0);
    }
    return out;
  }

  /** The plaintext in a buffer of its own, or undefined. `sealed` begins with `headerBytes` of header. */
  open(key: KeyObject, headerBytes: number, sealed: Uint8Array, context: Uint8Array): Buffer | undefined {
    if (sealed.length < headerBytes + saltedOverheadBytes) return undefined;
    const ivAt = headerBytes + saltBytes;
    const ciphertextAt = ivAt + gcmIvBytes;
    const messageKey = this.#messageKey(key, sealed.subarray(headerBytes, ivAt));
    try {
      return aes256GcmDecrypt(
        messageKey,
        sealed.subarray(ivAt, ciphertextAt),
        sealed.subarray(ciphertextAt),
        joined(sealed.subarray(0, headerBytes), context),
      );
    } finally {
      messageKey.fill(0);
    }
  }
}

function joined(header: Uint8Array, context: Uint8Array): Uint8Array {
  if (context.length === 0) return header;
  const out = Buffer.allocUnsafe(header.length + context.length);
  out.set(header, 0);
  out.set(context, header.length);
  return out;
}
