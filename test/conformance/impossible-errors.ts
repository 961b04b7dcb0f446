/**
 * Errors that the API reference documents for an operation and that this server cannot answer yet, each
 * with the reason. One that can be answered has a case in `documented-errors.test.ts`; a pair that is in
 * neither place fails there.
 */

/** For every operation that documents the error. */
export const impossibleErrors: Readonly<Record<string, string>> = {
  DependencyTimeoutException:
    'nothing is asked over a network while a request is served: the stores answer, or fail as KMSInternalException',
  KeyUnavailableException: 'key material is in the software key store, which is there whenever the server is',
  CustomKeyStoreInvalidStateException: 'no custom key store can be made, so none can be in a wrong state',
  CloudHsmClusterInvalidConfigurationException: 'there are no custom key stores',
  XksKeyInvalidConfigurationException: 'there are no external key stores',
  XksKeyAlreadyInUseException: 'there are no external key stores',
  XksKeyNotFoundException: 'there are no external key stores',
};

const readInEveryState = 'it is served in every key state that can be reached';
const onlyEncryptionKeys = 'every key that can be made is for ENCRYPT_DECRYPT, and it takes no algorithm';
const onlySymmetricKeys = 'every key that can be made is symmetric, of this service and of one Region';

/** For one operation: `OPERATION ERROR`. */
export const impossiblePairs: Readonly<Record<string, string>> = {
  'CreateKey InvalidArnException': 'none of its members that are honoured is an ARN',
  'DeleteAlias KMSInvalidStateException': readInEveryState,
  'DisableKeyRotation UnsupportedOperationException': onlySymmetricKeys,
  'EnableKey LimitExceededException': 'enabling a key counts against no quota',
  'EnableKeyRotation UnsupportedOperationException': onlySymmetricKeys,
  'GenerateDataKey InvalidKeyUsageException': onlyEncryptionKeys,
  'GenerateDataKeyWithoutPlaintext InvalidKeyUsageException': onlyEncryptionKeys,
  'GetKeyPolicy KMSInvalidStateException': readInEveryState,
  'GetKeyRotationStatus KMSInvalidStateException': readInEveryState,
  'GetKeyRotationStatus UnsupportedOperationException': onlySymmetricKeys,
  'ListKeyPolicies KMSInvalidStateException': readInEveryState,
  'ListKeyRotations KMSInvalidStateException': readInEveryState,
  'ListKeyRotations UnsupportedOperationException': onlySymmetricKeys,
  'PutKeyPolicy KMSInvalidStateException': readInEveryState,
  'PutKeyPolicy UnsupportedOperationException': onlySymmetricKeys,
  'RotateKeyOnDemand UnsupportedOperationException': onlySymmetricKeys,
};
