/**
 * The Merkle tree of RFC 6962 §2.1 over SHA-256, grown at its right edge. Only the roots of the
 * perfect subtrees (the compact range) are kept: at most 53 hashes, however large the tree.
 */
import { sha256 } from '../crypto/hash.ts';

export const hashBytes = 32;

/** MTH({}): the root of the tree without leaves. */
export const emptyRoot: Uint8Array = sha256('');

const leafPrefix = 0x00;
const nodePrefix = 0x01;

export function hashLeaf(record: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(1 + record.length);
  prefixed[0] = leafPrefix;
  prefixed.set(record, 1);
  return sha256(prefixed);
}

/** The same without a copy, for a caller that already keeps the 0x00 of RFC 6962 in front of the record. */
export const hashPrefixedLeaf = (prefixed: Uint8Array): Buffer => sha256(prefixed);

const nodeInput = Buffer.alloc(1 + 2 * hashBytes);
nodeInput[0] = nodePrefix;

export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  // One input buffer for all nodes: it is filled and hashed without yielding in between.
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + hashBytes);
  return sha256(nodeInput);
}

/** How many hashes the compact range of a tree of `size` leaves has: the ones in its binary form. */
export function compactRangeLength(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}

export class CompactRange {
  #size: number;
  /** Roots of the perfect subtrees from left to right: strictly falling sizes. */
  readonly #hashes: Uint8Array[];

  /** The empty tree, or the tree that `hashes` (as of `hashes` below) describe. */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`not a tree size: ${size}`);
    if (hashes.length !== compactRangeLength(size)) {
      throw new RangeError(
        `a tree of ${size} leaves has ${compactRangeLength(size)} subtrees, not ${hashes.length}`,
      );
    }
    if (hashes.some((hash) => hash.length !== hashBytes)) throw new RangeError('a subtree hash has 32 bytes');
    this.#size = size;
    this.#hashes = hashes.map((hash) => Uint8Array.from(hash));
  }

  get size(): number {
    return this.#size;
  }

  get hashes(): readonly Uint8Array[] {
    return this.#hashes;
  }

  append(leafHash: Uint8Array): void {
    let hash = leafHash;
    // Each trailing one of the size is a perfect subtree as large as the one just completed.
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#hashes.pop();
      if (left === undefined) throw new Error('compact range shorter than its size');
      hash = hashNode(left, hash);
    }
    this.#hashes.push(hash);
    this.#size += 1;
  }

  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (let i = this.#hashes.length - 1; i >= 0; i -= 1) {
      const hash = this.#hashes[i];
      if (hash !== undefined) root = root === undefined ? hash : hashNode(hash, root);
    }
    return root ?? emptyRoot;
  }

  /** True when the two describe the same tree. */
  equals(other: CompactRange): boolean {
    return (
      this.#size === other.#size &&
      this.#hashes.every((hash, i) => Buffer.compare(hash, other.#hashes[i] ?? new Uint8Array()) === 0)
    );
  }
}
