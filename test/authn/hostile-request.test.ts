/** Requests made to be slow or strange, from senders who need no key: refused, by name, and quickly. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { presign, sign } from './sign.ts';
import { alice, authenticatorAt, httpRequest, refusalOf, SeededRandom, seed } from './signing.ts';

const time = '20251124T123456Z';
const nowMs = Date.UTC(2025, 10, 24, 12, 34, 56);
const scope = `${alice.accessKeyId}/20251124/us-east-1/kms/aws4_request`;

const claiming = (signedHeaders: string, headers: readonly (readonly [string, string])[], target = '/') =>
  httpRequest('POST', target, [
    ...headers,
    ['x-amz-date', time],
    [
      'authorization',
      `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${signedHeaders}, Signature=${'0'.repeat(64)}`,
    ],
  ]);

const many = (count: number, of: (i: number) => string) => Array.from({ length: count }, (_, i) => of(i));
const name = (i: number) => `n${String(i).padStart(5, '0')}`;

const hostile: Readonly<Record<string, HttpRequest>> = {
  'ten thousand signed names and two thousand x-amz headers': claiming(
    ['host', ...many(10_000, name)].join(';'),
    many(2000, (i) => `x-amz-${i}`).map((header) => [header, ''] as const),
  ),
  'two thousand headers of one signed name': claiming('host;x;x-amz-date', [
    ['host', 'h'],
    ...many(2000, () => 'x').map((header) => [header, 'v'.repeat(20)] as const),
  ]),
  'a header of blanks': claiming('host;x;x-amz-date', [
    ['host', 'h'],
    ['x', ' \t'.repeat(30_000)],
  ]),
  'a header of blanks with an end': claiming('host;x;x-amz-date', [
    ['host', 'h'],
    ['x', `${' '.repeat(60_000)}x`],
  ]),
  'a path of sixty thousand segments': claiming('host;x-amz-date', [['host', 'h']], '/a/..'.repeat(12_000)),
  'a path of slashes': claiming('host;x-amz-date', [['host', 'h']], '/'.repeat(60_000)),
  'a query of thirty thousand parameters': claiming(
    'host;x-amz-date',
    [['host', 'h']],
    `/?${many(30_000, () => 'a').join('&')}`,
  ),
  'a query of escapes': claiming('host;x-amz-date', [['host', 'h']], `/?${'%00'.repeat(20_000)}`),
  'a query of equal signs': claiming('host;x-amz-date', [['host', 'h']], `/?${'='.repeat(60_000)}`),
  'an authorization of commas': httpRequest('POST', '/', [
    ['x-amz-date', time],
    ['authorization', `AWS4-HMAC-SHA256 ${','.repeat(60_000)}`],
  ]),
  'an authorization of fields': httpRequest('POST', '/', [
    ['x-amz-date', time],
    ['authorization', `AWS4-HMAC-SHA256 ${'Credential=a,'.repeat(5000)}`],
  ]),
  'a credential of slashes': httpRequest('POST', '/', [
    ['host', 'h'],
    ['x-amz-date', time],
    [
      'authorization',
      `AWS4-HMAC-SHA256 Credential=${'/'.repeat(60_000)}, SignedHeaders=host;x-amz-date, Signature=0`,
    ],
  ]),
};

describe('a hostile request', () => {
  for (const [what, request] of Object.entries(hostile)) {
    it(`with ${what} is refused in less than 100 ms`, () => {
      const { authenticate } = authenticatorAt(nowMs);
      const startedAt = process.cpuUsage();
      refusalOf(authenticate, request);
      const { user, system } = process.cpuUsage(startedAt);
      assert.ok(user + system < 100_000, `${user + system} us`);
    });
  }

  it(`of random bytes never gets past, nor anything but a refusal (HOLDFAST_SEED=${seed})`, () => {
    const random = new SeededRandom(seed);
    const { authenticate } = authenticatorAt(nowMs);
    const codes = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const base = random.pick([
        sign({ time }),
        presign({ time }),
        sign({ time, query: 'a=1', method: 'GET' }),
      ]);
      const changed = mutate(base, random);
      if (JSON.stringify(changed) === JSON.stringify(base)) continue;
      try {
        const got = authenticate(changed);
        // What is accepted after a change says the same as before it, in another spelling.
        assert.equal(got.accessKeyId, alice.accessKeyId);
        assert.equal(spelling(changed), spelling(base));
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error) || error.name !== 'Refusal') throw error;
        codes.set(String(error.code), (codes.get(String(error.code)) ?? 0) + 1);
      }
    }
    assert.deepEqual([...codes.keys()].sort(), [
      'IncompleteSignatureException',
      'InvalidSignatureException',
      'MissingAuthenticationTokenException',
      'UnrecognizedClientException',
    ]);
  });
});

/** One or two characters changed, put in or taken out, anywhere in what was sent. */
function mutate(request: HttpRequest, random: SeededRandom): HttpRequest {
  const rawHeaders = [...request.rawHeaders];
  let { method, target } = request;
  for (let i = 1 + random.below(2); i > 0; i--) {
    const at = random.below(rawHeaders.length + 4);
    if (at === rawHeaders.length) method = mutateText(method, random);
    else if (at > rawHeaders.length) target = mutateText(target, random);
    else rawHeaders[at] = mutateText(rawHeaders[at] ?? '', random);
  }
  return { ...request, method, target, rawHeaders };
}

function mutateText(text: string, random: SeededRandom): string {
  const at = random.below(text.length + 1);
  const character = random.chance(0.5)
    ? String.fromCharCode(random.below(256))
    : random.pick([...' \t,;=/%&?+:aA0']);
  return random.pick([
    () => text.slice(0, at) + character + text.slice(at),
    () => text.slice(0, at) + character + text.slice(at + 1),
    () => text.slice(0, at) + text.slice(at + 1),
  ])();
}

/** What two spellings of one request share, written down without the code under test. */
function spelling(request: HttpRequest): string {
  const signed = new Set(['content-type', 'host', 'x-amz-date', 'x-amz-target']);
  const headers: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const header = String(request.rawHeaders[i]).toLowerCase();
    if (signed.has(header))
      headers.push(
        `${header}:${String(request.rawHeaders[i + 1])
          .trim()
          .split(/[ \t]+/)
          .join(' ')}`,
      );
  }
  const [path = '', query = ''] = request.target.split(/\?(.*)/s);
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  const parameters = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => unescape(pair.replaceAll('+', ' ')).replace(/^([^=]*)$/, '$1='))
    .sort();
  return [request.method, segments.join('/'), parameters.join('&'), ...headers].join('\n');
}
