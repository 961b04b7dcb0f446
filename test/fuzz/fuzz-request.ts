/**
 * One request of a fuzzing run, from the seed and its index alone: signed and then fuzzed in its body, in its
 * headers, or as bytes.
 */
import { operationOf } from '../../src/operations/registry.ts';
import { neighbour, operator } from '../support/dev-server.ts';
import { basicTime, encodeRequest, type FuzzWorld, regions } from './fuzz-world.ts';
import { fuzzBody, kmsOperationNames, validInput } from './generate-request.ts';
import { bytesOf, integerOf, oneOf, type Random, seededRandom } from './random.ts';
import { RequestSigner, type UnsignedRequest } from './request-signer.ts';

export interface FuzzedRequest {
  /**
   * `body`: signed as it should be, so the operation answers. `head`: something is wrong with the signature,
   * the target or the headers, or nothing. `bytes`: perhaps no HTTP, for a connection of its own.
   */
  readonly kind: 'body' | 'head' | 'bytes';
  readonly operation: string;
  readonly bytes: Buffer;
  readonly isHead: boolean;
}

type Header = readonly [string, string];

/** Most are of operations that are built; the others decode and validate theirs all the same. */
const built = kmsOperationNames.filter((name) => operationOf('kms', name) !== undefined);

export function fuzzedRequest(seed: number, index: number, world: FuzzWorld, timeMs: number): FuzzedRequest {
  // Neighbouring indexes must not give neighbouring numbers, nor one run those of the next.
  const random = seededRandom(Math.imul(seed ^ 0x5bd1e995, 0x01000193) + Math.imul(index, 0x9e3779b1));
  const operation = oneOf(random, random() < 0.8 ? built : kmsOperationNames);
  const body =
    random() < 0.35
      ? Buffer.from(JSON.stringify(validInput(random, operation, world.options)))
      : fuzzBody(random, operation, world.options);
  const credentials = random() < 0.85 ? operator : neighbour;
  const region = random() < 0.9 ? regions[0] : regions[1];
  const signer = world.signer(credentials, region);
  const time = basicTime(timeMs);
  const unsigned: UnsignedRequest = {
    method: 'POST',
    path: '/',
    query: '',
    headers: [
      ['content-type', 'application/x-amz-json-1.1'],
      ['host', `127.0.0.1:${world.server.port}`],
      ['x-amz-date', time],
      ['x-amz-target', `TrentService.${operation}`],
    ],
    body,
  };
  const kind = random();
  if (kind < 0.82) {
    return { kind: 'body', operation, bytes: signedBytes(signer, unsigned, time), isHead: false };
  }
  if (kind < 0.97) return { kind: 'head', operation, ...fuzzedHead(random, signer, unsigned, time) };
  const bytes = fuzzedBytes(random, signedBytes(signer, unsigned, time));
  return { kind: 'bytes', operation, bytes, isHead: false };
}

const signedBytes = (signer: RequestSigner, request: UnsignedRequest, time: string): Buffer =>
  encodeRequest(
    request.method,
    request.path,
    [...request.headers, ['authorization', signer.authorization(request, time)]],
    request.body,
  );

const printable = (random: Random): string => String.fromCharCode(integerOf(random, 0x20, 0x7e));

