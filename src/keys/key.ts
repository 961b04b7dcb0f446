/**
 * A KMS key and its aliases as values: readonly, replaced whole by a change, never edited.
 * How they are stored is `key-row.ts`, where they are found is `key-table.ts`.
 */

import type { SealedKeyMaterial } from '../keystore/interface.ts';
import type {
  KeyMaterialState,
  KeySpec,
  KeyState,
  KeyUsageType,
  OriginType,
  RotationType,
} from '../model/kms.ts';
import type { KeyPolicy } from './key-policy.ts';

export interface Tag {
  readonly TagKey: string;
  readonly TagValue: string;
}

export interface Rotation {
  readonly periodDays: number;
  /** When automatic rotation is next due, or absent while it is off. */
  readonly nextMs?: number;
  /** On-demand rotations ever made: the service allows 25 in a key's life. */
  readonly onDemandCount: number;
}

export interface KeyMaterial extends SealedKeyMaterial {
  /** 0 for the first, growing by one. */
  readonly order: number;
  readonly createdMs: number;
  readonly state: KeyMaterialState;
  /** How it became current; absent for the first. */
  readonly rotationType?: RotationType;
  /** The name of its header in ciphertext blobs, made once. */
  readonly blobHeader: Uint8Array;
}

export interface Key {
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
  readonly arn: string;
  readonly version: number;
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly spec: KeySpec;
  readonly usage: KeyUsageType;
  readonly origin: OriginType;
  readonly multiRegion: boolean;
  readonly state: KeyState;
  readonly description: string;
  readonly createdMs: number;
  /** Set while the key is pending deletion. */
  readonly deletionMs?: number;
  readonly policy: KeyPolicy;
  readonly tags: readonly Tag[];
  readonly rotation: Rotation;
  /** Oldest first; the last one in state CURRENT encrypts. */
  readonly materials: readonly KeyMaterial[];
  readonly current: KeyMaterial;
}

export interface Alias {
  readonly accountId: string;
  readonly region: string;
  /** With the `alias/` prefix. */
  readonly name: string;
  readonly arn: string;
  readonly version: number;
  readonly targetKeyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}
