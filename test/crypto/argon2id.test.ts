import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argon2id } from '../../src/crypto/argon2id.ts';
import { hex, vectors } from './vectors.ts';

interface Argon2Case {
  readonly id: number;
  readonly passphrase: string;
  readonly salt: string;
  readonly secret?: string;
  readonly associatedData?: string;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly derived: string;
}

for (const each of vectors<Argon2Case>('argon2id.json')) {
  const { id, passphrase, salt, secret, associatedData, derived } = each;
  test(`Argon2id gives the published result ${id === 0 ? 'of RFC 9106' : id}`, async () => {
    const tag = await argon2id(hex(passphrase), hex(salt), each, derived.length / 2, {
      ...(secret === undefined ? {} : { secret: hex(secret) }),
      ...(associatedData === undefined ? {} : { associatedData: hex(associatedData) }),
    });
    assert.equal(tag.toString('hex'), derived);
  });
}

test('Argon2id leaves the main thread free while it runs', async () => {
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  await argon2id(Buffer.alloc(16), Buffer.alloc(16), { memoryKiB: 131_072, passes: 3, parallelism: 1 }, 32);
  clearInterval(timer);
  assert.ok(turns >= 5, `the event loop turned ${turns} times`);
});
