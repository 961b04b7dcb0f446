/** A signature holds for one request: each part it covers is changed in turn, and the change is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { presign, sign, usualHeaders } from './sign.ts';
import { alice, authenticatorAt, bob, refusalOf } from './signing.ts';

const time = '20251124T123456Z';
const nowMs = Date.UTC(2025, 10, 24, 12, 34, 56);

const signing = {
  method: 'PUT',
  path: '/a/b',
  body: '{"KeyId":"alias/a"}',
  time,
  headers: [...usualHeaders(time), ['x-amz-user-agent', 'test'] as const, ['x-custom', 'one'] as const],
};
const inHeaders = sign({ ...signing, query: 'a=1&b=2' });
const presignedQuery = { a: '1', b: '2' };
const presigned = presign(
  { ...signing, headers: signing.headers.filter(([name]) => name !== 'x-amz-date') },
  presignedQuery,
);

type Change = readonly [name: string, changed: HttpRequest];

const withHeaders = (
  request: HttpRequest,
  change: (pairs: [string, string][]) => [string, string][],
): HttpRequest => {
  const pairs: [string, string][] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    pairs.push([request.rawHeaders[i] ?? '', request.rawHeaders[i + 1] ?? '']);
  }
  return { ...request, rawHeaders: change(pairs).flat() };
};

const withTarget = (request: HttpRequest, change: (target: string) => string): HttpRequest => {
  const target = change(request.target);
  assert.notEqual(target, request.target);
  return { ...request, target };
};

const withAuthorization = (change: (value: string) => string): HttpRequest =>
  withHeaders(inHeaders, (pairs) =>
    pairs.map(([name, value]) => {
      if (name !== 'authorization') return [name, value];
      assert.notEqual(change(value), value);
      return [name, change(value)];
    }),
  );

function* changesOfRequest(request: HttpRequest): Generator<Change> {
  for (const method of ['POST', 'GET', 'put', 'PUT ', '']) yield [`method ${method}`, { ...request, method }];

  for (const path of [
    '/a/c',
    '/a',
    '/a/b/',
    '/A/b',
    '/a%2Fb',
    '/a/b/..',
    '/',
    '',
    'a/b',
    '/a/b%20',
    '/a/b;x',
    '/%61/b',
  ]) {
    yield [`path ${path}`, withTarget(request, (target) => target.replace(/^[^?]*/, path))];
  }

  yield ['query: a value changed', withTarget(request, (t) => t.replace('a=1', 'a=2'))];
  yield ['query: a name changed', withTarget(request, (t) => t.replace('a=1', 'c=1'))];
  yield ['query: a name in other case', withTarget(request, (t) => t.replace('a=1', 'A=1'))];
  yield [
    'query: values exchanged',
    withTarget(request, (t) => t.replace('a=1', 'a=2').replace('b=2', 'b=1')),
  ];
  yield ['query: a value emptied', withTarget(request, (t) => t.replace('a=1', 'a='))];
  yield ['query: a parameter removed', withTarget(request, (t) => t.replace('a=1&', ''))];
  yield ['query: a parameter added', withTarget(request, (t) => `${t}&c=3`)];
  yield ['query: a parameter repeated', withTarget(request, (t) => `${t}&a=1`)];
  yield ['query: an empty parameter added', withTarget(request, (t) => `${t}&=`)];
  yield ['query: a malformed escape', withTarget(request, (t) => t.replace('a=1', 'a=%1'))];

  const body = request.body;
  for (let bit = 0; bit < body.length * 8; bit++) {
    const flipped = Buffer.from(body);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield [`body: bit ${bit} flipped`, { ...request, body: flipped }];
  }
  yield ['body: shortened', { ...request, body: body.subarray(0, -1) }];
  yield ['body: lengthened', { ...request, body: Buffer.concat([body, Buffer.from(' ')]) }];
  yield ['body: removed', { ...request, body: Buffer.alloc(0) }];

  const names = request.rawHeaders.filter((_, i) => i % 2 === 0 && request.rawHeaders[i] !== 'authorization');
  for (const name of names) {
    const of = (change: (pair: [string, string]) => [string, string][]) =>
      withHeaders(request, (pairs) => pairs.flatMap((pair) => (pair[0] === name ? change(pair) : [pair])));
    yield [`header ${name}: changed`, of(([n, value]) => [[n, `${value}x`]])];
    yield [
      `header ${name}: in other case`,
      of(([n, value]) => [[n, value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase()]]),
    ];
    yield [`header ${name}: emptied`, of(([n]) => [[n, '']])];
    yield [`header ${name}: removed`, of(() => [])];
    yield [`header ${name}: repeated`, of((pair) => [pair, pair])];
    yield [`header ${name}: another before it`, of((pair) => [[pair[0], 'x'], pair])];
    yield [`header ${name}: another after it`, of((pair) => [pair, [pair[0], 'x']])];
    yield [`header ${name}: renamed`, of(([n, value]) => [[`${n}x`, value]])];
    yield [`header ${name}: not one byte a character`, of(([n, value]) => [[n, `${value}\u0161`]])];
  }
  yield ['an x-amz header added', withHeaders(request, (pairs) => [...pairs, ['X-Amz-Note', '1']])];
}

