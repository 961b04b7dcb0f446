/** Keys, key materials and aliases as stored rows, both ways. A row that does not read is refused by name. */
import { aliasArn, keyArn } from '../base/arn.ts';
import type { AliasRow, KeyMaterialRow, KeyRow } from '../storage/interface.ts';
import { encodeBlobHeader } from './ciphertext-blob.ts';
import type { Alias, Key, KeyMaterial, Rotation, Tag } from './key.ts';
import type { KeyPolicies } from './key-policy.ts';

/** What of a key has no column of its own. The storage layer checks its size and that it is JSON. */
type KeyBody = Pick<
  Key,
  'spec' | 'usage' | 'origin' | 'multiRegion' | 'state' | 'description' | 'createdMs'
> & {
  readonly deletionMs?: number;
  readonly policy: string;
  readonly tags: readonly Tag[];
  readonly rotation: Rotation;
};

type KeyMaterialBody = Pick<KeyMaterial, 'keySpec' | 'order' | 'createdMs' | 'state' | 'rotationType'>;
type AliasBody = Pick<Alias, 'createdMs' | 'updatedMs'>;

export class RowUnreadable extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(`the stored row of ${what} does not read`, options);
    this.name = 'RowUnreadable';
  }
}

export function keyToRow(key: Key): KeyRow {
  const { accountId, region, keyId, version, manager } = key;
  const body: KeyBody = {
    spec: key.spec,
    usage: key.usage,
    origin: key.origin,
    multiRegion: key.multiRegion,
    state: key.state,
    description: key.description,
    createdMs: key.createdMs,
    ...(key.deletionMs === undefined ? {} : { deletionMs: key.deletionMs }),
    policy: key.policy.text,
    tags: key.tags,
    rotation: key.rotation,
  };
  return { accountId, region, keyId, version, manager, body: JSON.stringify(body) };
}

/** `materials` are all rows of this key, in any order. */
export function keyFromRow(row: KeyRow, materials: readonly KeyMaterialRow[], policies: KeyPolicies): Key {
  const body = parseBody<KeyBody>(row.body, `key ${row.keyId}`, [
    'spec',
    'usage',
    'origin',
    'state',
    'policy',
    'tags',
    'rotation',
  ]);
  const { policy, ...rest } = body;
  return withMaterials(
    {
      accountId: row.accountId,
      region: row.region,
      keyId: row.keyId,
      arn: keyArn(row.region, row.accountId, row.keyId),
      version: row.version,
      manager: row.manager,
      ...rest,
      policy: policies.of(policy),
    },
    materials.map(keyMaterialFromRow),
  );
}

/** A key with these materials, oldest first, and the current one named. */
export function withMaterials(
  key: Omit<Key, 'materials' | 'current'>,
  materials: readonly KeyMaterial[],
): Key {
  const ordered = materials.toSorted((a, b) => a.order - b.order);
  const current = ordered.findLast((material) => material.state === 'CURRENT');
  if (current === undefined) throw new RowUnreadable(`key ${key.keyId}: it has no current key material`);
  return { ...key, materials: ordered, current };
}

export function keyMaterialToRow(material: KeyMaterial): KeyMaterialRow {
  const { accountId, region, keyId, materialId, domainKeyVersion, sealed } = material;
  const body: KeyMaterialBody = {
    keySpec: material.keySpec,
    order: material.order,
    createdMs: material.createdMs,
    state: material.state,
    ...(material.rotationType === undefined ? {} : { rotationType: material.rotationType }),
  };
  return { accountId, region, keyId, materialId, domainKeyVersion, sealed, body: JSON.stringify(body) };
}

export function keyMaterialFromRow(row: KeyMaterialRow): KeyMaterial {
  const body = parseBody<KeyMaterialBody>(row.body, `key material ${row.materialId}`, ['keySpec', 'state']);
  const { accountId, region, keyId, materialId, domainKeyVersion, sealed } = row;
  const blobHeader = encodeBlobHeader(keyId, materialId);
  return { accountId, region, keyId, materialId, domainKeyVersion, sealed, ...body, blobHeader };
}

export function aliasToRow(alias: Alias): AliasRow {
  const { accountId, region, version, targetKeyId, createdMs, updatedMs } = alias;
  const body: AliasBody = { createdMs, updatedMs };
  return { accountId, region, aliasName: alias.name, version, targetKeyId, body: JSON.stringify(body) };
}

export function aliasFromRow(row: AliasRow): Alias {
  const { createdMs, updatedMs } = parseBody<AliasBody>(row.body, `alias ${row.aliasName}`, [
    'createdMs',
    'updatedMs',
  ]);
  const { accountId, region, aliasName, version, targetKeyId } = row;
  const arn = aliasArn(region, accountId, aliasName);
  return { accountId, region, name: aliasName, arn, version, targetKeyId, createdMs, updatedMs };
}

function parseBody<T extends object>(text: string, what: string, required: readonly (keyof T & string)[]): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RowUnreadable(what, { cause });
  }
  if (typeof value !== 'object' || value === null || required.some((name) => !Object.hasOwn(value, name))) {
    throw new RowUnreadable(what);
  }
  // Minted: this server wrote the row, storage checked its size, and the members named are there.
  return value as T;
}
