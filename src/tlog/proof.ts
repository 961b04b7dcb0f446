/**
 * Inclusion and consistency proofs of RFC 6962 §2.1.1 and §2.1.2. Making one needs the roots of
 * perfect subtrees, which the caller reads from wherever it keeps them; checking one needs nothing.
 */
import { hashBytes, hashNode } from './merkle.ts';

/** The root of the perfect subtree over leaves `index * 2^level` up to `(index + 1) * 2^level`. */
export type SubtreeRoot = (level: number, index: number) => Uint8Array;

/** The hashes that lead from leaf `index` to the root of the tree of `size` leaves, nearest first. */
export function inclusionProof(index: number, size: number, subtreeRoot: SubtreeRoot): Uint8Array[] {
  requireSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`leaf ${index} is not in a tree of ${size} leaves`);
  }
  return path(index, 0, size, subtreeRoot);
}

/** The hashes that show the tree of `oldSize` leaves to be the beginning of that of `size` leaves. */
export function consistencyProof(oldSize: number, size: number, subtreeRoot: SubtreeRoot): Uint8Array[] {
  requireSize(size);
  requireSize(oldSize);
  if (oldSize > size)
    throw new RangeError(`a tree of ${oldSize} leaves is not the beginning of one of ${size}`);
  if (oldSize === 0 || oldSize === size) return [];
  return subproof(oldSize, 0, size, true, subtreeRoot);
}

/** Whether `proof` leads from `leafHash` at `index` to `root` of the tree of `size` leaves. */
export function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(size) || !isSize(index) || index >= size || !areHashes(proof) || leafHash.length !== hashBytes)
    return false;
  // RFC 9162 §2.1.3.2: `node` is the leaf's position and `last` that of the last leaf, level by level.
  let node = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = hashNode(sibling, hash);
      // A node without right sibling is carried up unchanged to the level where it is a right child.
      while (node % 2 === 0 && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = hashNode(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && same(hash, root);
}

/** Whether `proof` shows that the tree with `root` begins with the tree with `oldRoot`. */
export function verifyConsistency(
  oldSize: number,
  size: number,
  oldRoot: Uint8Array,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(size) || !isSize(oldSize) || oldSize > size || !areHashes(proof)) return false;
  if (oldSize === size) return proof.length === 0 && same(oldRoot, root);
  // Every tree begins with the empty one; there is nothing to show, and so nothing may be shown.
  if (oldSize === 0) return proof.length === 0;
  // RFC 9162 §2.1.4.2. An old tree that is a perfect subtree is not repeated in the proof.
  let node = oldSize - 1;
  let last = size - 1;
  while (node % 2 === 1) {
    node = half(node);
    last = half(last);
  }
  const hashes = node === 0 ? [oldRoot, ...proof] : [...proof];
  const seed = hashes.shift();
  if (seed === undefined) return false;
  let oldHash = seed;
  let newHash = seed;
  for (const sibling of hashes) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldHash = hashNode(sibling, oldHash);
      newHash = hashNode(sibling, newHash);
      while (node % 2 === 0 && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      newHash = hashNode(newHash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && same(oldHash, oldRoot) && same(newHash, root);
}

/** PATH(m, D[start:end]) of RFC 6962 §2.1.1; `index` is absolute. */
function path(index: number, start: number, end: number, subtreeRoot: SubtreeRoot): Uint8Array[] {
  if (end - start === 1) return [];
  const middle = start + splitPoint(end - start);
  return index < middle
    ? [...path(index, start, middle, subtreeRoot), rangeRoot(middle, end, subtreeRoot)]
    : [...path(index, middle, end, subtreeRoot), rangeRoot(start, middle, subtreeRoot)];
}

/** SUBPROOF(m, D[start:end], whole) of RFC 6962 §2.1.2; `oldSize` is absolute. */
function subproof(
  oldSize: number,
  start: number,
  end: number,
  whole: boolean,
  subtreeRoot: SubtreeRoot,
): Uint8Array[] {
  if (oldSize === end) return whole ? [] : [rangeRoot(start, end, subtreeRoot)];
  const middle = start + splitPoint(end - start);
  return oldSize <= middle
    ? [...subproof(oldSize, start, middle, whole, subtreeRoot), rangeRoot(middle, end, subtreeRoot)]
    : [...subproof(oldSize, middle, end, false, subtreeRoot), rangeRoot(start, middle, subtreeRoot)];
}

/** MTH(D[start:end]); `start` is a multiple of the largest power of two not above the length. */
function rangeRoot(start: number, end: number, subtreeRoot: SubtreeRoot): Uint8Array {
  const length = end - start;
  let level = 0;
  while (2 ** level < length) level += 1;
  if (2 ** level === length) return subtreeRoot(level, start / length);
  const middle = start + 2 ** (level - 1);
  return hashNode(rangeRoot(start, middle, subtreeRoot), rangeRoot(middle, end, subtreeRoot));
}

/** The largest power of two smaller than `length`. No logarithm: it would be rounded for large trees. */
function splitPoint(length: number): number {
  let point = 1;
  while (2 * point < length) point *= 2;
  return point;
}

const half = (n: number): number => Math.floor(n / 2);
const isSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 0;
const areHashes = (proof: readonly Uint8Array[]): boolean => proof.every((hash) => hash.length === hashBytes);
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function requireSize(size: number): void {
  if (!isSize(size)) throw new RangeError(`not a tree size: ${size}`);
}
