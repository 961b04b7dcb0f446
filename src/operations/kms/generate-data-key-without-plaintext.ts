import { kmsOperation } from '../operation.ts';
import { checkDataKeyLength, dataKeyNeed, generateDataKey } from './data-key.ts';

export const generateDataKeyWithoutPlaintext = kmsOperation('GenerateDataKeyWithoutPlaintext', {
  readOnly: true,
  cryptographic: true,
  check: checkDataKeyLength,
  needs: (input) => ({ key: dataKeyNeed(input, 'kms:GenerateDataKeyWithoutPlaintext') }),
  async handle(input, { key }, { services }) {
    const { plaintext, ciphertext } = await generateDataKey(input, key, services);
    plaintext.fill(0);
    const keyMaterialId = key.current.materialId;
    return {
      output: { CiphertextBlob: ciphertext, KeyId: key.arn, KeyMaterialId: keyMaterialId },
      audit: { additionalEventData: { keyMaterialId } },
    };
  },
});
