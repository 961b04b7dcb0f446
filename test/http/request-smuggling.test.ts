/**
 * What two HTTP implementations could read differently is refused, and nothing that follows it on the
 * connection is taken as a request. Each case goes out as raw bytes, followed by a request that must never
 * reach the request path.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listen } from './listener.ts';
import { RawClient } from './raw-client.ts';

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

const refused: readonly (readonly [title: string, bytes: string, status: number])[] = [
  [
    'Content-Length given twice with one value',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
    400,
  ],
  [
    'Content-Length given twice with two values',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    400,
  ],
  ['a list of Content-Lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello', 400],
  ['a signed Content-Length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello', 400],
  ['a negative Content-Length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello', 400],
  ['a hexadecimal Content-Length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello', 400],
  [
    'a Content-Length with leading zeros',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\n\r\nhello',
    400,
  ],
  ['an empty Content-Length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nhello', 400],
  [
    'a Content-Length beyond 64 bits',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\nhello',
    400,
  ],
  [
    'a space between Content-Length and its colon',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello',
    400,
  ],
  [
    'Transfer-Encoding beside Content-Length',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'Content-Length beside Transfer-Encoding',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'a chunked body',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    411,
  ],
  [
    'a chunked body in capitals',
    'POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n',
    411,
  ],
  [
    'a chunked body with trailers',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n',
    411,
  ],
  [
    'a chunk size that is not hexadecimal',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    411,
  ],
  [
    'an unknown transfer coding',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    411,
  ],
  [
    'two transfer codings',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'an empty Transfer-Encoding',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello',
    400,
  ],
  ['a folded header', 'POST / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n Content-Length: 5\r\n\r\nhello', 400],
  ['a space before the first header', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 400],
  ['a bare LF after the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 400],
  ['a bare LF after a header', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 400],
  ['a bare CR in a header value', 'GET / HTTP/1.1\r\nHost: a\r\nX: b\rContent-Length: 5\r\n\r\n', 400],
  ['a NUL in a header value', 'GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n', 400],
  ['a header without a name', 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n', 400],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n', 400],
  ['a space in a header name', 'GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n', 400],
  [
    'a request line without version ended by a bare LF',
    'GET /x\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    505,
  ],
  ['HTTP/0.9', 'GET /x\r\n\r\n', 505],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', 505],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', 400],
  ['HTTP/2.0 in a request line', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 400],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n', 400],
  ['an absolute-form target', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an asterisk target', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a fragment in the target', 'GET /#a HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a space in the target', 'GET / x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a control character in the target', 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a byte above 127 in the target', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['TRACE', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['OPTIONS', 'OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['a method in lower case', 'get / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an unknown method', 'STEAL / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  [
    'an unknown expectation',
    'POST / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\nContent-Length: 5\r\n\r\nhello',
    417,
  ],
  ['a TLS handshake on a plain listener', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
];

describe('a request that could be read in two ways is refused and its connection closed', () => {
  for (const [title, bytes, status] of refused) {
    test(title, async (t) => {
      const { server, requests, refusals } = await listen(t);
      const client = await RawClient.open(server.port);
      client.send(bytes + smuggled);
      const answers = await client.all();
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [status],
      );
      const [answer] = answers;
      assert.equal(answer?.headers.connection, 'close');
      assert.match(answer?.headers['x-amzn-requestid'] ?? '', /^[0-9a-f-]{36}$/);
      const error: unknown = JSON.parse(answer?.body ?? '');
      assert.ok(typeof error === 'object' && error !== null && '__type' in error && 'message' in error);
      assert.deepEqual(requests, []);
      assert.equal(refusals.length, 1);
      assert.equal(refusals[0]?.requestId, answer?.headers['x-amzn-requestid']);
      assert.equal(refusals[0]?.sourceAddress, '127.0.0.1');
    });
  }

  test('the same bytes cut into single ones are refused the same way', async (t) => {
    for (const [title, bytes, status] of refused) {
      const { server, requests } = await listen(t);
      const client = await RawClient.open(server.port);
      client.socket.setNoDelay(true);
      for (const byte of bytes + smuggled) {
        if (client.closed || client.socket.writableEnded) break;
        client.send(byte);
        await new Promise(setImmediate);
      }
      const answers = await client.all();
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [status],
        title,
      );
      assert.deepEqual(requests, [], title);
      await server.close();
    }
  });
});

test('a refused request answers after the request before it, never in its place', async (t) => {
  const { server, requests } = await listen(t, {
    handler: async ({ target }) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { status: 200, headers: {}, body: target };
    },
  });
  const client = await RawClient.open(server.port);
  client.send(`GET /first HTTP/1.1\r\nHost: a\r\n\r\nTRACE / HTTP/1.1\r\nHost: a\r\n\r\n${smuggled}`);
  const answers = await client.all();
  assert.deepEqual(
    answers.map(({ status, body }) => [status, status === 200 ? body : '']),
    [
      [200, '/first'],
      [405, ''],
    ],
  );
  assert.deepEqual(
    requests.map(({ target }) => target),
    ['/first'],
  );
});

test('bytes that are no request, after one that is being answered, close without an answer of their own', async (t) => {
  const { server, requests, refusals } = await listen(t, {
    handler: async ({ target }) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { status: 200, headers: {}, body: target };
    },
  });
  const client = await RawClient.open(server.port);
  client.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n\0\0\0\0');
  const answers = await client.all();
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    [[200, '/first']],
  );
  assert.equal(requests.length, 1);
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['malformedRequest'],
  );
});

test('CONNECT after a request that is being answered never gets in front of its answer', async (t) => {
  const { server } = await listen(t, {
    handler: async ({ target }) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { status: 200, headers: {}, body: target };
    },
  });
  const client = await RawClient.open(server.port);
  client.send(`GET /first HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n${smuggled}`);
  const answers = await client.all();
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    [[200, '/first']],
  );
});

test('an Upgrade header is not followed: the request is answered in HTTP/1.1 and nothing after it is read', async (t) => {
  const { server, requests } = await listen(t);
  const client = await RawClient.open(server.port);
  client.send(
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello${smuggled}`,
  );
  const answers = await client.all();
  assert.deepEqual(
    answers.map(({ body, headers }) => [body, headers.connection]),
    [['POST / hello', 'close']],
  );
  assert.equal(requests.length, 1);
});

test('a GET with a body is read to the end of the body and no further', async (t) => {
  const { server } = await listen(t);
  const client = await RawClient.open(server.port);
  client.send(
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  assert.deepEqual(
    (await client.answers(2)).map(({ body }) => body),
    ['GET / hello', 'GET /n '],
  );
});

test('header names and values reach the request path as they were sent', async (t) => {
  const { server, requests } = await listen(t);
  const client = await RawClient.open(server.port);
  client.send(
    'GET /%2e/?b=%20 HTTP/1.1\r\nHOST: a\r\nX-a: 1\r\nx-A:   two  words \r\nContent_Length: 5\r\nX: \xe9\r\n\r\n',
  );
  await client.answer();
  assert.equal(requests[0]?.target, '/%2e/?b=%20');
  assert.deepEqual(requests[0]?.rawHeaders, [
    'HOST',
    'a',
    'X-a',
    '1',
    'x-A',
    'two  words',
    'Content_Length',
    '5',
    'X',
    '\xe9',
  ]);
});

test('Expect: 100-continue is answered before the body is sent', async (t) => {
  const { server } = await listen(t);
  const client = await RawClient.open(server.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  assert.equal((await client.answer()).status, 100);
  client.send('hello');
  assert.deepEqual(
    (await client.answers(2)).map(({ status, body }) => [status, body]),
    [
      [100, ''],
      [200, 'POST / hello'],
    ],
  );
});
