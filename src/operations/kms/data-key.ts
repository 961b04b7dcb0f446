/** The two operations that make a data key differ only in whether the caller also gets it in the clear. */
import { Refusal } from '../../base/refusal.ts';
import { whenReady } from '../../base/when-ready.ts';
import { randomBytes } from '../../crypto/random.ts';
import type { Key } from '../../keys/key.ts';
import type { KmsInput } from '../../model/kms.ts';
import type { Services } from '../operation.ts';
import { checkDryRun, checkGrantTokens, encryptionKey, encryptWith } from './cryptographic.ts';

type DataKeyInput = KmsInput<'GenerateDataKeyWithoutPlaintext'>;

interface DataKey {
  readonly plaintext: Buffer;
  readonly ciphertext: Uint8Array;
}

const bytesOfSpec = { AES_128: 16, AES_256: 32 } as const;

export const dataKeyNeed = (input: DataKeyInput, action: string) =>
  encryptionKey(
    action,
    { keyId: input.KeyId },
    {
      encryptionContext: input.EncryptionContext,
      encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      dataKeySpec: input.KeySpec,
    },
  );

/** Exactly one of `KeySpec` and `NumberOfBytes` says how long the data key is. The service looks for the key before it asks. */
export function checkDataKeyLength(input: DataKeyInput): void {
  if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined)) {
    throw new Refusal('ValidationException', 'Please specify either number of bytes or key spec.');
  }
}

/** A fresh data key and its ciphertext. The caller wipes `plaintext` unless it is the answer. */
export function generateDataKey(
  input: DataKeyInput,
  key: Key,
  services: Services,
): DataKey | Promise<DataKey> {
  checkGrantTokens(input.GrantTokens);
  checkDryRun(input.DryRun);
  const plaintext = randomBytes(
    input.KeySpec === undefined ? (input.NumberOfBytes ?? 0) : bytesOfSpec[input.KeySpec],
  );
  const sealed = encryptWith(services.keyStore, key, plaintext, input.EncryptionContext);
  return whenReady(sealed, (ciphertext) => ({ plaintext, ciphertext }));
}
