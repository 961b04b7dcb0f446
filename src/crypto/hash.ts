/** SHA-256 (FIPS 180-4), one shot. Not for secrets: a digest passes through a text, which nobody can wipe. */
import { hash } from 'node:crypto';

// A digest handed over as a Buffer of its own costs more than computing it.
export const sha256 = (data: Uint8Array | string): Buffer =>
  Buffer.from(hash('sha256', data, 'binary'), 'latin1');
export const sha256Hex = (data: Uint8Array | string): string => hash('sha256', data, 'hex');
