/** What the service accepts at the edges of its rules: the counterpart of `refusals.test.ts`. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { querySignatureErrors } from '../../src/authn/signed-service.ts';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { presign, sign } from './sign.ts';
import { alice, authenticatorAt, kms } from './signing.ts';

const nowMs = Date.UTC(2025, 10, 24, 12, 34, 56, 789);
const time = '20251124T123456Z';
const iam = { signingName: 'iam', errors: querySignatureErrors };

describe('a signature that holds is accepted', () => {
  const { authenticate } = authenticatorAt(nowMs, { services: [kms, iam] });
  const accepted: readonly (readonly [string, HttpRequest])[] = [
    ['signed exactly five minutes ago', sign({ time: '20251124T122956Z' })],
    ['signed exactly five minutes ahead', sign({ time: '20251124T123956Z' })],
    [
      'with an HTTP date in Date',
      sign({
        time,
        headers: [
          ['date', 'Mon, 24 Nov 2025 12:34:56 GMT'],
          ['host', 'h'],
        ],
      }),
    ],
    [
      'with the basic format in Date',
      sign({
        time,
        headers: [
          ['date', time],
          ['host', 'h'],
        ],
      }),
    ],
    ['with X-Amz-Date, whatever Date says', sign({ time, unsigned: [['Date', 'yesterday']] })],
    ['with only host signed, presigned', presign({ time })],
    [
      'presigned a week ago, for a week',
      presign({ time: '20251117T123456Z' }, { 'X-Amz-Expires': '604800' }),
    ],
    [
      'presigned without X-Amz-Expires, within the clock skew',
      presign({ time: '20251124T123000Z' }, { 'X-Amz-Expires': undefined }),
    ],
    [
      'with the hash of the body beside it',
      sign({
        time,
        headers: [
          ['host', 'h'],
          ['x-amz-content-sha256', createHash('sha256').update('body').digest('hex')],
          ['x-amz-date', time],
        ],
        body: 'body',
      }),
    ],
    [
      'with an empty signed header',
      sign({
        time,
        headers: [
          ['host', 'h'],
          ['x-amz-date', time],
          ['x-empty', ''],
        ],
      }),
    ],
    ['of a service that is not the first', sign({ time, service: 'iam' })],
    [
      'with 128 signed names',
      sign({
        time,
        headers: [
          ['date', time],
          ['host', 'h'],
          ...Array.from({ length: 126 }, (_, i) => [`n${String(i).padStart(3, '0')}`, ''] as const),
        ],
      }),
    ],
  ];
  for (const [name, request] of accepted) {
    it(name, () => {
      assert.equal(authenticate(request).accessKeyId, alice.accessKeyId);
      assert.equal(authenticate(request).accessKeyId, alice.accessKeyId);
    });
  }
});
