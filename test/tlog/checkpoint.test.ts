import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  ed25519PublicKey,
  exposeEd25519PrivateKey,
  generateEd25519PrivateKey,
  importEd25519PrivateKey,
} from '../../src/crypto/ed25519.ts';
import { openCheckpoint, parseCheckpointText, signCheckpoint } from '../../src/tlog/checkpoint.ts';
import { ed25519NoteSigner, InvalidNote, openNote, parseVerifierKey, signNote } from '../../src/tlog/note.ts';
import { encodeEntryBundle, parseTilePath, tileOfSubtree, tilePath, tilesOf } from '../../src/tlog/tile.ts';

interface GoVectors {
  readonly note: { seed: string; publicKey: string; verifierKey: string; text: string; signed: string };
  readonly tiles: readonly { Level: number; Index: number; Width: number; Path: string }[];
}
const go: GoVectors = JSON.parse(readFileSync(new URL('go-sumdb.json', import.meta.url), 'utf8'));

const key = createPrivateKey({
  key: {
    kty: 'OKP',
    crv: 'Ed25519',
    d: Buffer.from(go.note.seed, 'hex').toString('base64url'),
    x: Buffer.from(go.note.publicKey, 'hex').toString('base64url'),
  },
  format: 'jwk',
});
const origin = 'holdfast.example/log';
const signer = ed25519NoteSigner(origin, key);
const verifier = parseVerifierKey(go.note.verifierKey);
const other = ed25519NoteSigner(origin, generateEd25519PrivateKey());

test('a checkpoint is byte for byte the note that Go signs with the same key', () => {
  assert.equal(signer.verifier.verifierKey, go.note.verifierKey);
  const checkpoint = parseCheckpointText(go.note.text);
  assert.equal(checkpoint.size, 300);
  assert.equal(signCheckpoint(checkpoint, [signer]), go.note.signed);
});

test('the note of the Go documentation opens with its published key', () => {
  const published = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
  const text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const note = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
  const opened = openNote(note, [published]);
  assert.equal(opened.text, text);
  assert.deepEqual(opened.signedBy, [published]);
});

test('the checkpoint of the C2SP document is read as it says', () => {
  const checkpoint = parseCheckpointText(
    'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n',
  );
  assert.equal(checkpoint.origin, 'example.com/behind-the-sofa');
  assert.equal(checkpoint.size, 20852163);
});

test('a checkpoint with any byte changed is refused', () => {
  const note = Buffer.from(go.note.signed);
  for (let i = 0; i < note.length; i += 1) {
    const changed = Buffer.from(note);
    changed[i] = (changed[i] ?? 0) ^ 0x01;
    assert.throws(
      () => openCheckpoint(changed.toString('utf8'), origin, [verifier]),
      InvalidNote,
      `byte ${i}`,
    );
  }
});

test('a checkpoint cut anywhere is refused', () => {
  for (let i = 0; i < go.note.signed.length; i += 1) {
    assert.throws(
      () => openCheckpoint(go.note.signed.slice(0, i), origin, [verifier]),
      InvalidNote,
      `length ${i}`,
    );
  }
});

test('a checkpoint of another key with the same name, or of another log, is refused', () => {
  const checkpoint = parseCheckpointText(go.note.text);
  assert.throws(() => openCheckpoint(signCheckpoint(checkpoint, [other]), origin, [verifier]), InvalidNote);
  const elsewhere = signCheckpoint({ ...checkpoint, origin: 'holdfast.example/other' }, [signer]);
  assert.throws(() => openCheckpoint(elsewhere, origin, [verifier]), InvalidNote);
});

test('signatures of unknown keys are ignored beside a known one', () => {
  const note = signCheckpoint(parseCheckpointText(go.note.text), [other, signer]);
  assert.equal(openCheckpoint(note, origin, [verifier]).size, 300);
  assert.deepEqual(openNote(note, [verifier, other.verifier]).signedBy.length, 2);
});

for (const [title, text] of [
  ['a size with a leading zero', 'a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
  ['a negative size', 'a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
  ['a size beyond exact numbers', 'a\n9999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
  ['an empty origin', '\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
  ['a short root', 'a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n'],
  ['base64 without padding', 'a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n'],
  ['an empty extension line', 'a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n'],
  ['no final newline', 'a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='],
] as const) {
  test(`a checkpoint with ${title} is refused`, () => {
    assert.throws(() => parseCheckpointText(text), InvalidNote);
  });
}

for (const [title, text] of [
  ['a name with a space', 'a b+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
  ['a key id that does not match', 'PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
  ['another signature type', 'PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
  ['a short key', 'PeterNeumann+c74f20a3+ARpc2QcU'],
  ['no key', 'PeterNeumann+c74f20a3'],
] as const) {
  test(`a verifier key with ${title} is refused`, () => {
    assert.throws(() => parseVerifierKey(text), InvalidNote);
  });
}

test('a note text with control characters is not signed', () => {
  assert.throws(() => signNote('tab\there\n', [signer]), InvalidNote);
});

test('a private key survives its stored form', () => {
  const stored = exposeEd25519PrivateKey(key);
  assert.deepEqual(ed25519PublicKey(importEd25519PrivateKey(stored)), ed25519PublicKey(key));
});

test('tile paths are those of Go, without its height element', () => {
  assert.ok(go.tiles.length > 10);
  for (const { Level, Index, Width, Path } of go.tiles) {
    const path = Path.replace('tile/8/', 'tile/');
    const tile = { level: Level, index: Index, width: Width };
    assert.equal(tilePath(tile), path);
    assert.deepEqual(parseTilePath(path), tile);
  }
});

test('a tree of 70,000 leaves has the tiles that the C2SP document counts', () => {
  const tiles = [...tilesOf(70_000)];
  const full = (level: number): number =>
    tiles.filter((tile) => tile.level === level && tile.width === 256).length;
  assert.deepEqual([full(0), full(1), full(2)], [273, 1, 0]);
  assert.deepEqual(
    tiles.filter((tile) => tile.width < 256).map(({ level, width }) => [level, width]),
    [
      [0, 112],
      [1, 17],
      [2, 1],
    ],
  );
  assert.equal([...tilesOf(256)].length, 2);
  assert.equal([...tilesOf(0)].length, 0);
});

for (const path of [
  'tile/0/1',
  'tile/00/001',
  'tile/64/001',
  'tile/0/x000/001',
  'tile/0/001.p/0',
  'tile/0/001.p/256',
  'tile/0/001.p/01',
  'tile/0/../001',
  'tile/0/001/',
]) {
  test(`${path} is not the path of a tile`, () => assert.equal(parseTilePath(path), undefined));
}

test('a subtree is found in the tile that holds its parts', () => {
  assert.deepEqual(tileOfSubtree(0, 300, 301), {
    tile: { level: 0, index: 1, width: 45 },
    start: 44,
    end: 45,
  });
  assert.deepEqual(tileOfSubtree(3, 2, 256), {
    tile: { level: 0, index: 0, width: 256 },
    start: 16,
    end: 24,
  });
  assert.deepEqual(tileOfSubtree(8, 1, 600), { tile: { level: 1, index: 0, width: 2 }, start: 1, end: 2 });
  assert.throws(() => tileOfSubtree(0, 301, 301), RangeError);
});

test('an entry bundle holds each record after its 16-bit length', () => {
  assert.equal(encodeEntryBundle([Buffer.from('ab'), Buffer.alloc(0)]).toString('hex'), '000261620000');
  assert.throws(() => encodeEntryBundle([Buffer.alloc(65_536)]), RangeError);
});
