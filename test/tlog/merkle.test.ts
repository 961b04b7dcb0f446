import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { CompactRange, emptyRoot, hashLeaf, hashNode } from '../../src/tlog/merkle.ts';
import {
  consistencyProof,
  inclusionProof,
  type SubtreeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/tlog/proof.ts';
import { auditPath, consistency, treeHash } from './naive-tree.ts';

const seed = Number(process.env.HOLDFAST_SEED ?? Date.now() % 2 ** 31);
console.log(`HOLDFAST_SEED=${seed}`);

interface GoVectors {
  readonly roots: readonly string[];
  readonly inclusion: readonly {
    readonly Index: number;
    readonly Size: number;
    readonly Proof: readonly string[];
  }[];
  readonly consistency: readonly {
    readonly Old: number;
    readonly Size: number;
    readonly Proof: readonly string[];
  }[];
}
const go: GoVectors = JSON.parse(readFileSync(new URL('go-sumdb.json', import.meta.url), 'utf8'));

const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');
const unhex = (text: string): Buffer => Buffer.from(text, 'hex');
const hashesOf = (proof: readonly string[]): Buffer[] => proof.map(unhex);

function rootOf(records: readonly Uint8Array[]): Uint8Array {
  const range = new CompactRange();
  for (const record of records) range.append(hashLeaf(record));
  return range.root();
}

function subtreesOf(leafHashes: readonly Uint8Array[]): SubtreeRoot {
  const subtreeRoot: SubtreeRoot = (level, index) => {
    if (level > 0) return hashNode(subtreeRoot(level - 1, 2 * index), subtreeRoot(level - 1, 2 * index + 1));
    const leaf = leafHashes[index];
    assert.ok(leaf, `leaf ${index}`);
    return leaf;
  };
  return subtreeRoot;
}

const goRecords = go.roots.map((_root, i) => Buffer.from(`record ${i}`));
const goLeafHashes = goRecords.map(hashLeaf);
const goRoot = (size: number): Buffer => unhex(go.roots[size - 1] ?? '');

// The well-known tree of Certificate Transparency (transparency-dev/merkle v0.0.2, testonly/constants.go).
const ctLeaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ctRoots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('the empty tree has the root of RFC 6962', () => {
  assert.equal(hex(emptyRoot), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(hex(new CompactRange().root()), hex(emptyRoot));
});

for (const [i, root] of ctRoots.entries()) {
  test(`the Certificate Transparency tree of ${i + 1} leaves has its published root`, () => {
    assert.equal(hex(rootOf(ctLeaves.slice(0, i + 1).map(unhex))), root);
  });
}

test('every root up to 300 leaves equals the one of the Go checksum database', () => {
  const range = new CompactRange();
  for (const [i, leafHash] of goLeafHashes.entries()) {
    range.append(leafHash);
    assert.equal(hex(range.root()), go.roots[i], `size ${i + 1}`);
  }
});

test('every inclusion proof equals the one of the Go checksum database and verifies', () => {
  assert.ok(go.inclusion.length > 100);
  for (const { Index, Size, Proof } of go.inclusion) {
    const proof = inclusionProof(Index, Size, subtreesOf(goLeafHashes));
    assert.deepEqual(proof.map(hex), Proof, `leaf ${Index} of ${Size}`);
    const leaf = goLeafHashes[Index];
    assert.ok(leaf && verifyInclusion(leaf, Index, Size, goRoot(Size), proof));
  }
});

test('every consistency proof equals the one of the Go checksum database and verifies', () => {
  assert.ok(go.consistency.length > 100);
  for (const { Old, Size, Proof } of go.consistency) {
    const proof = consistencyProof(Old, Size, subtreesOf(goLeafHashes));
    assert.deepEqual(proof.map(hex), Proof, `${Old} in ${Size}`);
    assert.ok(verifyConsistency(Old, Size, goRoot(Old), goRoot(Size), hashesOf(Proof)));
  }
});

const records = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 70 });

