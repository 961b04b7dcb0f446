import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { encodeBlobHeader } from '../../src/keys/ciphertext-blob.ts';
import { encodeEncryptionContext } from '../../src/keys/encryption-context.ts';
import { DecryptionFailed, type KeyStore, type SealedKeyMaterial } from '../../src/keystore/interface.ts';
import { newKey, none, start } from './hierarchy.ts';

async function sealed(context: ReadonlyMap<string, string> = new Map()) {
  const { keyStore } = await start();
  const key = newKey();
  const material = await keyStore.generate(key);
  const encoded = encodeEncryptionContext(context);
  const encrypt = (each: SealedKeyMaterial) =>
    keyStore.encrypt(each, encodeBlobHeader(each.keyId, each.materialId), Buffer.from('secret'), encoded);
  return { keyStore, material, encoded, encrypt, blob: Buffer.from(await encrypt(material)) };
}

/** What a caller could see of a refusal. The stack names lines of code, never which check failed. */
async function refusal(
  keyStore: KeyStore,
  material: SealedKeyMaterial,
  blob: Uint8Array,
  context: Uint8Array = none,
) {
  try {
    await keyStore.decrypt(material, 52, blob, context);
  } catch (error) {
    assert.ok(error instanceof DecryptionFailed, inspect(error));
    const { stack, ...visible } = error;
    return `${error.message} ${inspect(visible)} ${stack?.split('\n')[1]?.trim()}`;
  }
  return assert.fail('it was opened');
}

test('a blob with any bit changed at any byte does not open', async () => {
  const { keyStore, material, blob } = await sealed();
  for (let i = 0; i < blob.length; i += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = Buffer.from(blob);
      changed[i] = (changed[i] ?? 0) ^ (1 << bit);
      await refusal(keyStore, material, changed);
    }
  }
});

test('a blob that was cut at any byte, or made longer, does not open', async () => {
  const { keyStore, material, blob } = await sealed();
  for (let i = 0; i < blob.length; i += 1) {
    await refusal(keyStore, material, blob.subarray(0, i));
    await refusal(keyStore, material, blob.subarray(i + 1));
  }
  await refusal(keyStore, material, Buffer.concat([blob, Buffer.alloc(1)]));
  await refusal(keyStore, material, Buffer.concat([blob, blob]));
});

test('a ciphertext that was swapped between two keys does not open, with its own header or the other', async () => {
  const { keyStore, material, encrypt, blob } = await sealed();
  const other = await keyStore.generate(newKey());
  const foreign = Buffer.from(await encrypt(other));
  await refusal(keyStore, material, foreign);
  await refusal(keyStore, other, blob);
  await refusal(keyStore, material, Buffer.concat([blob.subarray(0, 52), foreign.subarray(52)]));
  await refusal(keyStore, other, Buffer.concat([foreign.subarray(0, 52), blob.subarray(52)]));
});

test('salt, IV, ciphertext and tag of two blobs under one key do not mix', async () => {
  const { keyStore, material, encrypt, blob } = await sealed();
  const second = Buffer.from(await encrypt(material));
  const cuts = [52, 68, 80, 86, 102];
  for (let parts = 1; parts < 15; parts += 1) {
    const mixed = Buffer.from(blob);
    for (let part = 0; part < 4; part += 1) {
      if ((parts & (1 << part)) !== 0)
        second.copy(mixed, cuts[part] ?? 0, cuts[part] ?? 0, cuts[part + 1] ?? 0);
    }
    await refusal(keyStore, material, mixed);
  }
});

test('only the exact encryption context opens a blob, in any order', async () => {
  const context = new Map([
    ['tenant', '12'],
    ['app', 'x'],
  ]);
  const { keyStore, material, blob } = await sealed(context);
  const opens = encodeEncryptionContext(new Map([...context].reverse()));
  assert.equal((await keyStore.decrypt(material, 52, blob, opens)).toString(), 'secret');
  const wrong: ReadonlyArray<ReadonlyArray<readonly [string, string]>> = [
    [],
    [['tenant', '12']],
    [
      ['tenant', '12'],
      ['app', 'x'],
      ['more', ''],
    ],
    [
      ['tenant', '1'],
      ['app', '2x'],
    ],
    [
      ['tenant', '12'],
      ['app', 'X'],
    ],
    [
      ['Tenant', '12'],
      ['app', 'x'],
    ],
    [
      ['tenant', 'x'],
      ['app', '12'],
    ],
    [
      ['tenant1', '2'],
      ['app', 'x'],
    ],
    [
      ['ap', 'px'],
      ['tenant', '12'],
    ],
    [['app', 'x\0\u0006tenant\0\u000212']],
  ];
  for (const each of wrong) await refusal(keyStore, material, blob, encodeEncryptionContext(new Map(each)));
});

test('bytes do not move between the header and the encryption context', async () => {
  const { keyStore, material, encoded, blob } = await sealed(new Map([['a', 'b']]));
  // The same additional data in all, cut at another place.
  const joined = Buffer.concat([blob.subarray(0, 52), encoded]);
  for (const headerBytes of [51, 53, 58]) {
    const moved = Buffer.concat([joined.subarray(0, headerBytes), blob.subarray(52)]);
    try {
      await keyStore.decrypt(material, 52, moved, joined.subarray(headerBytes));
      assert.fail('it was opened');
    } catch (error) {
      assert.ok(error instanceof DecryptionFailed);
    }
  }
});

test('every refusal to decrypt looks the same, whatever its reason', async () => {
  const { keyStore, material, encrypt, blob } = await sealed();
  const other = await keyStore.generate(newKey());
  await encrypt(other);
  const flipped = (at: number) => {
    const changed = Buffer.from(blob);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  };
  const seen = new Set<string>();
  seen.add(await refusal(keyStore, material, blob, Buffer.from('other context')));
  for (const at of [30, 60, 75, 82, 100]) seen.add(await refusal(keyStore, material, flipped(at)));
  seen.add(await refusal(keyStore, material, blob.subarray(0, 10)));
  seen.add(await refusal(keyStore, material, Buffer.alloc(0)));
  seen.add(await refusal(keyStore, material, Buffer.alloc(6000)));
  seen.add(await refusal(keyStore, other, blob));
  assert.equal(seen.size, 1, [...seen].join('\n'));
});
