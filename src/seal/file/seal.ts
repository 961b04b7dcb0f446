/**
 * The seal of development: the root keys lie in a file beside the data that they protect, readable by
 * its owner alone. Whoever can copy the data directory can open everything in it.
 *
 *     "HFSEALF1" || count (1) || (id (16) || key (32))* || SHA-256 of all before (32)
 */
import type { Faults } from '../../base/durable-file.ts';
import { type Seal, SealBroken } from '../interface.ts';
import { decodeRootList } from '../root-keys.ts';
import {
  createSealFile,
  type EncodeSealFile,
  notASealFile,
  openSealFile,
  StoredSeal,
} from '../stored-seal.ts';

const kind = 'file';
const magic = Buffer.from('HFSEALF1', 'latin1');

const encode: EncodeSealFile = (rootList) => {
  const out = Buffer.allocUnsafeSlow(magic.length + rootList.length);
  out.set(magic, 0);
  out.set(rootList, magic.length);
  return out;
};

/** Rejects with `SealBroken` when the file exists. */
export async function createFileSeal(path: string, faults?: Faults): Promise<Seal> {
  const { roots, checksum } = await createSealFile(path, encode, faults);
  return new StoredSeal(kind, path, encode, roots, checksum, faults);
}

/** Rejects with `SealBroken`, which says why, unless the file is whole and its owner's alone. */
export async function openFileSeal(path: string, faults?: Faults): Promise<Seal> {
  const { payload, checksum, mode } = await openSealFile(path);
  try {
    if ((mode & 0o077) !== 0) {
      throw new SealBroken(`${path} can be read by others than its owner: run \`chmod 600\` on it`);
    }
    if (!payload.subarray(0, magic.length).equals(magic)) throw notASealFile(path);
    const roots = decodeRootList(payload.subarray(magic.length));
    if (roots === undefined) throw notASealFile(path);
    return new StoredSeal(kind, path, encode, roots, checksum, faults);
  } finally {
    payload.fill(0);
  }
}
