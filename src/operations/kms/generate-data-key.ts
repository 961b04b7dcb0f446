import { kmsOperation } from '../operation.ts';
import { refuseRecipient } from './cryptographic.ts';
import { checkDataKeyLength, dataKeyNeed, generateDataKey as generate } from './data-key.ts';

export const generateDataKey = kmsOperation('GenerateDataKey', {
  readOnly: true,
  cryptographic: true,
  check: checkDataKeyLength,
  needs: (input) => ({ key: dataKeyNeed(input, 'kms:GenerateDataKey') }),
  async handle(input, { key }, { services }) {
    refuseRecipient(input.Recipient);
    const { plaintext, ciphertext } = await generate(input, key, services);
    const keyMaterialId = key.current.materialId;
    return {
      output: {
        CiphertextBlob: ciphertext,
        Plaintext: plaintext,
        KeyId: key.arn,
        KeyMaterialId: keyMaterialId,
      },
      audit: { additionalEventData: { keyMaterialId } },
      wipe: plaintext,
    };
  },
});
