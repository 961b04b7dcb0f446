/** Argon2id (RFC 9106), version 0x13: a key from a passphrase, made slow and large on purpose. */
import { argon2 } from 'node:crypto';
import { promisify } from 'node:util';

export interface Argon2idParameters {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** The standard's other inputs, K and X. */
export interface Argon2idInputs {
  readonly secret?: Uint8Array;
  readonly associatedData?: Uint8Array;
}

const derive = promisify(argon2);

/** `bytes` of key in a buffer that the caller wipes. Runs off the main thread. */
export const argon2id = (
  passphrase: Uint8Array,
  salt: Uint8Array,
  { memoryKiB, passes, parallelism }: Argon2idParameters,
  bytes: number,
  inputs: Argon2idInputs = {},
): Promise<Buffer> =>
  derive('argon2id', {
    message: passphrase,
    nonce: salt,
    memory: memoryKiB,
    passes,
    parallelism,
    tagLength: bytes,
    ...inputs,
  });
