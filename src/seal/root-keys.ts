/**
 * The root keys of a seal that keeps them itself: held as native keys, current first, and written out
 * only to be stored. How the stored list is protected is the provider's affair.
 */
import type { KeyObject } from 'node:crypto';
import { lengthPrefixed } from '../base/length-prefixed.ts';
import { randomBytes, uuid } from '../crypto/random.ts';
import { openBox, sealBox } from '../crypto/sealed-box.ts';
import { exposeKeyBytes, takeSecretKey } from '../crypto/secret-key.ts';
import { SealBroken } from './interface.ts';

const idBytes = 16;
const keyBytes = 32;
const entryBytes = idBytes + keyBytes;

/** Rotations that were begun and never finished pile up to this and no further. */
export const rootKeysMax = 16;
export const rootListBytesMax = 1 + rootKeysMax * entryBytes;

export interface RootKey {
  /** A UUID. */
  readonly id: string;
  readonly key: KeyObject;
}

export const newRootKey = (): RootKey => ({ id: uuid(), key: takeSecretKey(randomBytes(keyBytes)) });

/** `count (1) || (id (16) || key (32))*` in a buffer that the caller wipes. */
export function encodeRootList(roots: readonly RootKey[]): Buffer {
  const out = Buffer.allocUnsafeSlow(1 + roots.length * entryBytes);
  out[0] = roots.length;
  for (const [i, { id, key }] of roots.entries()) {
    const at = 1 + i * entryBytes;
    out.set(Buffer.from(id.replaceAll('-', ''), 'hex'), at);
    exposeKeyBytes(key, (bytes) => out.set(bytes, at + idBytes));
  }
  return out;
}

/** Wipes `list`. Undefined when it is not one. */
export function decodeRootList(list: Buffer): RootKey[] | undefined {
  try {
    const count = list[0] ?? 0;
    if (count < 1 || count > rootKeysMax || list.length !== 1 + count * entryBytes) return undefined;
    return Array.from({ length: count }, (_, i) => {
      const at = 1 + i * entryBytes;
      const id = list
        .toString('hex', at, at + idBytes)
        .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
      return { id, key: takeSecretKey(list.subarray(at + idBytes, at + entryBytes)) };
    });
  } finally {
    list.fill(0);
  }
}

export const sealUnderRoot = (root: RootKey, purpose: string, plaintext: Uint8Array): Buffer =>
  sealBox(root.key, plaintext, boundTo(root.id, purpose));

export function openUnderRoot(root: RootKey, purpose: string, sealed: Uint8Array): Buffer {
  const plaintext = openBox(root.key, sealed, boundTo(root.id, purpose));
  if (plaintext === undefined) {
    throw new SealBroken(
      `what is stored for \`${purpose}\` does not open under root key ${root.id}: it was changed, moved or damaged`,
    );
  }
  return plaintext;
}

const boundTo = (rootKeyId: string, purpose: string): Buffer =>
  lengthPrefixed('holdfast sealed under root', rootKeyId, purpose);
