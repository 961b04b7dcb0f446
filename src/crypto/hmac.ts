/** HMAC-SHA-256 (FIPS 198-1). */
import { createHmac, type KeyObject } from 'node:crypto';

export const hmacSha256 = (key: KeyObject | Uint8Array, data: Uint8Array | string): Buffer =>
  createHmac('sha256', key).update(data).digest();
