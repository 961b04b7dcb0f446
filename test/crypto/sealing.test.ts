import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lengthPrefixed } from '../../src/base/length-prefixed.ts';
import { SaltedAesGcm, saltedOverheadBytes } from '../../src/crypto/salted-aes-gcm.ts';
import { openBox, sealBox } from '../../src/crypto/sealed-box.ts';
import { exposeKeyBytes, takeSecretKey } from '../../src/crypto/secret-key.ts';

const newKey = (fill = 7) => takeSecretKey(Buffer.alloc(32, fill));
const none = Buffer.alloc(0);

test('a native key takes its bytes away from who gave them, and takes back what it lends, also after an error', () => {
  const bytes = Buffer.alloc(32, 9);
  const key = takeSecretKey(bytes);
  assert.ok(bytes.every((byte) => byte === 0));
  let lent: Buffer | undefined;
  exposeKeyBytes(key, (exposed) => {
    assert.deepEqual(exposed, Buffer.alloc(32, 9));
    lent = exposed;
  });
  assert.deepEqual(lent, Buffer.alloc(32));
  assert.throws(() =>
    exposeKeyBytes(key, (exposed) => {
      lent = exposed;
      throw new Error('in use');
    }),
  );
  assert.deepEqual(lent, Buffer.alloc(32));
});

test('a sealed box opens under its key for what it was bound to, and is its overhead longer', () => {
  const box = sealBox(newKey(), Buffer.from('secret'), Buffer.from('row 1'));
  assert.equal(box.length, 6 + 29);
  assert.equal(openBox(newKey(), box, Buffer.from('row 1'))?.toString(), 'secret');
  assert.equal(openBox(newKey(), box, Buffer.from('row 2')), undefined);
  assert.equal(openBox(newKey(8), box, Buffer.from('row 1')), undefined);
});

test('a sealed box with any bit changed or any byte cut does not open', () => {
  const box = sealBox(newKey(), Buffer.from('secret'), none);
  for (let i = 0; i < box.length; i += 1) {
    assert.equal(openBox(newKey(), box.subarray(0, i), none), undefined, `cut at ${i}`);
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = Buffer.from(box);
      changed[i] = (changed[i] ?? 0) ^ (1 << bit);
      assert.equal(openBox(newKey(), changed, none), undefined, `bit ${bit} of byte ${i}`);
    }
  }
  assert.equal(openBox(newKey(), Buffer.concat([box, Buffer.alloc(1)]), none), undefined);
});

test('salted messages repeat neither salt nor IV, and differ for equal plaintexts', () => {
  const cipher = new SaltedAesGcm('test');
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i += 1) {
    const sealed = cipher.seal(newKey(), none, Buffer.from('same'), none);
    for (const part of [sealed.subarray(0, 16), sealed.subarray(16, 28), sealed.subarray(28)]) {
      seen.add(part.toString('hex'));
    }
  }
  assert.equal(seen.size, 6000);
});

test('a salted message opens under its label, key, header and context only', () => {
  const cipher = new SaltedAesGcm('one');
  const header = Buffer.from('HEAD');
  const sealed = cipher.seal(newKey(), header, Buffer.from('text'), Buffer.from('context'));
  assert.equal(sealed.length, header.length + 4 + saltedOverheadBytes);
  assert.equal(cipher.open(newKey(), 4, sealed, Buffer.from('context'))?.toString(), 'text');
  assert.equal(new SaltedAesGcm('two').open(newKey(), 4, sealed, Buffer.from('context')), undefined);
  assert.equal(cipher.open(newKey(8), 4, sealed, Buffer.from('context')), undefined);
  assert.equal(cipher.open(newKey(), 4, sealed, Buffer.from('Context')), undefined);
  assert.equal(cipher.open(newKey(), 4, sealed, none), undefined);
  const otherHeader = Buffer.from(sealed);
  otherHeader.write('head');
  assert.equal(cipher.open(newKey(), 4, otherHeader, Buffer.from('context')), undefined);
});

test('length-prefixed fields never collide when bytes move between them', () => {
  const forms = [
    ['a', 'bc'],
    ['ab', 'c'],
    ['abc'],
    ['abc', ''],
    ['', 'abc'],
    ['a', 'b', 'c'],
    ['\0', 'abc'],
    [],
  ];
  assert.equal(new Set(forms.map((fields) => lengthPrefixed(...fields).toString('hex'))).size, forms.length);
  assert.equal(lengthPrefixed('é', 'x').toString('hex'), '00000002c3a90000000178');
});
