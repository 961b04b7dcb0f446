import { timingSafeEqual } from 'node:crypto';

/** Compares two byte strings in time that depends on their lengths alone. */
export const equalConstantTime = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);
