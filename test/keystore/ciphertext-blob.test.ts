import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { blobHeaderBytes, encodeBlobHeader, parseBlob } from '../../src/keys/ciphertext-blob.ts';
import { encodeEncryptionContext } from '../../src/keys/encryption-context.ts';
import { hex, vectors } from '../crypto/vectors.ts';
import { newKey, none, start } from './hierarchy.ts';

interface BlobCase {
  readonly keyId: string;
  readonly keyMaterial: string;
  readonly materialId: string;
  readonly context: Readonly<Record<string, string>>;
  readonly plaintext: string;
  readonly blob: string;
}

const cases = vectors<BlobCase>('ciphertext-blob.json');

test('blobs that were made from the document alone are opened, and their key material gets the id they name', async () => {
  const { keyStore } = await start();
  for (const { keyId, keyMaterial, materialId, context, plaintext, blob } of cases) {
    const material = await keyStore.adopt(newKey({ keyId }), hex(keyMaterial));
    assert.equal(material.materialId, materialId);
    const parsed = parseBlob(hex(blob));
    assert.deepEqual(parsed, { keyId, materialId, headerBytes: blobHeaderBytes });
    assert.deepEqual(encodeBlobHeader(keyId, materialId), hex(blob).subarray(0, blobHeaderBytes));
    const encoded = encodeEncryptionContext(new Map(Object.entries(context)));
    const opened = await keyStore.decrypt(material, blobHeaderBytes, hex(blob), encoded);
    assert.equal(opened.toString('hex'), plaintext);
  }
});

test('a decryptor written from the document alone opens what this server encrypts', async () => {
  const { keyStore } = await start();
  for (const { keyId, keyMaterial, materialId, context } of cases) {
    const material = await keyStore.adopt(newKey({ keyId }), hex(keyMaterial));
    const encoded = encodeEncryptionContext(new Map(Object.entries(context)));
    for (const bytes of [1, 32, 4096]) {
      const plaintext = Buffer.alloc(bytes, bytes);
      const header = encodeBlobHeader(keyId, materialId);
      const blob = Buffer.from(await keyStore.encrypt(material, header, plaintext, encoded)).toString('hex');
      assert.deepEqual(decryptIndependently({ keyMaterial, blob, context }), {
        keyId,
        materialId,
        plaintext: plaintext.toString('hex'),
      });
      assert.equal(decryptIndependently({ keyMaterial, blob, context: { ...context, more: '' } }), undefined);
    }
  }
});

/** Undefined when the blob does not open; any other trouble is an error. */
function decryptIndependently(input: object): unknown {
  const root = new URL('../..', import.meta.url).pathname;
  const environment = `${root}.cache/venv/bin/python`;
  const { status, stdout, stderr } = spawnSync(
    existsSync(environment) ? environment : 'python3',
    [`${root}test/keystore/decrypt-blob.py`],
    { input: JSON.stringify(input), encoding: 'utf8' },
  );
  if (status === 1 && stderr === '') return undefined;
  assert.equal(status, 0, `the Python decryptor failed; \`make test\` installs what it needs\n${stderr}`);
  return JSON.parse(stdout);
}

test('the largest plaintext gives a blob within the bound of the API', async () => {
  const { keyStore } = await start();
  const key = newKey();
  const material = await keyStore.generate(key);
  const header = encodeBlobHeader(key.keyId, material.materialId);
  const blob = await keyStore.encrypt(material, header, Buffer.alloc(4096), none);
  assert.equal(blob.length, 4192);
  assert.ok(blob.length <= 6144);
});

test('only a whole blob of this format is taken for one', () => {
  const good = hex(cases[0]?.blob ?? '');
  assert.ok(parseBlob(good) !== undefined);
  for (let length = 0; length < 96; length += 1) assert.equal(parseBlob(good.subarray(0, length)), undefined);
  assert.ok(parseBlob(good.subarray(0, 96)) !== undefined);
  assert.ok(parseBlob(Buffer.concat([good, Buffer.alloc(6144 - good.length)])) !== undefined);
  assert.equal(parseBlob(Buffer.concat([good, Buffer.alloc(6145 - good.length)])), undefined);
  for (const [at, values] of [
    [0, [0x00, 0x68]],
    [1, [0x00, 0x66]],
    [2, [0, 2, 255]],
    [3, [2, 128, 255]],
  ] as const) {
    for (const value of values) {
      const changed = Buffer.from(good);
      changed[at] = value;
      assert.equal(parseBlob(changed), undefined, `byte ${at} = ${value}`);
    }
  }
  // What the service itself returns begins otherwise.
  assert.equal(parseBlob(Buffer.concat([hex('01020200'), Buffer.alloc(180, 7)])), undefined);
});

test('a blob that is a part of a larger buffer is read from its own first byte', () => {
  const good = hex(cases[0]?.blob ?? '');
  const large = new Uint8Array(good.length + 20).fill(0x48);
  large.set(good, 7);
  assert.deepEqual(parseBlob(large.subarray(7, 7 + good.length)), parseBlob(good));
});

test('a header is made for key ids in the two forms and for key material ids, and for nothing else', () => {
  const materialId = 'ab'.repeat(32);
  const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';
  for (const wrong of [
    '',
    'x',
    keyId.toUpperCase(),
    `${keyId}0`,
    'mrk-12',
    `mrk-${'A'.repeat(32)}`,
    `alias/x`,
  ]) {
    assert.throws(() => encodeBlobHeader(wrong, materialId), RangeError);
  }
  for (const wrong of ['', 'ab'.repeat(31), 'AB'.repeat(32), `${materialId}\n`]) {
    assert.throws(() => encodeBlobHeader(keyId, wrong), RangeError);
  }
});
