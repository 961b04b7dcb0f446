/** What the cryptographic operations share: their optional parameters, dry runs, and the ciphertext in and out. */
import type { Caller } from '../../authz/caller.ts';
import type { ConditionFacts, KeyNeed } from '../../authz/need.ts';
import { Refusal } from '../../base/refusal.ts';
import { modelViolation, mustNotBeNull } from '../../base/validation.ts';
import { type ParsedBlob, parseBlob } from '../../keys/ciphertext-blob.ts';
import { encodeEncryptionContext } from '../../keys/encryption-context.ts';
import type { Key, KeyMaterial } from '../../keys/key.ts';
import type { KeyTable } from '../../keys/key-table.ts';
import { DecryptionFailed, type KeyStore } from '../../keystore/interface.ts';
import type { DryRunModifierType } from '../../model/kms.ts';

/** The need of every operation that encrypts or decrypts: a key by any identifier, in any account, enabled. */
export const encryptionKey = (
  action: string,
  key: Pick<KeyNeed, 'keyId' | 'ciphertextKeyId'>,
  facts: ConditionFacts,
) =>
  ({
    on: 'key',
    action,
    ...key,
    aliases: true,
    crossAccount: true,
    state: 'cryptographic',
    usage: 'ENCRYPT_DECRYPT',
    facts,
  }) as const satisfies KeyNeed;

/** Grant tokens name grants, and none exist yet: a token that is given is refused, never ignored. */
export function checkGrantTokens(grantTokens: readonly string[] | undefined): void {
  if (grantTokens !== undefined && grantTokens.length > 0) {
    throw new Refusal('InvalidGrantTokenException', 'The grant token is not valid.');
  }
}

/** An attested recipient cannot be verified without a configured root, so it is refused, never ignored. */
export function refuseRecipient(recipient: object | undefined): void {
  if (recipient !== undefined) {
    throw new Refusal(
      'UnsupportedOperationException',
      'The Recipient parameter is not supported: no attestation root is configured.',
    );
  }
}

/** The last step of each operation that has `DryRun`: everything was checked and nothing is done. */
export function checkDryRun(dryRun: boolean | undefined): void {
  if (dryRun === true) {
    throw new Refusal(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    );
  }
}

/**
 * `DryRunModifiers` with `IGNORE_CIPHERTEXT` asks about authorization alone, without a ciphertext: it goes
 * with `DryRun`, needs a key identifier, and makes the ciphertext optional, which else is required
 * (API reference of Decrypt and ReEncrypt). `names` are lowerCamel, for messages.
 */
export function checkCiphertextParameter(
  ciphertext: Buffer | undefined,
  keyId: string | undefined,
  dryRun: boolean | undefined,
  modifiers: readonly DryRunModifierType[] | undefined,
  keyIdName: string,
): void {
  const ignoresCiphertext = modifiers?.includes('IGNORE_CIPHERTEXT') ?? false;
  if (modifiers !== undefined && modifiers.length > 0 && dryRun !== true) {
    throw new Refusal('ValidationException', 'DryRunModifiers can be specified only when DryRun is true.');
  }
  if (ignoresCiphertext && keyId === undefined) {
    throw new Refusal(
      'ValidationException',
      `${keyIdName} is required when DryRunModifiers includes IGNORE_CIPHERTEXT.`,
    );
  }
  if (!ignoresCiphertext && ciphertext === undefined) {
    throw modelViolation(null, 'ciphertextBlob', mustNotBeNull);
  }
}

/** The algorithm of a symmetric key is always SYMMETRIC_DEFAULT, whether or not the request names one. */
export function checkEncryptionAlgorithm(key: Key, algorithm: string | undefined): void {
  if (algorithm !== undefined && algorithm !== 'SYMMETRIC_DEFAULT') {
    throw new Refusal(
      'InvalidKeyUsageException',
      `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`,
    );
  }
}

/**
 * The key that a ciphertext names, where that matters: the request names none, or names one by an id that
 * none of the caller's own keys has (API reference, Decrypt, "Cross-account use"). A ciphertext that is
 * none of this server's names nothing.
 */
export function keyIdOfCiphertext(
  ciphertext: Buffer | undefined,
  keyId: string | undefined,
  { principal, region }: Caller,
  table: KeyTable,
): string | undefined {
  if (ciphertext === undefined) return undefined;
  if (keyId?.includes('/') || (keyId && table.key(region, keyId)?.accountId === principal.accountId))
    return undefined;
  const blob = parseBlob(ciphertext);
  if (blob === undefined && keyId === undefined) throw new Refusal('InvalidCiphertextException');
  return blob?.keyId;
}

export function encryptWith(
  keyStore: KeyStore,
  key: Key,
  plaintext: Uint8Array,
  encryptionContext: ReadonlyMap<string, string> | undefined,
): Uint8Array | Promise<Uint8Array> {
  return keyStore.encrypt(
    key.current,
    key.current.blobHeader,
    plaintext,
    encodeEncryptionContext(encryptionContext),
  );
}

/** The key material of `key` that a ciphertext names. */
export function materialOfCiphertext(
  key: Key,
  ciphertext: Buffer,
): { blob: ParsedBlob; material: KeyMaterial } {
  const blob = parseBlob(ciphertext);
  if (blob === undefined) throw new Refusal('InvalidCiphertextException');
  if (blob.keyId !== key.keyId) {
    throw new Refusal(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  const material =
    blob.materialId === key.current.materialId
      ? key.current
      : key.materials.find((each) => each.materialId === blob.materialId);
  if (material === undefined) throw new Refusal('InvalidCiphertextException');
  return { blob, material };
}

/** The plaintext. A wrong context, a changed byte and a foreign ciphertext all look the same from outside. */
export function decryptWith(
  keyStore: KeyStore,
  key: Key,
  ciphertext: Buffer,
  encryptionContext: ReadonlyMap<string, string> | undefined,
): DecryptedCiphertext | Promise<DecryptedCiphertext> {
  const { blob, material } = materialOfCiphertext(key, ciphertext);
  const context = encodeEncryptionContext(encryptionContext);
  try {
    const opened = keyStore.decrypt(material, blob.headerBytes, ciphertext, context);
    if (!(opened instanceof Promise)) return { plaintext: opened, material };
    return opened.then(
      (plaintext) => ({ plaintext, material }),
      (error: unknown) => {
        throw decryptionError(error);
      },
    );
  } catch (error) {
    throw decryptionError(error);
  }
}

interface DecryptedCiphertext {
  readonly plaintext: Buffer;
  readonly material: KeyMaterial;
}

const decryptionError = (error: unknown): unknown =>
  error instanceof DecryptionFailed ? new Refusal('InvalidCiphertextException') : error;
