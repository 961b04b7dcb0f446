/**
 * Several fields as one byte string that can be read in one way only: each after its length (32-bit,
 * big-endian). For additional data, where `a || bc` and `ab || c` must differ.
 */
export function lengthPrefixed(...fields: readonly string[]): Buffer {
  const lengths = fields.map((field) => Buffer.byteLength(field));
  const out = Buffer.alloc(lengths.reduce((sum, length) => sum + 4 + length, 0));
  let at = 0;
  for (const [i, field] of fields.entries()) {
    at = out.writeUInt32BE(lengths[i] ?? 0, at);
    at += out.write(field, at);
  }
  return out;
}
