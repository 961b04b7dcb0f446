/** New long-term access keys, in the service's form: 20 characters beginning AKIA, and a secret of 40. */
import { randomBytes } from '../crypto/random.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const newAccessKeyId = (): string =>
  `AKIA${[...randomBytes(16)].map((byte) => alphabet[byte % alphabet.length]).join('')}`;

/** 240 random bits in base64. The caller wipes the buffer. */
export function newSecretAccessKey(): Buffer {
  const bytes = randomBytes(30);
  try {
    return Buffer.from(bytes.toString('base64'), 'latin1');
  } finally {
    bytes.fill(0);
  }
}