function* changesOfSignature(): Generator<Change> {
  const digits = /(?<=Signature=)[0-9a-f]{64}$/;
  for (let bit = 0; bit < 256; bit++) {
    yield [
      `signature: bit ${bit} flipped`,
      withAuthorization((value) =>
        value.replace(digits, (hex) => {
          const bytes = Buffer.from(hex, 'hex');
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          return bytes.toString('hex');
        }),
      ),
    ];
  }
  const replaced = (change: (hex: string) => string) =>
    withAuthorization((value) => value.replace(digits, change));
  yield ['signature: in upper case', replaced((hex) => hex.toUpperCase())];
  yield ['signature: a digit missing', replaced((hex) => hex.slice(1))];
  yield ['signature: a digit more', replaced((hex) => `${hex}0`)];
  yield ['signature: empty', replaced(() => '')];
  yield ['signature: twice', replaced((hex) => `${hex}${hex}`)];
  yield ['signature: not hexadecimal', replaced((hex) => `g${hex.slice(1)}`)];
  yield ['signature: a digit of another script', replaced((hex) => `\u0130${hex.slice(1)}`)];
  yield ['signature: zeros', replaced(() => '0'.repeat(64))];

  const scope = '20251124/us-east-1/kms/aws4_request';
  for (const [name, credential] of [
    ['another key', `${bob.accessKeyId}/${scope}`],
    ['an unknown key', `AKIAUNKNOWN/${scope}`],
    ['no key', `/${scope}`],
    ['another date', `${alice.accessKeyId}/20251125/us-east-1/kms/aws4_request`],
    ['a longer date', `${alice.accessKeyId}/20251124T/us-east-1/kms/aws4_request`],
    ['no date', `${alice.accessKeyId}//us-east-1/kms/aws4_request`],
    ['another region', `${alice.accessKeyId}/20251124/us-east-2/kms/aws4_request`],
    ['another service', `${alice.accessKeyId}/20251124/us-east-1/iam/aws4_request`],
    ['another terminator', `${alice.accessKeyId}/20251124/us-east-1/kms/aws4_requests`],
    ['a part more', `${alice.accessKeyId}/${scope}/`],
    ['a part less', `${alice.accessKeyId}/20251124/us-east-1/kms`],
  ] as const) {
    yield [
      `credential: ${name}`,
      withAuthorization((value) => value.replace(/Credential=[^,]*/, `Credential=${credential}`)),
    ];
  }

  const list = signing.headers.map(([name]) => name);
  const withList = (names: readonly string[]) =>
    withAuthorization((value) => value.replace(/SignedHeaders=[^,]*/, `SignedHeaders=${names.join(';')}`));
  for (const name of list) {
    yield [`signed headers: without ${name}`, withList(list.filter((other) => other !== name))];
    yield [
      `signed headers: ${name} twice`,
      withList(list.flatMap((other) => (other === name ? [name, name] : [other]))),
    ];
    yield [
      `signed headers: ${name} in capitals`,
      withList(list.map((other) => (other === name ? name.toUpperCase() : other))),
    ];
  }
  yield ['signed headers: in another order', withList(list.toReversed())];
  yield ['signed headers: an absent one added', withList([...list, 'x-zzz'])];
  yield ['signed headers: an empty one added', withList(['', ...list])];
  yield ['signed headers: one more, that is there', withList(['authorization', ...list])];
  yield ['signed headers: empty', withList([])];

  yield ['algorithm', withAuthorization((value) => value.replace('SHA256', 'SHA512'))];
  yield ['algorithm: in other case', withAuthorization((value) => value.replace('AWS4', 'aws4'))];
}

