/**
 * Key derivation in counter mode with HMAC-SHA-256 (NIST SP 800-108 Rev. 1, section 4.1): a 32-bit
 * counter before the fixed input, which is `label || 0x00 || context || length in bits (32-bit)`.
 */
import { createHmac, type KeyObject } from 'node:crypto';

const blockBytes = 32;
const derivedBytesMax = 1024;

/** `bytes` of key from `key` and the given fixed input, in a buffer of their own that the caller wipes. */
export function kdfCounter(key: KeyObject, fixedInput: Uint8Array, bytes: number): Buffer {
  if (!(bytes >= 1 && bytes <= derivedBytesMax)) throw new RangeError(`cannot derive ${bytes} bytes`);
  const out = Buffer.allocUnsafeSlow(bytes);
  const counter = Buffer.alloc(4);
  for (let i = 1, at = 0; at < bytes; i += 1, at += blockBytes) {
    counter.writeUInt32BE(i);
    const block = createHmac('sha256', key).update(counter).update(fixedInput).digest();
    block.copy(out, at);
    block.fill(0);
  }
  return out;
}

/** `label || 0x00 || context || bits`. The label is ASCII and holds no zero byte, so the parts cannot run into each other. */
export function fixedInput(label: string, context: Uint8Array, bits: number): Buffer {
  if (!/^[ -~]{1,64}$/.test(label)) throw new RangeError('a label is 1 to 64 printable ASCII characters');
  const out = Buffer.alloc(label.length + 1 + context.length + 4);
  out.write(label, 0, 'latin1');
  out.set(context, label.length + 1);
  out.writeUInt32BE(bits, out.length - 4);
  return out;
}

/**
 * Derives 256-bit keys for one label and contexts of one length: `kdfCounter` with all but the context
 * laid out beforehand, because it runs for each message. The caller wipes what it returns.
 */
export function kdfCounter256(
  label: string,
  contextBytes: number,
): (key: KeyObject, context: Uint8Array) => Buffer {
  const input = Buffer.concat([
    Buffer.from([0, 0, 0, 1]),
    fixedInput(label, Buffer.alloc(contextBytes), 256),
  ]);
  const contextAt = 4 + label.length + 1;
  return (key, context) => {
    if (context.length !== contextBytes) throw new RangeError(`the context must have ${contextBytes} bytes`);
    input.set(context, contextAt);
    return createHmac('sha256', key).update(input).digest();
  };
}