/** Framing stays whole, so that the connection can go on: `host` and the body's length are left alone. */
function fuzzedHead(
  random: Random,
  signer: RequestSigner,
  request: UnsignedRequest,
  time: string,
): { readonly bytes: Buffer; readonly isHead: boolean } {
  let { method, body } = request;
  let target = request.path;
  const sign = (signed: UnsignedRequest, by = signer, at = time): Header[] => [
    ...signed.headers,
    ['authorization', by.authorization(signed, at)],
  ];
  let headers = sign(request);
  switch (integerOf(random, 0, 15)) {
    case 0:
      headers = changeOne(random, headers, ([name, value]) => [[name, flipped(random, value)]]);
      break;
    case 1:
      headers = changeOne(random, headers, () => []);
      break;
    case 2:
      headers = changeOne(random, headers, (header) => [header, header]);
      break;
    case 3:
      headers = withHeader(headers, 'x-amz-target', oneOf(random, targets(random)));
      break;
    case 4:
      headers = sign({
        ...request,
        headers: withHeader(request.headers, 'x-amz-target', oneOf(random, targets(random))),
      });
      break;
    case 5: {
      const signature = oneOf(random, [
        '',
        '0',
        'z'.repeat(64),
        'A'.repeat(64),
        '0'.repeat(63),
        '0'.repeat(64),
      ]);
      headers = headers.map(([name, value]) => [name, value.replace(/[0-9a-f]{64}$/, signature)]);
      break;
    }
    case 6:
      headers = withHeader(headers, 'authorization', garbage(random, 200));
      break;
    case 7: {
      const dates = [
        '',
        '0',
        '20200101T000000Z',
        '99991231T235959Z',
        time.slice(0, 8),
        'Thu, 01 Jan 1970 00:00:00 GMT',
        garbage(random, 16),
      ];
      const date = oneOf(random, dates);
      headers = withHeader(headers, 'x-amz-date', date);
      if (random() < 0.5) headers = sign({ ...request, headers: headers.slice(0, -1) }, signer, date);
      break;
    }
    case 8:
      headers.push([
        oneOf(random, [
          'x-amz-',
          'x-amz-x',
          'X-AMZ-TARGET',
          'x-amz-security-token',
          'x-amz-content-sha256',
          'date',
        ]),
        garbage(random, 40),
      ]);
      break;
    case 9:
      method = oneOf(random, ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']);
      if (random() < 0.5) headers = sign({ ...request, method });
      break;
    case 10:
      target = oneOf(random, [
        '/?',
        '/?a',
        '/?%zz',
        '/?a=%',
        '//',
        '/%00',
        '/?X-Amz-Algorithm=AWS4-HMAC-SHA256',
        '/health/live',
        '/health/x',
        `/?${'a&'.repeat(integerOf(random, 1, 5_000))}`,
        `/${encodeURIComponent(garbage(random, 30))}`,
      ]);
      break;
    case 11:
      if (body.length > 0) {
        body = Buffer.from(body);
        body[integerOf(random, 0, body.length - 1)] = integerOf(random, 0, 255);
      }
      break;
    case 12: {
      const other = oneOf(random, [
        new RequestSigner({ ...operator, secretAccessKey: 'wrong' }, 'us-east-1'),
        new RequestSigner(
          {
            accessKeyId: oneOf(random, ['AKIANOBODYHASTHISKEY', '', 'a', '__proto__', 'é']),
            secretAccessKey: 'x',
          },
          'us-east-1',
        ),
        new RequestSigner(operator, oneOf(random, ['', 'nowhere', 'us-east-1 ', '..', 'mars-north-1'])),
        new RequestSigner(operator, 'us-east-1', oneOf(random, ['holdfast', 's3', '', 'KMS'])),
      ]);
      headers = sign(request, other);
      break;
    }
    case 13: {
      const strange: Header[] = Array.from({ length: integerOf(random, 1, 80) }, (_, index) => [
        `${oneOf(random, ['x', 'X-Y', 'accept', '~', "'"])}${index}`,
        garbage(random, 60),
      ]);
      headers = [...strange, ...headers];
      break;
    }
    case 14:
      headers.push(
        oneOf<Header>(random, [
          ['expect', '100-continue'],
          ['content-type', 'text/xml'],
          ['connection', 'close'],
          ['connection', 'keep-alive, x-amz-date'],
          ['content-encoding', 'gzip'],
          ['x-http-method-override', 'DELETE'],
          ['cookie', 'a=b'],
          ['forwarded', 'for=1.2.3.4'],
          ['x-forwarded-for', '1.2.3.4'],
        ]),
      );
      break;
    default: {
      const ofUrl = {
        ...request,
        headers: request.headers.filter(([name]) => name !== 'x-amz-date' && name !== 'content-type'),
      };
      const expires = oneOf(random, ['1', '60', '604800', '604801', '0', '-1', 'x', '']);
      const query = signer.presignedQuery(ofUrl, time, expires);
      target = `/?${random() < 0.5 ? query : flipped(random, query).replaceAll(/[ #]/g, '+')}`;
      headers = [...ofUrl.headers];
    }
  }
  return { bytes: encodeRequest(method, target, headers, body), isHead: method === 'HEAD' };
}

function changeOne(
  random: Random,
  headers: readonly Header[],
  change: (header: Header) => Header[],
): Header[] {
  const chosen = oneOf(
    random,
    headers.filter(([name]) => name !== 'host'),
  );
  return headers.flatMap((header) => (header === chosen ? change(header) : [header]));
}

const withHeader = (headers: readonly Header[], changed: string, value: string): Header[] =>
  headers.map(([name, old]) => [name, name === changed ? value : old]);

function flipped(random: Random, text: string): string {
  const at = integerOf(random, 0, Math.max(0, text.length - 1));
  return text.slice(0, at) + printable(random) + text.slice(at + oneOf(random, [0, 1, 1, 4]));
}

/** Printable ASCII, or what a header may hold of Latin-1 besides. */
const garbage = (random: Random, lengthMax: number): string =>
  Array.from({ length: integerOf(random, 0, lengthMax) }, () =>
    random() < 0.95 ? printable(random) : 'é',
  ).join('');

const targets = (random: Random): readonly string[] => [
  `TrentService.${oneOf(random, kmsOperationNames)}`,
  'TrentService.',
  'TrentService.Nothing',
  'TrentService.__proto__',
  'trentservice.Encrypt',
  'Holdfast_20261124.DescribeInstallation',
  'Holdfast_20261124.RotateRootKey',
  '',
  '.',
  garbage(random, 50),
];

/** Anything: noise, or a request that was cut, doubled, or changed in some bytes of its head or of all of it. */
function fuzzedBytes(random: Random, request: Buffer): Buffer {
  const headBytes = request.indexOf('\r\n\r\n') + 4;
  const at = integerOf(random, 0, headBytes - 1);
  switch (integerOf(random, 0, 6)) {
    case 0:
      return bytesOf(random, integerOf(random, 0, 300));
    case 1:
      return request.subarray(0, integerOf(random, 0, request.length));
    case 2:
      return Buffer.concat([request, request]);
    case 3:
      return Buffer.concat([
        request.subarray(0, at),
        bytesOf(random, integerOf(random, 1, 8)),
        request.subarray(at),
      ]);
    case 4:
      return Buffer.concat([request.subarray(0, at), request.subarray(at + integerOf(random, 1, 40))]);
    case 5: {
      const lines = [
        'Transfer-Encoding: chunked',
        'Content-Length: 5',
        'Content-Length: -1',
        'Host: b',
        'Upgrade: h2c\r\nConnection: Upgrade',
        'Expect: x',
        ' folded',
        ':',
        'a b: c',
        `x: ${'y'.repeat(40_000)}`,
        'x: \u0000',
      ];
      const lineEnd = request.indexOf('\r\n') + 2;
      return Buffer.concat([
        request.subarray(0, lineEnd),
        Buffer.from(`${oneOf(random, lines)}\r\n`, 'latin1'),
        request.subarray(lineEnd),
      ]);
    }
    default: {
      const changed = Buffer.from(request);
      for (let count = integerOf(random, 1, 4); count > 0; count -= 1) {
        changed[integerOf(random, 0, headBytes - 1)] = integerOf(random, 0, 255);
      }
      return changed;
    }
  }
}
