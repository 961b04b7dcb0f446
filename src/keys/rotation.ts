/**
 * Rotation of key material: a new one becomes current, every older one still decrypts.
 * Dates: automatic rotation is due one period after it was enabled, and every period thereafter;
 * rotating on demand does not move it (API reference, RotateKeyOnDemand).
 */

import type { KeyStore } from '../keystore/interface.ts';
import type { RotationType } from '../model/kms.ts';
import { encodeBlobHeader } from './ciphertext-blob.ts';
import type { Key, KeyMaterial, Rotation } from './key.ts';
import { withMaterials } from './key-row.ts';
import type { KeyTable } from './key-table.ts';
import { type StateChange, updateKeyChange } from './state-change.ts';

export const dayMs = 86_400_000;
export const rotationPeriodDaysDefault = 365;

/** A key never rotates while it is disabled or pending deletion; an overdue one does when it is enabled again. */
export const isRotationDue = (key: Key, nowMs: number): boolean =>
  key.state === 'Enabled' && key.rotation.nextMs !== undefined && key.rotation.nextMs <= nowMs;

/** Fresh key material for a key that has `order` older ones. */
export async function generateKeyMaterial(
  keyStore: KeyStore,
  key: Pick<Key, 'accountId' | 'region' | 'keyId' | 'spec'>,
  order: number,
  createdMs: number,
  rotationType?: RotationType,
): Promise<KeyMaterial> {
  const { accountId, region, keyId, spec } = key;
  const sealed = await keyStore.generate({ accountId, region, keyId, keySpec: spec });
  return {
    ...sealed,
    order,
    createdMs,
    state: 'CURRENT',
    ...(rotationType === undefined ? {} : { rotationType }),
    blobHeader: encodeBlobHeader(keyId, sealed.materialId),
  };
}

/** One period after the date that was due; a key that missed dates while it was disabled starts anew from now. */
function nextAutomatic({ nextMs = 0, periodDays }: Rotation, nowMs: number): number {
  const scheduled = nextMs + periodDays * dayMs;
  return scheduled > nowMs ? scheduled : nowMs + periodDays * dayMs;
}

/** The change that makes fresh key material current, and the ids before and after it. */
export async function rotateKey(
  table: KeyTable,
  keyStore: KeyStore,
  key: Key,
  rotationType: RotationType,
  nowMs: number,
): Promise<{ change: StateChange; previousKeyMaterialId: string; currentKeyMaterialId: string }> {
  const material = await generateKeyMaterial(keyStore, key, key.materials.length, nowMs, rotationType);
  const retired: KeyMaterial = { ...key.current, state: 'NON_CURRENT' };
  const rotation =
    rotationType === 'ON_DEMAND'
      ? { ...key.rotation, onDemandCount: key.rotation.onDemandCount + 1 }
      : { ...key.rotation, nextMs: nextAutomatic(key.rotation, nowMs) };
  const older = key.materials.map((each) => (each.materialId === retired.materialId ? retired : each));
  const next = withMaterials({ ...key, rotation }, [...older, material]);
  return {
    change: updateKeyChange(table, key, next, { added: [material], changed: [retired] }),
    previousKeyMaterialId: retired.materialId,
    currentKeyMaterialId: material.materialId,
  };
}
