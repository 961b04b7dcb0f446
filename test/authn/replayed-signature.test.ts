/**
 * Replay: a captured request can be sent again while its signature lasts, as with AWS, and not
 * after; nor can anything be had by it that its signer did not ask for.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { presign, sign } from './sign.ts';
import { authenticatorAt, clockSkewMs, refusalOf } from './signing.ts';

const time = '20251124T123456Z';
const signedAtMs = Date.UTC(2025, 10, 24, 12, 34, 56);

describe('a replayed signature', () => {
  it('is accepted within the clock skew and refused from then on', () => {
    const under = authenticatorAt(signedAtMs);
    const captured = sign({ time });
    for (const nowMs of [signedAtMs - clockSkewMs, signedAtMs, signedAtMs + clockSkewMs + 999]) {
      under.nowMs = nowMs;
      assert.equal(under.authenticate(captured).signedAtMs, signedAtMs);
    }
    for (const nowMs of [signedAtMs + clockSkewMs + 1000, signedAtMs + 86_400_000]) {
      under.nowMs = nowMs;
      assert.match(refusalOf(under.authenticate, captured).message, /^Signature expired: /);
    }
    under.nowMs = signedAtMs - clockSkewMs - 1;
    assert.match(refusalOf(under.authenticate, captured).message, /^Signature not yet current: /);
  });

  it('of a presigned URL is accepted for as long as the URL was signed for', () => {
    const under = authenticatorAt(signedAtMs);
    const captured = presign({ time }, { 'X-Amz-Expires': '3600' });
    under.nowMs = signedAtMs + 3_600_999;
    assert.equal(under.authenticate(captured).presigned, true);
    under.nowMs = signedAtMs + 3_601_000;
    assert.match(refusalOf(under.authenticate, captured).message, /^Signature expired: /);
  });

  it('does not carry over to another request, nor from one form to the other', () => {
    const { authenticate } = authenticatorAt(signedAtMs);
    const [captured, other] = [sign({ time, body: 'one' }), sign({ time, body: 'two' })];
    const code = (request: typeof captured) => refusalOf(authenticate, request).code;
    assert.equal(code({ ...other, rawHeaders: captured.rawHeaders }), 'InvalidSignatureException');
    const signature = String(captured.rawHeaders.at(-1)).slice(-64);
    const asUrl = presign({ time, body: 'one' });
    assert.equal(
      code({ ...asUrl, target: asUrl.target.replace(/[0-9a-f]{64}$/, signature) }),
      'InvalidSignatureException',
    );
  });
});
