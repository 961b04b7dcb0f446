import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBlobHeader } from '../../src/keys/ciphertext-blob.ts';
import type { KeyStore, SealedKeyMaterial } from '../../src/keystore/interface.ts';
import { KeyMaterialBroken } from '../../src/keystore/software/key-store.ts';
import { newKey, none, reread, start } from './hierarchy.ts';

const use = async (keyStore: KeyStore, material: SealedKeyMaterial) =>
  keyStore.encrypt(material, encodeBlobHeader(material.keyId, 'ab'.repeat(32)), Buffer.from('x'), none);

const otherId = '00000000-1111-4222-8333-444444444444';

for (const state of ['closed', 'open'] as const) {
  const prepared = async () => {
    const { keyStore, domainKeys } = await start();
    await domainKeys.current('eu-west-1');
    const [material, other] = [await keyStore.generate(newKey()), await keyStore.generate(newKey())];
    // When the rightful keys are open already, a moved row must not find them.
    if (state === 'open') for (const each of [material, other]) await use(keyStore, each);
    return { keyStore, domainKeys, material, other };
  };

  for (const [what, changes] of [
    ['another account', { accountId: '444455556666' }],
    ['another Region', { region: 'eu-west-1' }],
    ['another key', { keyId: otherId }],
    ['another key material id', { materialId: 'cd'.repeat(32) }],
  ] as const) {
    test(`a key material row that was moved to ${what} does not open (${state})`, async () => {
      const { keyStore, material } = await prepared();
      const moved = { ...reread(material), ...changes };
      await assert.rejects(use(keyStore, moved), KeyMaterialBroken);
      await assert.rejects(keyStore.reseal(moved), KeyMaterialBroken);
      await use(keyStore, material);
    });
  }

  test(`a key material row under another key spec does not open (${state})`, async () => {
    const { keyStore, material } = await prepared();
    await assert.rejects(use(keyStore, { ...reread(material), keySpec: 'HMAC_256' }));
    await assert.rejects(keyStore.reseal({ ...reread(material), keySpec: 'HMAC_256' }), KeyMaterialBroken);
  });

  test(`sealed bytes that were swapped between two keys open for neither (${state})`, async () => {
    const { keyStore, material, other } = await prepared();
    await assert.rejects(use(keyStore, { ...reread(material), sealed: other.sealed }), KeyMaterialBroken);
    await assert.rejects(use(keyStore, { ...reread(other), sealed: material.sealed }), KeyMaterialBroken);
    await use(keyStore, material);
    await use(keyStore, other);
  });

  test(`a row that names another domain key version does not open (${state})`, async () => {
    const { keyStore, domainKeys, material } = await prepared();
    await domainKeys.rotate('us-east-1');
    await assert.rejects(use(keyStore, { ...reread(material), domainKeyVersion: 2 }), KeyMaterialBroken);
    await assert.rejects(use(keyStore, { ...reread(material), domainKeyVersion: 3 }), /no domain key/);
  });

  test(`sealed bytes with any byte changed or cut do not open (${state})`, async () => {
    const { keyStore, material } = await prepared();
    for (let i = 0; i < material.sealed.length; i += 1) {
      const sealed = Buffer.from(material.sealed);
      sealed[i] = (sealed[i] ?? 0) ^ 0x10;
      await assert.rejects(use(keyStore, { ...material, sealed }), KeyMaterialBroken, `byte ${i}`);
      const cut = { ...material, sealed: material.sealed.subarray(0, i) };
      await assert.rejects(use(keyStore, cut), KeyMaterialBroken, `cut at ${i}`);
    }
  });
}

test('fields that run into each other when they are joined do not open each other', async () => {
  const { keyStore } = await start();
  const material = await keyStore.generate(newKey({ accountId: '111122223333', keyId: otherId }));
  const moved = { ...material, accountId: `111122223333${material.region}`, region: '' };
  await assert.rejects(keyStore.reseal(moved), (error) => error instanceof Error);
});

test('the error tells which key material is broken and holds no byte of it', async () => {
  const { keyStore } = await start();
  const material = await keyStore.adopt(newKey(), Buffer.alloc(32, 0x6b));
  const error: unknown = await use(keyStore, { ...material, keyId: otherId }).catch((e) => e);
  assert.ok(error instanceof KeyMaterialBroken);
  assert.match(error.message, new RegExp(`${material.materialId} of key ${otherId} does not open`));
  assert.equal(`${error.message}${error.stack}${JSON.stringify(error)}`.includes('kkkk'), false);
});
