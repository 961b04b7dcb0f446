import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aes256GcmDecrypt, aes256GcmEncrypt, gcmTagBytes } from '../../src/crypto/aes-gcm.ts';
import { takeSecretKey } from '../../src/crypto/secret-key.ts';
import { hex, vectors } from './vectors.ts';

function encrypt(key: Buffer, iv: Buffer, plaintext: Buffer, aad: Buffer): Buffer {
  const out = Buffer.alloc(plaintext.length + gcmTagBytes);
  aes256GcmEncrypt(key, iv, plaintext, aad, out, 0);
  return out;
}

interface NistCase {
  readonly id: string;
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly plaintext?: string;
  readonly ciphertext: string;
  readonly tag: string;
}

test('AES-256-GCM gives the results of the NIST vectors, with native keys and with bytes', () => {
  let refused = 0;
  for (const { id, key, iv, aad, plaintext, ciphertext, tag } of vectors<NistCase>('aes-256-gcm-nist.json')) {
    const opened = aes256GcmDecrypt(hex(key), hex(iv), hex(ciphertext + tag), hex(aad));
    assert.equal(opened?.toString('hex'), plaintext, id);
    if (plaintext === undefined) {
      refused += 1;
      continue;
    }
    assert.equal(encrypt(hex(key), hex(iv), hex(plaintext), hex(aad)).toString('hex'), ciphertext + tag, id);
    const native = takeSecretKey(hex(key));
    assert.equal(
      aes256GcmDecrypt(native, hex(iv), hex(ciphertext + tag), hex(aad))?.toString('hex'),
      plaintext,
    );
  }
  assert.ok(refused >= 40, `only ${refused} cases had to be refused`);
});

interface WycheproofCase {
  readonly tcId: number;
  readonly comment: string;
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
  readonly result: 'valid' | 'invalid';
}

test('AES-256-GCM opens the valid Wycheproof cases with 96-bit IVs and refuses all others', () => {
  const counts = { opened: 0, refused: 0 };
  for (const each of vectors<WycheproofCase>('aes-256-gcm-wycheproof.json')) {
    const [key, iv, aad, msg] = [hex(each.key), hex(each.iv), hex(each.aad), hex(each.msg)];
    const opened = aes256GcmDecrypt(key, iv, hex(each.ct + each.tag), aad);
    // Other sizes of IV are valid GCM, and this server never makes them.
    if (each.result === 'valid' && iv.length === 12) {
      assert.equal(opened?.toString('hex'), each.msg, `${each.tcId} ${each.comment}`);
      assert.equal(encrypt(key, iv, msg, aad).toString('hex'), each.ct + each.tag, `${each.tcId}`);
      counts.opened += 1;
    } else {
      assert.equal(opened, undefined, `${each.tcId} ${each.comment}`);
      counts.refused += 1;
    }
  }
  assert.ok(counts.opened > 30 && counts.refused > 50, JSON.stringify(counts));
});

test('a tag that is cut short does not open, whatever its length', () => {
  const [key, iv] = [Buffer.alloc(32, 1), Buffer.alloc(12, 2)];
  const whole = encrypt(key, iv, Buffer.alloc(0), Buffer.alloc(0));
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(aes256GcmDecrypt(key, iv, whole.subarray(0, length), Buffer.alloc(0)), undefined);
  }
});

test('encryption refuses an IV of another size and an output without room', () => {
  const out = Buffer.alloc(64);
  const none = Buffer.alloc(0);
  const key = Buffer.alloc(32);
  for (const bytes of [0, 8, 11, 13, 16]) {
    assert.throws(() => aes256GcmEncrypt(key, Buffer.alloc(bytes), none, none, out, 0), RangeError);
  }
  assert.throws(() => aes256GcmEncrypt(key, Buffer.alloc(12), Buffer.alloc(49), none, out, 0), RangeError);
  assert.throws(() => aes256GcmEncrypt(key, Buffer.alloc(12), none, none, out, -1), RangeError);
});