function* changesOfPresigned(): Generator<Change> {
  const parameters = presigned.target.slice(presigned.target.indexOf('?') + 1).split('&');
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    yield [`${name}: changed`, withTarget(presigned, (t) => t.replace(parameter, `${name}=${value}1`))];
    yield [`${name}: emptied`, withTarget(presigned, (t) => t.replace(parameter, `${name}=`))];
    yield [
      `${name}: removed`,
      withTarget(presigned, (t) => t.replace(`${parameter}&`, '').replace(`&${parameter}`, '')),
    ];
    yield [`${name}: repeated`, withTarget(presigned, (t) => `${t}&${parameter}`)];
    yield [`${name}: another first`, withTarget(presigned, (t) => t.replace('?', `?${name}=1&`))];
    yield [
      `${name}: in other case`,
      withTarget(presigned, (t) =>
        t.replace(`${name}=`, `${name === 'a' ? 'A' : name.toLowerCase().replace(/^b$/, 'B')}=`),
      ),
    ];
  }
  yield [
    'X-Amz-Expires: prolonged',
    withTarget(presigned, (t) => t.replace('Expires=300', 'Expires=604800')),
  ];
  yield ['X-Amz-Date: a second later', withTarget(presigned, (t) => t.replace('123456Z', '123457Z'))];
}

function refuseAll(changes: Iterable<Change>, countMin: number): void {
  const { authenticate } = authenticatorAt(nowMs);
  // Warm, so that what is tested is what runs all day.
  authenticate(inHeaders);
  authenticate(presigned);
  const codes = new Set<string>();
  let count = 0;
  for (const [name, changed] of changes) {
    try {
      codes.add(refusalOf(authenticate, changed).code);
    } catch (error) {
      throw new Error(`${name}: ${error}`);
    }
    count++;
  }
  assert.ok(count >= countMin, `${count} changes`);
  for (const code of codes) {
    assert.match(
      code,
      /^(InvalidSignature|IncompleteSignature|UnrecognizedClient|MissingAuthenticationToken)Exception$/,
    );
  }
  // And what was not changed still holds.
  authenticate(inHeaders);
  authenticate(presigned);
}

describe('a signed request that was tampered with is refused', () => {
  it('when method, path, query, body or any signed header is changed, signed in headers', () =>
    refuseAll(changesOfRequest(inHeaders), 230));
  it('when method, path, query, body or any signed header is changed, presigned', () =>
    refuseAll(changesOfRequest(presigned), 220));
  it('when any bit of the signature, part of the credential or signed name is changed', () =>
    refuseAll(changesOfSignature(), 295));
  it('when any parameter of a presigned URL is changed', () => refuseAll(changesOfPresigned(), 50));

  it('when its signature was made for another service or Region, though all else is the same', () => {
    const { authenticate } = authenticatorAt(nowMs, { regions: new Set(['us-east-1', 'eu-west-1']) });
    const elsewhere = sign({ ...signing, query: 'a=1&b=2', region: 'eu-west-1' });
    assert.equal(authenticate(elsewhere).region, 'eu-west-1');
    const moved = withHeaders(elsewhere, (pairs) =>
      pairs.map(([name, value]) => [name, value.replace('/eu-west-1/', '/us-east-1/')]),
    );
    assert.equal(refusalOf(authenticate, moved).code, 'InvalidSignatureException');
  });
});
