/** KeyMetadata as CreateKey and DescribeKey answer it (API reference, "KeyMetadata"). */
import type { Key } from '../../keys/key.ts';
import type { KeyMetadata } from '../../model/kms.ts';

export const keyMetadata = (key: Key): KeyMetadata => ({
  AWSAccountId: key.accountId,
  KeyId: key.keyId,
  Arn: key.arn,
  CreationDate: key.createdMs,
  Enabled: key.state === 'Enabled',
  Description: key.description,
  KeyUsage: key.usage,
  KeyState: key.state,
  ...(key.deletionMs === undefined ? {} : { DeletionDate: key.deletionMs }),
  Origin: key.origin,
  KeyManager: key.manager,
  CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
  KeySpec: key.spec,
  EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
  MultiRegion: key.multiRegion,
  CurrentKeyMaterialId: key.current.materialId,
});
