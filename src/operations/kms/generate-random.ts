import { Refusal } from '../../base/refusal.ts';
import { randomBytes } from '../../crypto/random.ts';
import { kmsOperation } from '../operation.ts';
import { refuseRecipient } from './cryptographic.ts';

export const generateRandom = kmsOperation('GenerateRandom', {
  readOnly: true,
  validate(input) {
    if (input.NumberOfBytes === undefined)
      throw new Refusal('ValidationException', 'NumberOfBytes is required.');
  },
  needs: () => ({ account: { on: 'account', action: 'kms:GenerateRandom' } }),
  handle(input) {
    refuseRecipient(input.Recipient);
    if (input.CustomKeyStoreId !== undefined) {
      // No custom key store can exist yet, so whichever id is sent names none.
      throw new Refusal(
        'CustomKeyStoreNotFoundException',
        `Custom key store with ID ${input.CustomKeyStoreId} not found.`,
      );
    }
    const plaintext = randomBytes(input.NumberOfBytes ?? 0);
    return {
      output: { Plaintext: plaintext },
      audit: { requestParameters: null },
      wipe: plaintext,
    };
  },
});
