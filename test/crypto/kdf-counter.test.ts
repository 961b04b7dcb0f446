import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hmacSha256 } from '../../src/crypto/hmac.ts';
import { fixedInput, kdfCounter, kdfCounter256 } from '../../src/crypto/kdf-counter.ts';
import { takeSecretKey } from '../../src/crypto/secret-key.ts';
import { hex, vectors } from './vectors.ts';

interface KdfCase {
  readonly count: number;
  readonly bits: number;
  readonly key: string;
  readonly fixedInput: string;
  readonly derived: string;
}

test('the counter-mode KDF gives the results of all NIST vectors for HMAC-SHA-256 and a 32-bit counter in front', () => {
  for (const each of vectors<KdfCase>('sp800-108-counter-hmac-sha256.json')) {
    const derived = kdfCounter(takeSecretKey(hex(each.key)), hex(each.fixedInput), each.bits / 8);
    assert.equal(derived.toString('hex'), each.derived, `COUNT=${each.count} L=${each.bits}`);
  }
});

interface HmacCase {
  readonly length: number;
  readonly key: string;
  readonly message: string;
  readonly mac: string;
}

test('HMAC-SHA-256 gives the results of RFC 4231, with native keys and with bytes', () => {
  for (const { key, message, mac } of vectors<HmacCase>('hmac-sha256-rfc4231.json')) {
    // Test case 5 publishes the first 128 bits only.
    assert.equal(hmacSha256(hex(key), hex(message)).toString('hex').slice(0, mac.length), mac);
    assert.equal(
      hmacSha256(takeSecretKey(hex(key)), hex(message))
        .toString('hex')
        .slice(0, mac.length),
      mac,
    );
  }
});

test('the fixed input is label, zero byte, context and length in bits', () => {
  assert.equal(
    fixedInput('ab', Buffer.from([1, 2, 3]), 256).toString('hex'),
    `6162${'00'}${'010203'}${'00000100'}`,
  );
  for (const label of ['', 'a\0b', 'é', 'x'.repeat(65)]) {
    assert.throws(() => fixedInput(label, Buffer.alloc(0), 256), RangeError);
  }
});

test('the prepared form for messages derives what the general form does, time after time', () => {
  const prepared = kdfCounter256('some label', 16);
  for (let i = 0; i < 100; i += 1) {
    const key = takeSecretKey(Buffer.alloc(32, i));
    const context = Buffer.alloc(16, 255 - i);
    assert.deepEqual(prepared(key, context), kdfCounter(key, fixedInput('some label', context, 256), 32));
  }
  assert.throws(() => prepared(takeSecretKey(Buffer.alloc(32)), Buffer.alloc(15)), RangeError);
});

test('a derived key is bounded in length', () => {
  const key = takeSecretKey(Buffer.alloc(32));
  for (const bytes of [0, -1, 1025, Number.NaN]) {
    assert.throws(() => kdfCounter(key, Buffer.alloc(0), bytes), RangeError);
  }
});
