/**
 * Every operation of the API model by name. One that is not built yet is `undefined` here, answers
 * UnsupportedOperationException and is listed in `docs/divergences.md`: none can be forgotten, because
 * the type names them all.
 */
import type { HoldfastOperationName } from '../model/holdfast.ts';
import type { KmsOperationName } from '../model/kms.ts';
import type { ServiceName } from '../model/tables.ts';
import { describeInstallation } from './holdfast/describe-installation.ts';
import { injectFault } from './holdfast/inject-fault.ts';
import { rotateDomainKey } from './holdfast/rotate-domain-key.ts';
import { rotateRootKey } from './holdfast/rotate-root-key.ts';
import { setClock } from './holdfast/set-clock.ts';
import { cancelKeyDeletion } from './kms/cancel-key-deletion.ts';
import { createAlias } from './kms/create-alias.ts';
import { createKey } from './kms/create-key.ts';
import { decrypt } from './kms/decrypt.ts';
import { deleteAlias } from './kms/delete-alias.ts';
import { describeKey } from './kms/describe-key.ts';
import { disableKey } from './kms/disable-key.ts';
import { disableKeyRotation } from './kms/disable-key-rotation.ts';
import { enableKey } from './kms/enable-key.ts';
import { enableKeyRotation } from './kms/enable-key-rotation.ts';
import { encrypt } from './kms/encrypt.ts';
import { generateDataKey } from './kms/generate-data-key.ts';
import { generateDataKeyWithoutPlaintext } from './kms/generate-data-key-without-plaintext.ts';
import { generateRandom } from './kms/generate-random.ts';
import { getKeyLastUsage } from './kms/get-key-last-usage.ts';
import { getKeyPolicy } from './kms/get-key-policy.ts';
import { getKeyRotationStatus } from './kms/get-key-rotation-status.ts';
import { listAliases } from './kms/list-aliases.ts';
import { listKeyPolicies } from './kms/list-key-policies.ts';
import { listKeyRotations } from './kms/list-key-rotations.ts';
import { listKeys } from './kms/list-keys.ts';
import { listResourceTags } from './kms/list-resource-tags.ts';
import { putKeyPolicy } from './kms/put-key-policy.ts';
import { reEncrypt } from './kms/re-encrypt.ts';
import { rotateKeyOnDemand } from './kms/rotate-key-on-demand.ts';
import { scheduleKeyDeletion } from './kms/schedule-key-deletion.ts';
import { tagResource } from './kms/tag-resource.ts';
import { untagResource } from './kms/untag-resource.ts';
import { updateAlias } from './kms/update-alias.ts';
import { updateKeyDescription } from './kms/update-key-description.ts';
import type { RegisteredOperation } from './operation.ts';

const kms: Readonly<Record<KmsOperationName, RegisteredOperation | undefined>> = {
  CancelKeyDeletion: cancelKeyDeletion,
  ConnectCustomKeyStore: undefined,
  CreateAlias: createAlias,
  CreateCustomKeyStore: undefined,
  CreateGrant: undefined,
  CreateKey: createKey,
  Decapsulate: undefined,
  Decrypt: decrypt,
  DeleteAlias: deleteAlias,
  DeleteCustomKeyStore: undefined,
  DeleteImportedKeyMaterial: undefined,
  DeriveSharedSecret: undefined,
  DescribeCustomKeyStores: undefined,
  DescribeKey: describeKey,
  DisableKey: disableKey,
  DisableKeyRotation: disableKeyRotation,
  DisconnectCustomKeyStore: undefined,
  EnableKey: enableKey,
  EnableKeyRotation: enableKeyRotation,
  Encapsulate: undefined,
  Encrypt: encrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyPair: undefined,
  GenerateDataKeyPairWithoutPlaintext: undefined,
  GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
  GenerateMac: undefined,
  GenerateRandom: generateRandom,
  GetKeyLastUsage: getKeyLastUsage,
  GetKeyPolicy: getKeyPolicy,
  GetKeyRotationStatus: getKeyRotationStatus,
  GetParametersForImport: undefined,
  GetPublicKey: undefined,
  ImportKeyMaterial: undefined,
  ListAliases: listAliases,
  ListGrants: undefined,
  ListKeyPolicies: listKeyPolicies,
  ListKeyRotations: listKeyRotations,
  ListKeys: listKeys,
  ListResourceTags: listResourceTags,
  ListRetirableGrants: undefined,
  PutKeyPolicy: putKeyPolicy,
  ReEncrypt: reEncrypt,
  ReplicateKey: undefined,
  RetireGrant: undefined,
  RevokeGrant: undefined,
  RotateKeyOnDemand: rotateKeyOnDemand,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  Sign: undefined,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateAlias: updateAlias,
  UpdateCustomKeyStore: undefined,
  UpdateKeyDescription: updateKeyDescription,
  UpdatePrimaryRegion: undefined,
  Verify: undefined,
  VerifyMac: undefined,
};

const holdfast: Readonly<Record<HoldfastOperationName, RegisteredOperation>> = {
  DescribeInstallation: describeInstallation,
  InjectFault: injectFault,
  RotateDomainKey: rotateDomainKey,
  RotateRootKey: rotateRootKey,
  SetClock: setClock,
};

const registry: Readonly<Record<ServiceName, Readonly<Record<string, RegisteredOperation | undefined>>>> = {
  kms,
  holdfast,
};

export const operationOf = (service: ServiceName, name: string): RegisteredOperation | undefined => {
  const operations = registry[service];
  return Object.hasOwn(operations, name) ? operations[name] : undefined;
};
