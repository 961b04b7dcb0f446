/**
 * Keys as native objects. A `KeyObject` keeps exactly one copy of its bytes, outside the JavaScript
 * heap: it does not print or serialise itself, and its memory is cleansed when it is collected.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';

/** Moves a key into a native object: `bytes` are zero afterwards, also when this throws. */
export function takeSecretKey(bytes: Uint8Array): KeyObject {
  try {
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}

/**
 * Lends the bytes of a key to `use`, for sealing it under another, and wipes them when `use` is done.
 * `use` must not keep them.
 */
export function exposeKeyBytes<T>(key: KeyObject, use: (bytes: Buffer) => T): T {
  const bytes = key.export();
  try {
    return use(bytes);
  } finally {
    bytes.fill(0);
  }
}
