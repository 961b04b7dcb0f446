import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillRandom, randomBytes, uuid } from '../../src/crypto/random.ts';

test('a UUID is of version 4 and variant 1 of RFC 9562, in lower case, and never the same twice', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i += 1) {
    const id = uuid();
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    seen.add(id);
  }
  assert.equal(seen.size, 20_000);
});

test('every other bit of a UUID is random', () => {
  let always = (1n << 128n) - 1n;
  let ever = 0n;
  for (let i = 0; i < 1000; i += 1) {
    const bits = BigInt(`0x${uuid().replaceAll('-', '')}`);
    always &= bits;
    ever |= bits;
  }
  // The version is 0100 and the variant 10.
  const version = 0x4n << 76n;
  const variant = 0x2n << 62n;
  assert.equal(always, version | variant);
  assert.equal(ever, ((1n << 128n) - 1n) ^ (0xbn << 76n) ^ (0x1n << 62n));
});

for (const bytes of [1, 12, 28, 64, 65, 4096]) {
  test(`${bytes} random bytes fill their part of a buffer and nothing beside it`, () => {
    const ever = Buffer.alloc(bytes + 2);
    for (let i = 0; i < 200; i += 1) {
      const out = Buffer.alloc(bytes + 2);
      fillRandom(out, 1, 1 + bytes);
      for (const [at, byte] of out.entries()) ever[at] = (ever[at] ?? 0) | byte;
    }
    assert.deepEqual(ever, Buffer.concat([Buffer.of(0), Buffer.alloc(bytes, 0xff), Buffer.of(0)]));
    assert.equal(randomBytes(bytes).length, bytes);
    assert.notDeepEqual(randomBytes(Math.max(16, bytes)), randomBytes(Math.max(16, bytes)));
  });
}

test('random bytes do not reach beyond the buffer they are for', () => {
  const out = Buffer.alloc(8);
  for (const [start, end] of [
    [-1, 4],
    [4, 9],
    [5, 4],
    [Number.NaN, 4],
  ] as const) {
    assert.throws(() => fillRandom(out, start, end), RangeError);
  }
});
