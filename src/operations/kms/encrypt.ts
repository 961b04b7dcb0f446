import { whenReady } from '../../base/when-ready.ts';
import { kmsOperation } from '../operation.ts';
import {
  checkDryRun,
  checkEncryptionAlgorithm,
  checkGrantTokens,
  encryptionKey,
  encryptWith,
} from './cryptographic.ts';

export const encrypt = kmsOperation('Encrypt', {
  readOnly: true,
  cryptographic: true,
  auditDefaults: { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
  needs: (input) => ({
    key: encryptionKey(
      'kms:Encrypt',
      { keyId: input.KeyId },
      {
        encryptionContext: input.EncryptionContext,
        encryptionAlgorithm: input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
      },
    ),
  }),
  handle(input, { key }, { services }) {
    checkGrantTokens(input.GrantTokens);
    checkEncryptionAlgorithm(key, input.EncryptionAlgorithm);
    checkDryRun(input.DryRun);
    const ciphertext = encryptWith(services.keyStore, key, input.Plaintext, input.EncryptionContext);
    return whenReady(ciphertext, (CiphertextBlob) => ({
      output: { CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
      audit: { additionalEventData: { keyMaterialId: key.current.materialId } },
    }));
  },
});
