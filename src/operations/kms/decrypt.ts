import { whenReady } from '../../base/when-ready.ts';
import { kmsOperation } from '../operation.ts';
import {
  checkCiphertextParameter,
  checkDryRun,
  checkEncryptionAlgorithm,
  checkGrantTokens,
  decryptWith,
  encryptionKey,
  keyIdOfCiphertext,
  refuseRecipient,
} from './cryptographic.ts';

export const decrypt = kmsOperation('Decrypt', {
  readOnly: true,
  cryptographic: true,
  auditDefaults: { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
  validate: (input) =>
    checkCiphertextParameter(input.CiphertextBlob, input.KeyId, input.DryRun, input.DryRunModifiers, 'KeyId'),
  needs: (input, caller, { table }) => ({
    key: encryptionKey(
      'kms:Decrypt',
      {
        keyId: input.KeyId,
        ciphertextKeyId: keyIdOfCiphertext(input.CiphertextBlob, input.KeyId, caller, table),
      },
      {
        encryptionContext: input.EncryptionContext,
        encryptionAlgorithm: input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
      },
    ),
  }),
  handle(input, { key }, { services }) {
    checkGrantTokens(input.GrantTokens);
    refuseRecipient(input.Recipient);
    checkEncryptionAlgorithm(key, input.EncryptionAlgorithm);
    // Without a ciphertext (DryRun with IGNORE_CIPHERTEXT) there is nothing left to check.
    if (input.CiphertextBlob === undefined || input.DryRunModifiers?.includes('IGNORE_CIPHERTEXT'))
      checkDryRun(true);
    const ciphertext = input.CiphertextBlob ?? Buffer.alloc(0);
    const opened = decryptWith(services.keyStore, key, ciphertext, input.EncryptionContext);
    return whenReady(opened, ({ plaintext, material }) => {
      if (input.DryRun) plaintext.fill(0);
      checkDryRun(input.DryRun);
      return {
        output: {
          KeyId: key.arn,
          Plaintext: plaintext,
          EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          KeyMaterialId: material.materialId,
        },
        audit: { additionalEventData: { keyMaterialId: material.materialId } },
        wipe: plaintext,
      };
    });
  },
});
