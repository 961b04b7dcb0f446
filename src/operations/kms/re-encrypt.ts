import { resolveKey } from '../../keys/resolve-key.ts';
import { kmsOperation } from '../operation.ts';
import {
  checkCiphertextParameter,
  checkDryRun,
  checkEncryptionAlgorithm,
  checkGrantTokens,
  decryptWith,
  encryptionKey,
  encryptWith,
  keyIdOfCiphertext,
} from './cryptographic.ts';

/** Two permissions, each under its own encryption context; the plaintext exists in one wiped buffer between them. */
export const reEncrypt = kmsOperation('ReEncrypt', {
  readOnly: true,
  cryptographic: true,
  auditDefaults: {
    sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  },
  validate: (input) =>
    checkCiphertextParameter(
      input.CiphertextBlob,
      input.SourceKeyId,
      input.DryRun,
      input.DryRunModifiers,
      'SourceKeyId',
    ),
  needs: (input, caller, { table }) => {
    const ciphertextKeyId = keyIdOfCiphertext(input.CiphertextBlob, input.SourceKeyId, caller, table);
    const scope = { accountId: caller.principal.accountId, region: caller.region };
    const destination = resolveKey(table, scope, input.DestinationKeyId, true);
    const source =
      input.SourceKeyId === undefined ? undefined : resolveKey(table, scope, input.SourceKeyId, true);
    const sourceArn = source?.found ? source.arn : table.key(caller.region, ciphertextKeyId ?? '')?.arn;
    const reEncryptOnSameKey = sourceArn === destination.arn;
    return {
      source: encryptionKey(
        'kms:ReEncryptFrom',
        { keyId: input.SourceKeyId, ciphertextKeyId },
        {
          encryptionContext: input.SourceEncryptionContext,
          encryptionAlgorithm: input.SourceEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
          reEncryptOnSameKey,
        },
      ),
      destination: encryptionKey(
        'kms:ReEncryptTo',
        { keyId: input.DestinationKeyId },
        {
          encryptionContext: input.DestinationEncryptionContext,
          encryptionAlgorithm: input.DestinationEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
          reEncryptOnSameKey,
        },
      ),
    };
  },
  async handle(input, { source, destination }, { services }) {
    checkGrantTokens(input.GrantTokens);
    checkEncryptionAlgorithm(source, input.SourceEncryptionAlgorithm);
    checkEncryptionAlgorithm(destination, input.DestinationEncryptionAlgorithm);
    // Without a ciphertext (DryRun with IGNORE_CIPHERTEXT) there is nothing left to check.
    if (input.CiphertextBlob === undefined || input.DryRunModifiers?.includes('IGNORE_CIPHERTEXT'))
      checkDryRun(true);
    const { keyStore } = services;
    const ciphertext = input.CiphertextBlob ?? Buffer.alloc(0);
    const { plaintext, material } = await decryptWith(
      keyStore,
      source,
      ciphertext,
      input.SourceEncryptionContext,
    );
    try {
      checkDryRun(input.DryRun);
      return {
        output: {
          CiphertextBlob: await encryptWith(
            keyStore,
            destination,
            plaintext,
            input.DestinationEncryptionContext,
          ),
          SourceKeyId: source.arn,
          KeyId: destination.arn,
          SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          SourceKeyMaterialId: material.materialId,
          DestinationKeyMaterialId: destination.current.materialId,
        },
        audit: {
          additionalEventData: {
            sourceKeyMaterialId: material.materialId,
            destinationKeyMaterialId: destination.current.materialId,
          },
        },
      };
    } finally {
      plaintext.fill(0);
    }
  },
});
