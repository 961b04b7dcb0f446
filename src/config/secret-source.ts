/** Where a secret is read from: a file, or a descriptor that the starting process left open. Never an argument. */
import { readInto } from '../base/durable-file.ts';

export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'descriptor'; readonly descriptor: number };

export const secretBytesMax = 65_536;

/** A number is a descriptor, anything else a path (`./3` for a file of that name). */
export function parseSecretSource(text: string): SecretSource {
  return /^\d{1,4}$/.test(text)
    ? { kind: 'descriptor', descriptor: Number(text) }
    : { kind: 'file', path: text };
}

/**
 * The bytes of the secret without one line ending at their end, in a buffer of its own, which the caller
 * wipes. Throws when there are none or more than `secretBytesMax`. A descriptor can be read once.
 */
export function readSecretSource(source: SecretSource): Buffer {
  // One byte more than may be, to see whether there is more; with room for a line ending.
  const bytes = Buffer.allocUnsafeSlow(secretBytesMax + 3);
  try {
    const read = readInto(source.kind === 'file' ? source.path : source.descriptor, bytes);
    let end = read;
    if (end > 0 && bytes[end - 1] === 0x0a) end -= 1;
    if (end > 0 && end < read && bytes[end - 1] === 0x0d) end -= 1;
    if (end === 0) throw new Error('it is empty');
    if (end > secretBytesMax) throw new Error(`it has more than ${secretBytesMax} bytes`);
    const secret = Buffer.allocUnsafeSlow(end);
    bytes.copy(secret, 0, 0, end);
    return secret;
  } finally {
    bytes.fill(0);
  }
}
