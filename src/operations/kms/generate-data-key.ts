import { whenReady } from '../../base/when-ready.ts';
import { kmsOperation } from '../operation.ts';
import { refuseRecipient } from './cryptographic.ts';
import { checkDataKeyLength, dataKeyNeed, generateDataKey as generate } from './data-key.ts';

export const generateDataKey = kmsOperation('GenerateDataKey', {
  readOnly: true,
  cryptographic: true,
  check: checkDataKeyLength,
  needs: (input) => ({ key: dataKeyNeed(input, 'kms:GenerateDataKey') }),
  handle(input, { key }, { services }) {
    refuseRecipient(input.Recipient);
    const keyMaterialId = key.current.materialId;
    return whenReady(generate(input, key, services), ({ plaintext, ciphertext }) => ({
      output: {
        CiphertextBlob: ciphertext,
        Plaintext: plaintext,
        KeyId: key.arn,
        KeyMaterialId: keyMaterialId,
      },
      audit: { additionalEventData: { keyMaterialId } },
      wipe: plaintext,
    }));
  },
});
