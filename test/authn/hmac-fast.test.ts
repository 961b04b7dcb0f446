/** The prepared HMAC against the published vectors (RFC 4231) and the runtime's own. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { FixedLengthHmac } from '../../src/crypto/hmac-fast.ts';
import { SeededRandom, seed } from './signing.ts';

function digestOf(key: Buffer, message: Buffer): string {
  const hmac = new FixedLengthHmac(key, message.length);
  message.copy(hmac.message);
  const out = Buffer.alloc(32);
  hmac.digestInto(out);
  return out.toString('hex');
}

/** RFC 4231, test cases 1 to 4: those whose keys fit a block and whose output is whole. */
const vectors: readonly (readonly [key: string, data: string, digest: string])[] = [
  ['0b'.repeat(20), '4869205468657265', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    '4a656665',
    '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
  [
    '0102030405060708090a0b0c0d0e0f10111213141516171819',
    'cd'.repeat(50),
    '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  ],
];

describe('the prepared HMAC-SHA-256', () => {
  for (const [i, [key, data, digest]] of vectors.entries()) {
    it(`agrees with RFC 4231, test case ${i + 1}`, () => {
      assert.equal(digestOf(Buffer.from(key, 'hex'), Buffer.from(data, 'hex')), digest);
    });
  }

  it(`agrees with the runtime's for random keys and messages, one after another (HOLDFAST_SEED=${seed})`, () => {
    const random = new SeededRandom(seed);
    const bytes = (length: number) => Buffer.from(Array.from({ length }, () => random.below(256)));
    for (let i = 0; i < 300; i++) {
      const key = bytes(random.below(65));
      const hmac = new FixedLengthHmac(key, random.below(200));
      for (let j = 0; j < 5; j++) {
        bytes(hmac.message.length).copy(hmac.message);
        const out = Buffer.alloc(32);
        hmac.digestInto(out);
        assert.deepEqual(out, createHmac('sha256', key).update(hmac.message).digest());
      }
    }
  });

  it('refuses a key longer than a block, which HMAC would hash first', () => {
    assert.throws(() => new FixedLengthHmac(Buffer.alloc(65), 1), RangeError);
  });

  it('is of no use once wiped', () => {
    const hmac = new FixedLengthHmac(Buffer.from('key'), 3);
    hmac.message.write('abc');
    hmac.wipe();
    assert.deepEqual(hmac.message, Buffer.alloc(3));
    assert.throws(() => hmac.digestInto(Buffer.alloc(32)), /after its key was wiped/);
  });
});
