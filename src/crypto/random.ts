/** The one door to randomness: the operating system's generator, through OpenSSL's DRBG. */
import { randomBytes as nodeRandomBytes, randomFillSync, randomUUID } from 'node:crypto';

const poolBytes = 8192;
const pool = Buffer.allocUnsafeSlow(poolBytes);
let used = poolBytes;

/**
 * `length` fresh random bytes in a buffer of their own. Small requests are cut from a pool that is
 * filled 8 KiB at a time, because one call to the generator costs more than the bytes do; what is
 * handed out is wiped from the pool at once, so no byte is ever handed out twice or left behind.
 */
export function randomBytes(length: number): Buffer {
  if (length > 64) return nodeRandomBytes(length);
  if (used + length > poolBytes) {
    randomFillSync(pool);
    used = 0;
  }
  const out = Buffer.allocUnsafeSlow(length);
  pool.copy(out, 0, used, used + length);
  pool.fill(0, used, used + length);
  used += length;
  return out;
}

/** A random UUID (RFC 9562, version 4), in lower case. */
export const uuid = (): string => randomUUID();
