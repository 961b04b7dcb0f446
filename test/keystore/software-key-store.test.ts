import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeSecretKey } from '../../src/crypto/secret-key.ts';
import { encodeBlobHeader } from '../../src/keys/ciphertext-blob.ts';
import { DecryptionFailed, type SealedKeyMaterial } from '../../src/keystore/interface.ts';
import { keySpec, keySpecs } from '../../src/keystore/key-spec.ts';
import { OpenedMaterials } from '../../src/keystore/software/opened-materials.ts';
import { newKey, none, reread, start } from './hierarchy.ts';

const headerOf = (material: SealedKeyMaterial) => encodeBlobHeader(material.keyId, material.materialId);

test('what is encrypted decrypts to the same, from nothing to 4,096 bytes, and after a restart', async () => {
  const { keyStore, disk } = await start();
  const material = await keyStore.generate(newKey());
  const again = (await start(disk)).keyStore;
  for (const bytes of [0, 1, 15, 16, 17, 4095, 4096]) {
    const plaintext = Buffer.alloc(bytes, 0xa5);
    const blob = await keyStore.encrypt(material, headerOf(material), plaintext, Buffer.from('context'));
    assert.deepEqual(await keyStore.decrypt(material, 52, blob, Buffer.from('context')), plaintext);
    assert.deepEqual(await again.decrypt(reread(material), 52, blob, Buffer.from('context')), plaintext);
  }
});

test('the first use of a key opens it, and later ones answer without a promise', async () => {
  const { keyStore } = await start();
  const material = await keyStore.generate(newKey());
  const first = keyStore.encrypt(material, headerOf(material), Buffer.from('x'), none);
  assert.ok(first instanceof Promise);
  const blob = await first;
  assert.ok(keyStore.encrypt(material, headerOf(material), Buffer.from('x'), none) instanceof Uint8Array);
  assert.ok(keyStore.decrypt(reread(material), 52, blob, none) instanceof Buffer);
  keyStore.forget(material.materialId);
  assert.ok(keyStore.decrypt(material, 52, blob, none) instanceof Promise);
});

test('key material that is forgotten while it opens is not kept', async () => {
  const { keyStore } = await start();
  const material = await keyStore.generate(newKey());
  const opening = keyStore.encrypt(material, headerOf(material), Buffer.from('x'), none);
  keyStore.forget(material.materialId);
  await opening;
  assert.ok(keyStore.encrypt(material, headerOf(material), Buffer.from('x'), none) instanceof Promise);
});

test('adopted key material is wiped from where it came, also when it is refused', async () => {
  const { keyStore } = await start();
  for (const bytes of [32, 16, 0, 33]) {
    const plaintext = Buffer.alloc(bytes, 3);
    const adopted = keyStore.adopt(newKey(), plaintext);
    if (bytes === 32) await adopted;
    else await assert.rejects(adopted, /has 32 bytes/);
    assert.ok(plaintext.every((byte) => byte === 0));
  }
});

test('the id of key material depends on the key id and the key material, and on nothing else', async () => {
  const { keyStore } = await start();
  const idOf = async (fill: number, changes: object) =>
    (await keyStore.adopt(newKey(changes), Buffer.alloc(32, fill))).materialId;
  const keyId = 'mrk-1234abcd12ab34cd56ef1234567890ab';
  const id = await idOf(1, { keyId });
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await idOf(1, { keyId, region: 'eu-west-1', accountId: '444455556666' }), id);
  assert.notEqual(await idOf(2, { keyId }), id);
  assert.notEqual(await idOf(1, { keyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }), id);
});

test('generated key material never repeats, nor does its sealed form', async () => {
  const { keyStore } = await start();
  const all = await Promise.all(Array.from({ length: 200 }, () => keyStore.generate(newKey())));
  assert.equal(new Set(all.map(({ materialId }) => materialId)).size, 200);
  assert.equal(new Set(all.map(({ sealed }) => Buffer.from(sealed).toString('hex'))).size, 200);
  assert.ok(all.every(({ sealed }) => sealed.length === 61));
});

test('resealed key material is the same under the current domain key, and the old one may go', async () => {
  const { keyStore, domainKeys, disk } = await start();
  const material = await keyStore.generate(newKey());
  const blob = await keyStore.encrypt(material, headerOf(material), Buffer.from('x'), none);
  await domainKeys.rotate('us-east-1');
  const resealed = await keyStore.reseal(material);
  assert.equal(resealed.domainKeyVersion, 2);
  assert.equal(resealed.materialId, material.materialId);
  await domainKeys.retire('us-east-1', 1);
  const again = (await start(disk)).keyStore;
  assert.equal((await again.decrypt(resealed, 52, blob, none)).toString(), 'x');
  await assert.rejects(
    async () => again.decrypt(material, 52, blob, none),
    /no domain key `us-east-1` version 1/,
  );
});

test('more plaintext than the key spec allows is refused both ways', async () => {
  const { keyStore } = await start();
  const material = await keyStore.generate(newKey());
  const header = headerOf(material);
  await assert.rejects(async () => keyStore.encrypt(material, header, Buffer.alloc(4097), none), RangeError);
  await assert.rejects(
    async () => keyStore.decrypt(material, 52, Buffer.alloc(52 + 44 + 4097), none),
    DecryptionFailed,
  );
});

test('a key spec without a row is refused by name', async () => {
  const { keyStore } = await start();
  await assert.rejects(keyStore.generate(newKey({ keySpec: 'RSA_2048' })), /RSA_2048 is not supported/);
  assert.equal(keySpec('constructor'), undefined);
  assert.deepEqual(
    keySpecs.map(({ name }) => name),
    ['SYMMETRIC_DEFAULT'],
  );
});

test('no more key material is open than the bound allows, and what is in use stays', async () => {
  const opened = new OpenedMaterials(3);
  const material = (name: string, region = 'r'): SealedKeyMaterial => ({
    ...newKey({ region }),
    materialId: name,
    domainKeyVersion: 1,
    sealed: Buffer.from(name),
  });
  const algorithm = keySpecs[0]?.encryptionAlgorithms[0];
  assert.ok(algorithm !== undefined);
  const keep = (each: SealedKeyMaterial) =>
    opened.keep(each, { key: takeSecretKey(Buffer.alloc(32)), algorithm });
  const [a, b, c, d, e] = [material('a'), material('b'), material('c'), material('d'), material('e')];
  for (const each of [a, b, c]) keep(each);
  opened.find(a);
  keep(d);
  assert.deepEqual(
    [a, b, c, d].map((each) => opened.find(each) !== undefined),
    [true, false, true, true],
  );
  keep(e);
  assert.equal(opened.size, 3);
  // The same key material in another Region is kept beside it, and forgotten with it.
  const wide = new OpenedMaterials(10);
  for (const region of ['r', 's']) {
    wide.keep(material('x', region), { key: takeSecretKey(Buffer.alloc(32)), algorithm });
  }
  assert.equal(wide.size, 2);
  wide.forget('x');
  assert.equal(wide.size, 0);
});

test('with room for one open key, a thousand keys in turn all work', async () => {
  const { keyStore } = await start(undefined, 1);
  const keys = await Promise.all(Array.from({ length: 1000 }, () => keyStore.generate(newKey())));
  for (const material of keys) {
    const blob = await keyStore.encrypt(material, headerOf(material), Buffer.from('x'), none);
    assert.equal((await keyStore.decrypt(material, 52, blob, none)).toString(), 'x');
  }
});
