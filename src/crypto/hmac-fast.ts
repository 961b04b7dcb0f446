/**
 * HMAC-SHA-256 (FIPS 198-1) of many messages of one fixed length under one key, as two one-shot
 * hashes over prepared buffers: a quarter of what a `createHmac` object costs. For keys that live
 * as long as a cache entry; a key used once belongs in `hmac.ts`.
 */
import { hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;

export class FixedLengthHmac {
  /** The message: write it here, then ask for its digest. Whatever is not overwritten stays. */
  readonly message: Buffer;
  /** (key XOR ipad) || message, and (key XOR opad) || inner digest. */
  readonly #inner: Buffer;
  readonly #outer: Buffer;
  #wiped = false;

  /** Copies the key (at most one block of 64 bytes); the caller still owns, and wipes, the original. */
  constructor(key: Uint8Array, messageBytes: number) {
    if (key.length > blockBytes) throw new RangeError(`an HMAC key of ${key.length} bytes exceeds one block`);
    // Slow buffers have memory of their own, so that wiping it wipes the only copy.
    this.#inner = Buffer.allocUnsafeSlow(blockBytes + messageBytes).fill(0);
    this.#outer = Buffer.allocUnsafeSlow(blockBytes + digestBytes).fill(0);
    for (let i = 0; i < blockBytes; i++) {
      const byte = key[i] ?? 0;
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    }
    this.message = this.#inner.subarray(blockBytes);
  }

  /** Writes the 32-byte digest of `message` to the start of `out`. */
  digestInto(out: Buffer): void {
    // Without its key this would make digests that anyone can make.
    if (this.#wiped) throw new Error('an HMAC was used after its key was wiped');
    // As texts, because a digest handed over as a Buffer costs more than computing it.
    this.#outer.write(hash('sha256', this.#inner, 'binary'), blockBytes, 'latin1');
    out.write(hash('sha256', this.#outer, 'binary'), 'latin1');
  }

  /** Forgets the key, for good. */
  wipe(): void {
    this.#wiped = true;
    this.#inner.fill(0);
    this.#outer.fill(0);
  }
}
