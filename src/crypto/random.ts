/** The one door to randomness: the operating system's generator, through OpenSSL's DRBG. */
import { randomBytes as nodeRandomBytes, randomFillSync } from 'node:crypto';

const poolBytes = 8192;
const pooledBytesMax = 64;
const pool = Buffer.allocUnsafeSlow(poolBytes);
let used = poolBytes;

/** `length` fresh random bytes in a buffer of their own. */
export function randomBytes(length: number): Buffer {
  if (length > pooledBytesMax) return nodeRandomBytes(length);
  const out = Buffer.allocUnsafeSlow(length);
  fillRandom(out, 0, length);
  return out;
}

/**
 * Fills `out` from `start` up to, not including, `end` with fresh random bytes. Few bytes are cut from a
 * pool that is filled 8 KiB at a time, because one call to the generator costs more than they do; what is
 * handed out is wiped from the pool at once, so no byte is ever handed out twice or left behind.
 */
export function fillRandom(out: Buffer, start: number, end: number): void {
  const length = end - start;
  if (!(start >= 0 && length >= 0 && end <= out.length)) throw new RangeError('not a part of the buffer');
  if (length > pooledBytesMax) {
    randomFillSync(out, start, length);
    return;
  }
  if (used + length > poolBytes) {
    randomFillSync(pool);
    used = 0;
  }
  pool.copy(out, start, used, used + length);
  pool.fill(0, used, used + length);
  used += length;
}

const uuidBytes = Buffer.alloc(16);
const uuidText = Buffer.from('xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx');
const hexDigits = Buffer.from('0123456789abcdef');

/**
 * A random UUID (RFC 9562, version 4), in lower case. `crypto.randomUUID` would return a text in twenty
 * pieces, which each of its readers (the audit record above all) pays for.
 */
export function uuid(): string {
  fillRandom(uuidBytes, 0, 16);
  uuidBytes[6] = ((uuidBytes[6] ?? 0) & 0x0f) | 0x40;
  uuidBytes[8] = ((uuidBytes[8] ?? 0) & 0x3f) | 0x80;
  for (let i = 0, at = 0; i < 16; i += 1, at += 2) {
    const byte = uuidBytes[i] ?? 0;
    if (uuidText[at] === dash) at += 1;
    uuidText[at] = hexDigits[byte >> 4] ?? 0;
    uuidText[at + 1] = hexDigits[byte & 0x0f] ?? 0;
  }
  return uuidText.toString('latin1');
}

const dash = 0x2d;
