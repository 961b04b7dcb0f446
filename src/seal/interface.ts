/**
 * A seal holds the root key: the one secret that is never stored by this server in the clear of the
 * data it protects. It seals and opens domain keys; nothing else ever touches the root.
 * Providers: `file/` (development: the root lies beside the data), `passphrase/` (Argon2id).
 */
export interface Seal {
  readonly kind: string;
  /** The root key that `seal` uses now. Older ones stay able to `open` until `finishRotation`. */
  readonly rootKeyId: string;
  /** `purpose` is authenticated: what was sealed for one purpose does not open for another. */
  seal(purpose: string, plaintext: Uint8Array): Promise<{ rootKeyId: string; sealed: Uint8Array }>;
  /** The plaintext in a buffer of its own, which the caller wipes. Rejects with `SealBroken` when it does not open. */
  open(purpose: string, rootKeyId: string, sealed: Uint8Array): Promise<Buffer>;
  /** Makes a new root key, durable beside the old, and uses it from now on. */
  beginRotation(): Promise<string>;
  /**
   * Destroys every root key that is older than the one current at the time of the call, once nothing is
   * sealed under them. One that a rotation makes meanwhile is kept beside it.
   */
  finishRotation(): Promise<void>;
  /** Root keys that can still open, current first: more than one means a rotation was interrupted. */
  readonly rootKeyIds: readonly string[];
}

export class SealBroken extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SealBroken';
  }
}
