/** Access keys change while the server runs: what signing keys are remembered must not outlive them. */
import assert from 'node:assert/strict';
import crypto, { createSecretKey } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, it } from 'node:test';
import { ScopedSigner, SigningKeyCache } from '../../src/authn/signing-key-cache.ts';
import { sign } from './sign.ts';
import { accessKey, alice, authenticatorAt, refusalOf } from './signing.ts';

const time = '20251124T123456Z';
const nowMs = Date.UTC(2025, 10, 24, 12, 34, 56);

describe('an access key that changes', () => {
  it('is refused with the next request after it was deactivated, and accepted again after that', () => {
    const { authenticate, keys } = authenticatorAt(nowMs);
    const request = sign({ time });
    authenticate(request);
    keys.set(alice.accessKeyId, accessKey(alice, '111122223333', false));
    assert.equal(refusalOf(authenticate, request).code, 'UnrecognizedClientException');
    keys.delete(alice.accessKeyId);
    assert.equal(refusalOf(authenticate, request).code, 'UnrecognizedClientException');
    keys.set(alice.accessKeyId, accessKey(alice));
    authenticate(request);
  });

  it('is verified with its new secret as soon as it has one', () => {
    const { authenticate, keys } = authenticatorAt(nowMs);
    const renewed = { ...alice, secretAccessKey: 'another' };
    authenticate(sign({ time }));
    keys.set(alice.accessKeyId, accessKey(renewed));
    assert.equal(refusalOf(authenticate, sign({ time })).code, 'InvalidSignatureException');
    authenticate(sign({ time, credentials: renewed }));
    assert.equal(refusalOf(authenticate, sign({ time })).code, 'InvalidSignatureException');
  });

  it('speaks for the principal it has now', () => {
    const { authenticate, keys } = authenticatorAt(nowMs);
    assert.equal(authenticate(sign({ time })).principal.accountId, '111122223333');
    keys.set(alice.accessKeyId, {
      ...accessKey(alice),
      principal: accessKey(alice, '999900001111').principal,
    });
    assert.equal(authenticate(sign({ time })).principal.accountId, '999900001111');
  });
});

describe('the signing keys that are remembered', () => {
  const secret = createSecretKey(Buffer.from('AWS4secret'));
  const signer = () => new ScopedSigner(secret, { date: '20251124', region: 'us-east-1', service: 'kms' });
  const usable = (one: ScopedSigner) => one.signInto(Buffer.alloc(32), time, '0'.repeat(64));

  it('are at most 1024, the oldest leaving first and wiped', () => {
    const cache = new SigningKeyCache();
    cache.get('', nowMs);
    const signers = Array.from({ length: 1025 }, signer);
    for (const [i, one] of signers.entries()) cache.add(`key-${i}`, one);
    assert.equal(cache.size, 1024);
    assert.equal(cache.get('key-0', nowMs), undefined);
    assert.equal(cache.get('key-1024', nowMs), signers[1024]);
    assert.throws(() => signers[0] && usable(signers[0]), /after its key was wiped/);
  });

  it('are all wiped when the day changes', () => {
    const cache = new SigningKeyCache();
    cache.get('', nowMs);
    const one = signer();
    cache.add('key', one);
    assert.equal(cache.get('key', Date.UTC(2025, 10, 24, 23, 59, 59, 999)), one);
    assert.equal(cache.get('key', Date.UTC(2025, 10, 25)), undefined);
    assert.equal(cache.size, 0);
    assert.throws(() => usable(one), /after its key was wiped/);
  });

  it('are wiped when another takes their place', () => {
    const cache = new SigningKeyCache();
    const [before, after] = [signer(), signer()];
    cache.add('key', before);
    cache.add('key', after);
    assert.throws(() => usable(before), /after its key was wiped/);
    usable(after);
  });

  it('are not displaced by signatures that are wrong', () => {
    const { authenticate } = authenticatorAt(nowMs);
    const known = Array.from({ length: 50 }, (_, i) => sign({ time, region: `us-east-${i}` }));
    const wrong = { ...alice, secretAccessKey: 'wrong' };
    const attempts = Array.from({ length: 1100 }, (_, i) =>
      sign({ time, region: `eu-west-${i}`, credentials: wrong }),
    );
    for (const request of known) authenticate(request);
    for (const request of attempts) refusalOf(authenticate, request);
    const derived = countDerivations(() => {
      for (const request of known) authenticate(request);
    });
    assert.equal(derived, 0);
    // What is counted does happen for a key that is not remembered.
    assert.equal(
      countDerivations(() => refusalOf(authenticate, attempts[0] ?? sign({ time }))),
      4,
    );
  });

  it('serve both days around midnight', () => {
    const under = authenticatorAt(Date.UTC(2025, 10, 24, 23, 59, 58));
    const [before, after] = [sign({ time: '20251124T235958Z' }), sign({ time: '20251125T000002Z' })];
    under.authenticate(before);
    under.authenticate(after);
    under.nowMs = Date.UTC(2025, 10, 25, 0, 0, 3);
    under.authenticate(before);
    under.authenticate(after);
  });
});

/** How many HMAC objects, of which deriving a signing key takes four, are made while `run` runs. */
function countDerivations(run: () => void): number {
  const original = crypto.createHmac;
  let count = 0;
  const counting: typeof original = (...args) => {
    count++;
    return original(...args);
  };
  try {
    crypto.createHmac = counting;
    syncBuiltinESMExports();
    run();
  } finally {
    crypto.createHmac = original;
    syncBuiltinESMExports();
  }
  return count;
}
