import type { KeyMaterial } from '../../keys/key.ts';
import { kmsOperation } from '../operation.ts';
import { checkLimit, cutPage, openPage } from '../pagination.ts';
import { ownKey } from './key-edit.ts';

/** Key materials in the order they came; the first was not rotated to, so it is listed only on request. */
export const listKeyRotations = kmsOperation('ListKeyRotations', {
  readOnly: true,
  validate: (input) => checkLimit(input.Limit, 1000),
  needs: (input) => ({ key: ownKey('kms:ListKeyRotations', input.KeyId, 'rotation-list') }),
  handle(input, { key }, { caller, services: { markers } }) {
    const include = input.IncludeKeyMaterial ?? 'ROTATIONS_ONLY';
    const listed = `${key.keyId} ${include}`;
    const { limit, after } = openPage(markers, 'ListKeyRotations', caller, listed, input, 100);
    const materials = key.materials.filter(
      ({ order }) => (include === 'ALL_KEY_MATERIAL' || order > 0) && (after === '' || order > Number(after)),
    );
    const { items, page } = cutPage(
      markers,
      'ListKeyRotations',
      caller,
      listed,
      materials,
      limit,
      ({ order }) => String(order),
    );
    return { output: { Rotations: items.map(entry), ...page } };
  },
});

const entry = (material: KeyMaterial) => ({
  KeyId: material.keyId,
  KeyMaterialId: material.materialId,
  KeyMaterialState: material.state,
  ...(material.rotationType === undefined
    ? {}
    : { RotationDate: material.createdMs, RotationType: material.rotationType }),
});
