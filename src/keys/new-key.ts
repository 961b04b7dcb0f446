/** A key as it is when it has just been made, with its first key material. */
import { keyArn } from '../base/arn.ts';
import type { KeyStore } from '../keystore/interface.ts';
import type { Key, Tag } from './key.ts';
import type { KeyPolicy } from './key-policy.ts';
import { withMaterials } from './key-row.ts';
import { generateKeyMaterial, rotationPeriodDaysDefault } from './rotation.ts';

export interface NewKey {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly spec: Key['spec'];
  readonly usage: Key['usage'];
  readonly description: string;
  readonly policy: KeyPolicy;
  readonly tags: readonly Tag[];
  readonly rotation?: Key['rotation'];
}

export async function newKey(keyStore: KeyStore, given: NewKey, nowMs: number): Promise<Key> {
  const material = await generateKeyMaterial(keyStore, given, 0, nowMs);
  return withMaterials(
    {
      ...given,
      arn: keyArn(given.region, given.accountId, given.keyId),
      version: 1,
      origin: 'AWS_KMS',
      multiRegion: false,
      state: 'Enabled',
      createdMs: nowMs,
      rotation: given.rotation ?? { periodDays: rotationPeriodDaysDefault, onDemandCount: 0 },
    },
    [material],
  );
}
