/**
 * The encryption context as bytes to authenticate: equal contexts give equal bytes whatever their order,
 * and different ones never do.
 *
 *     (length of the name (2) || name || length of the value (2) || value)*
 *
 * Names and values are UTF-8, pairs in the order of their names' bytes. No context and an empty one are
 * the same, and give no bytes.
 */
import type { Refusal } from '../base/refusal.ts';
import { modelViolation } from '../base/validation.ts';

/** Of all names and values together, in UTF-8. Not in the API model; the service's documented bound. */
export const encryptionContextBytesMax = 8192;

const none = Buffer.alloc(0);

/** Refuses with `ValidationException` what is too long or is not Unicode text. */
export function encodeEncryptionContext(context: ReadonlyMap<string, string> | undefined): Uint8Array {
  if (context === undefined || context.size === 0) return none;
  let bytes = 0;
  for (const [name, value] of context) {
    // Half a surrogate pair would become U+FFFD, and two different contexts the same bytes.
    if (!name.isWellFormed() || !value.isWellFormed())
      throw violation('Member must be well-formed Unicode text');
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (bytes > encryptionContextBytesMax) {
      throw violation(`Member must have length less than or equal to ${encryptionContextBytesMax}`);
    }
  }
  const out = Buffer.allocUnsafe(bytes + 4 * context.size);
  let at = 0;
  for (const [name, value] of inNameOrder(context)) {
    at = writeText(out, value, writeText(out, name, at));
  }
  return out;
}

function inNameOrder(context: ReadonlyMap<string, string>): Iterable<readonly [string, string]> {
  if (context.size === 1) return context;
  return [...context].sort(([a], [b]) => compareUtf8(a, b));
}

/**
 * The order of the UTF-8 bytes, which is the order of the code points. UTF-16 code units have the same,
 * but for surrogates (U+10000 and above), which come before U+E000 to U+FFFF.
 */
function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (isSurrogate(x) === isSurrogate(y)) return x - y;
    return isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

function writeText(out: Buffer, text: string, at: number): number {
  const written = out.write(text, at + 2);
  out.writeUInt16BE(written, at);
  return at + 2 + written;
}

const violation = (constraint: string): Refusal => modelViolation(undefined, 'encryptionContext', constraint);