test('roots and proofs equal those of the definition word for word', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.nat(), (d, a, b) => {
      const leafHashes = d.map(hashLeaf);
      assert.equal(hex(rootOf(d)), hex(treeHash(d)));
      const index = a % d.length;
      assert.deepEqual(
        inclusionProof(index, d.length, subtreesOf(leafHashes)).map(hex),
        auditPath(index, d).map(hex),
      );
      const old = 1 + (b % d.length);
      assert.deepEqual(
        consistencyProof(old, d.length, subtreesOf(leafHashes)).map(hex),
        consistency(old, d).map(hex),
      );
    }),
    { seed, numRuns: 300 },
  );
});

test('a proof with any part changed does not verify', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.nat(), fc.nat(), (d, a, b, c) => {
      const leafHashes = d.map(hashLeaf);
      const root = treeHash(d);
      const index = a % d.length;
      const leaf = leafHashes[index];
      assert.ok(leaf);
      const proof = inclusionProof(index, d.length, subtreesOf(leafHashes));
      assert.ok(verifyInclusion(leaf, index, d.length, root, proof));
      assert.ok(!verifyInclusion(flip(leaf, b), index, d.length, root, proof));
      assert.ok(!verifyInclusion(leaf, index, d.length, flip(root, b), proof));
      assert.ok(!verifyInclusion(leaf, index, d.length, root, [...proof, root]));
      assert.ok(!verifyInclusion(leaf, d.length + index, d.length, root, proof));
      if (proof.length > 0) {
        assert.ok(!verifyInclusion(leaf, index, d.length, root, proof.slice(1)));
        const changed = proof.map((hash, i) => (i === c % proof.length ? flip(hash, b) : hash));
        assert.ok(!verifyInclusion(leaf, index, d.length, root, changed));
      }
      const old = 1 + (b % d.length);
      const oldRoot = treeHash(d.slice(0, old));
      const between = consistencyProof(old, d.length, subtreesOf(leafHashes));
      assert.ok(verifyConsistency(old, d.length, oldRoot, root, between));
      assert.ok(!verifyConsistency(old, d.length, flip(oldRoot, c), root, between));
      assert.ok(!verifyConsistency(old, d.length, oldRoot, flip(root, c), between));
      assert.ok(!verifyConsistency(old, d.length, oldRoot, root, [...between, root]));
      if (between.length > 0) {
        const changed = between.map((hash, i) => (i === c % between.length ? flip(hash, a) : hash));
        assert.ok(!verifyConsistency(old, d.length, oldRoot, root, changed));
      }
    }),
    { seed, numRuns: 300 },
  );
});

test('a compact range taken up again in the middle grows to the same roots', () => {
  fc.assert(
    fc.property(records, fc.nat(), (d, a) => {
      const cut = a % (d.length + 1);
      const first = new CompactRange();
      for (const record of d.slice(0, cut)) first.append(hashLeaf(record));
      const second = new CompactRange(first.size, first.hashes);
      for (const record of d.slice(cut)) second.append(hashLeaf(record));
      assert.equal(hex(second.root()), hex(treeHash(d)));
    }),
    { seed, numRuns: 200 },
  );
});

test('sizes beyond 32 bits are counted exactly', () => {
  const hashes = Array.from({ length: 52 }, (_, i) => hashLeaf(Buffer.of(i)));
  const range = new CompactRange(2 ** 52 - 1, hashes);
  range.append(hashLeaf(Buffer.from('last')));
  assert.equal(range.size, 2 ** 52);
  assert.equal(range.hashes.length, 1);
  const proof = inclusionProof(2 ** 52 - 2, 2 ** 52 - 1, (level, index) =>
    hashLeaf(Buffer.from(`${level}/${index}`)),
  );
  assert.equal(proof.length, 51);
});

test('a compact range that does not fit its size is refused', () => {
  assert.throws(() => new CompactRange(3, [hashLeaf(Buffer.of(1))]), RangeError);
  assert.throws(() => new CompactRange(1, [Buffer.alloc(31)]), RangeError);
  assert.throws(() => new CompactRange(-1), RangeError);
});

function flip(hash: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(hash);
  const at = bit % (8 * copy.length);
  copy[at >> 3] = (copy[at >> 3] ?? 0) ^ (1 << (at & 7));
  return copy;
}
