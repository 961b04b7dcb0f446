/** SHA-256 (FIPS 180-4), one shot. */
import { hash } from 'node:crypto';

export const sha256 = (data: Uint8Array | string): Buffer => hash('sha256', data, 'buffer');
export const sha256Hex = (data: Uint8Array | string): string => hash('sha256', data, 'hex');
