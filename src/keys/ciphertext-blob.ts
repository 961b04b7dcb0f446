/**
 * The header of a ciphertext blob: which key and which key material made what follows. It is not secret
 * and is authenticated. `docs/formats/ciphertext-blob.md` describes the whole blob.
 *
 *     "HF" || format version (1) || form of the key id (1) || key id (16) || key material id (32)
 */
import { saltedOverheadBytes } from '../crypto/salted-aes-gcm.ts';

const magic = 0x4846;
const formatVersion = 1;
const keyIdAt = 4;
const materialIdAt = 20;

export const blobHeaderBytes = 52;
/** The model's bound on CiphertextBlob. */
export const blobBytesMax = 6144;

/** A key id is 16 bytes in one of two spellings (KMS Developer Guide, "Key identifiers"). */
const uuidForm = 0;
const multiRegionForm = 1;

export interface ParsedBlob {
  readonly keyId: string;
  /** 64 lower-case hexadecimal digits. */
  readonly materialId: string;
  readonly headerBytes: number;
}

/** The same for each message under one key material: make it once and keep it. */
export function encodeBlobHeader(keyId: string, materialId: string): Buffer {
  const multiRegion = /^mrk-[0-9a-f]{32}$/.test(keyId);
  if (!multiRegion && !/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(keyId)) {
    throw new RangeError(`\`${keyId}\` is no key id`);
  }
  if (!/^[0-9a-f]{64}$/.test(materialId)) throw new RangeError(`\`${materialId}\` is no key material id`);
  const header = Buffer.alloc(blobHeaderBytes);
  header.writeUInt16BE(magic);
  header[2] = formatVersion;
  header[3] = multiRegion ? multiRegionForm : uuidForm;
  header.write(multiRegion ? keyId.slice(4) : keyId.replaceAll('-', ''), keyIdAt, 'hex');
  header.write(materialId, materialIdAt, 'hex');
  return header;
}

/** What the blob says of itself, which is nothing to trust before it opens. Undefined when it is none of ours. */
export function parseBlob(blob: Uint8Array): ParsedBlob | undefined {
  if (blob.length < blobHeaderBytes + saltedOverheadBytes || blob.length > blobBytesMax) return undefined;
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes.readUInt16BE() !== magic || bytes[2] !== formatVersion) return undefined;
  const keyId = keyIdOf(bytes.toString('hex', keyIdAt, materialIdAt), bytes[3]);
  if (keyId === undefined) return undefined;
  return {
    keyId,
    materialId: bytes.toString('hex', materialIdAt, blobHeaderBytes),
    headerBytes: blobHeaderBytes,
  };
}

function keyIdOf(hex: string, form: number | undefined): string | undefined {
  if (form === multiRegionForm) return `mrk-${hex}`;
  if (form !== uuidForm) return undefined;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
