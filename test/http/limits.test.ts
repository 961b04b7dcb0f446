/** What one client can make the server hold or wait for has a bound, and meeting it is answered or cut off. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SettableClock } from '../../src/base/clock.ts';
import type { HttpResponse } from '../../src/base/http-message.ts';
import { echo, listen } from './listener.ts';
import { RawClient } from './raw-client.ts';

const get = (target = '/'): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a body of exactly the largest size is taken, one byte more is refused with 413 before it is sent', async (t) => {
  const { server, requests } = await listen(t, { limits: { bodyBytesMax: 1_000 } });
  const client = await RawClient.open(server.port);
  client.send(post('x'.repeat(1_000)));
  assert.equal((await client.answer()).status, 200);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n');
  const [, answer] = await client.all();
  assert.equal(answer?.status, 413);
  assert.deepEqual(JSON.parse(answer?.body ?? ''), {
    __type: 'RequestEntityTooLargeException',
    message: 'The request entity is too large.',
  });
  assert.equal(requests.length, 1);
});

test('a refused HEAD is answered with a head alone', async (t) => {
  const { server } = await listen(t, { limits: { bodyBytesMax: 1_000 } });
  for (const head of ['Content-Length: 1001', 'Transfer-Encoding: chunked', 'Expect: something']) {
    const client = await RawClient.open(server.port);
    client.send(`HEAD / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
    await client.until(() => client.ended);
    assert.match(client.received.toString('latin1'), /^HTTP\/1\.1 4[0-9]{2} .*\r\n\r\n$/s, head);
  }
});

test('a client that sends a megabyte too much still gets to read why it was refused', async (t) => {
  const { server } = await listen(t, { limits: { bodyBytesMax: 1_000 } });
  for (let round = 0; round < 5; round += 1) {
    const client = await RawClient.open(server.port);
    client.send(post('x'.repeat(1_000_000)));
    assert.deepEqual(
      (await client.all()).map(({ status }) => status),
      [413],
    );
  }
});

test('Expect: 100-continue with too large a body is refused without being told to continue', async (t) => {
  const { server } = await listen(t, { limits: { bodyBytesMax: 1_000 } });
  const client = await RawClient.open(server.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n');
  assert.deepEqual(
    (await client.all()).map(({ status }) => status),
    [413],
  );
});

test('as many headers as allowed are taken, one more is refused with 431', async (t) => {
  const { server, requests } = await listen(t, { limits: { headersMax: 20 } });
  const request = (count: number): string =>
    `GET / HTTP/1.1\r\nHost: a\r\n${Array.from({ length: count - 1 }, (_, i) => `X-${i}: v\r\n`).join('')}\r\n`;
  const client = await RawClient.open(server.port);
  client.send(request(20));
  assert.equal((await client.answer()).status, 200);
  assert.equal(requests[0]?.rawHeaders.length, 40);
  for (const count of [21, 22, 200]) {
    const other = await RawClient.open(server.port);
    other.send(request(count));
    assert.deepEqual(
      (await other.all()).map(({ status }) => status),
      [431],
    );
  }
  assert.equal(requests.length, 1);
});

test('a head larger than allowed is refused with 431, whether in one header or in the target', async (t) => {
  const { server, requests } = await listen(t, { limits: { headerBytesMax: 4_096 } });
  for (const bytes of [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'v'.repeat(5_000)}`, `GET /${'p'.repeat(5_000)}`]) {
    const client = await RawClient.open(server.port);
    client.send(bytes);
    assert.deepEqual(
      (await client.all()).map(({ status }) => status),
      [431],
    );
  }
  assert.equal(requests.length, 0);
});

test('a client that sends its headers one by one without end is cut off with 408', async (t) => {
  const { server, requests } = await listen(t, { limits: { headersMs: 200, requestMs: 400 } });
  const client = await RawClient.open(server.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n');
  const drip = setInterval(() => client.send('X-A: b\r\n'), 20);
  t.after(() => clearInterval(drip));
  assert.deepEqual(
    (await client.all(1_500)).map(({ status }) => status),
    [408],
  );
  assert.equal(requests.length, 0);
});

test('a client that sends its body byte by byte is cut off with 408', async (t) => {
  const { server, requests } = await listen(t, { limits: { headersMs: 100, requestMs: 300 } });
  const client = await RawClient.open(server.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n');
  const drip = setInterval(() => client.send('x'), 20);
  t.after(() => clearInterval(drip));
  assert.deepEqual(
    (await client.all(1_500)).map(({ status }) => status),
    [408],
  );
  assert.equal(requests.length, 0);
});

test('a connection that never says anything is closed', async (t) => {
  const { server } = await listen(t, { limits: { headersMs: 100, requestMs: 200 } });
  const client = await RawClient.open(server.port);
  await client.all(1_500);
});

test('a connection without a further request is closed after the idle time, and not before', async (t) => {
  const { server } = await listen(t, { limits: { idleMs: 300 } });
  const client = await RawClient.open(server.port);
  client.send(get());
  await client.answer();
  await sleep(200);
  client.send(get());
  await client.answers(2);
  // Node adds a second to what it announces, for requests on their way.
  await client.all(3_000);
});

test('a client that does not read its answers is cut off, and the others do not notice', async (t) => {
  const { server, refusals } = await listen(t, {
    limits: { unreadAnswerMs: 300 },
    handler: async (request) =>
      request.target === '/big'
        ? { status: 200, headers: {}, body: Buffer.alloc(16_000_000) }
        : echo(request),
  });
  const stuck = await RawClient.open(server.port);
  stuck.socket.pause();
  stuck.send(get('/big'));
  const other = await RawClient.open(server.port);
  const start = performance.now();
  while (refusals.length === 0 && performance.now() - start < 3_000) {
    const seen = other.received.length;
    other.send(get());
    await other.until(() => other.received.length > seen);
    await sleep(20);
  }
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['answerNotRead'],
  );
  stuck.socket.resume();
  await stuck.until(() => stuck.ended || stuck.closed);
  assert.ok(stuck.received.length < 16_000_000);
});

test('a client that reads slowly but keeps reading gets its answers', async (t) => {
  const { server } = await listen(t, {
    limits: { unreadAnswerMs: 600 },
    handler: async () => ({ status: 200, headers: {}, body: Buffer.alloc(4_000_000) }),
  });
  const client = await RawClient.open(server.port);
  client.socket.pause();
  client.send(get());
  await sleep(250);
  client.socket.resume();
  assert.equal((await client.answer()).body.length, 4_000_000);
});

test('connections beyond the limit are closed and reported, and a freed place is given again', async (t) => {
  const { server, refusals } = await listen(t, { limits: { connectionsMax: 3 } });
  const clients = [];
  for (let i = 0; i < 3; i += 1) clients.push(await RawClient.open(server.port));
  const fourth = await RawClient.open(server.port);
  await fourth.all();
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['tooManyConnections'],
  );
  clients[0]?.socket.destroy();
  await sleep(50);
  const again = await RawClient.open(server.port);
  again.send(get());
  assert.equal((await again.answer()).status, 200);
});

test('connections of one address beyond its limit are closed, and those it has keep working', async (t) => {
  const { server, refusals } = await listen(t, { limits: { connectionsPerAddressMax: 2 } });
  const first = await RawClient.open(server.port);
  const second = await RawClient.open(server.port);
  const third = await RawClient.open(server.port);
  await third.all();
  assert.deepEqual(
    refusals.map(({ reason, sourceAddress }) => [reason, sourceAddress]),
    [['tooManyConnectionsFromAddress', '127.0.0.1']],
  );
  first.send(get());
  assert.equal((await first.answer()).status, 200);
  second.socket.destroy();
  await sleep(50);
  const again = await RawClient.open(server.port);
  again.send(get());
  assert.equal((await again.answer()).status, 200);
});

test('pipelined requests are answered in order, up to the limit; the next is refused and the rest ignored', async (t) => {
  const release: (() => void)[] = [];
  const { server, requests, refusals } = await listen(t, {
    limits: { pipelinedRequestsMax: 4 },
    handler: ({ target }) =>
      new Promise<HttpResponse>((resolve) => {
        release.push(() => resolve({ status: 200, headers: {}, body: target }));
      }),
  });
  const client = await RawClient.open(server.port);
  client.send(Array.from({ length: 1_000 }, (_, i) => get(`/${i}`)).join(''));
  await client.until(() => release.length === 4 && refusals.length === 1);
  // Answers are made in the opposite order.
  for (const answer of release.reverse()) answer();
  const answers = await client.all();
  assert.deepEqual(
    answers.map(({ status, body }) => (status === 200 ? body : status)),
    ['/0', '/1', '/2', '/3', 503],
  );
  assert.equal(requests.length, 4);
});

test('a thousand pipelined requests with quick answers, within the limit at any time, are all answered', async (t) => {
  const { server } = await listen(t, { limits: { pipelinedRequestsMax: 8 } });
  const client = await RawClient.open(server.port);
  for (let batch = 0; batch < 125; batch += 1) {
    client.send(get('/x').repeat(8));
    await client.answers((batch + 1) * 8);
  }
  assert.equal((await client.answers(1_000)).length, 1_000);
});

test('the last request a connection may carry is answered with Connection: close', async (t) => {
  const { server, requests } = await listen(t, { limits: { requestsPerConnectionMax: 3 } });
  const client = await RawClient.open(server.port);
  for (let i = 1; i <= 3; i += 1) {
    client.send(get());
    await client.answers(i);
  }
  client.send(get());
  const answers = await client.all();
  assert.deepEqual(
    answers.map(({ headers }) => headers.connection),
    ['keep-alive', 'keep-alive', 'close'],
  );
  assert.equal(requests.length, 3);
});

test('bodies beyond what the server may hold are refused with 503 until answers have gone out', async (t) => {
  const release: (() => void)[] = [];
  const { server } = await listen(t, {
    limits: { bodyBytesMax: 1_000, bodyBytesHeldMax: 2_500 },
    handler: () =>
      new Promise<HttpResponse>((resolve) => {
        release.push(() => resolve({ status: 200, headers: {}, body: '' }));
      }),
  });
  const first = await RawClient.open(server.port);
  const second = await RawClient.open(server.port);
  first.send(post('x'.repeat(1_000)));
  second.send(post('x'.repeat(1_000)));
  await first.until(() => release.length === 2);
  const third = await RawClient.open(server.port);
  third.send(post('x'.repeat(1_000)));
  assert.deepEqual(
    (await third.all()).map(({ status }) => status),
    [503],
  );
  for (const answer of release.splice(0)) answer();
  await first.answer();
  await second.answer();
  // A client that leaves in the middle of a body gives its bytes back.
  for (let i = 0; i < 5; i += 1) {
    const gone = await RawClient.open(server.port);
    gone.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(900)}`);
    await sleep(20);
    gone.socket.destroy();
    await sleep(20);
  }
  const fourth = await RawClient.open(server.port);
  fourth.send(post('x'.repeat(1_000)));
  await fourth.until(() => release.length === 1);
  release[0]?.();
  assert.equal((await fourth.answer()).status, 200);
});

test('a fault of the request path is answered with InternalFailure, without its words, and the connection lives on', async (t) => {
  const { server, faults } = await listen(t, {
    handler: (request) => {
      if (request.target === '/throws') throw new Error('secret thing');
      if (request.target === '/rejects') return Promise.reject(new Error('secret thing'));
      if (request.target === '/bad-header')
        return Promise.resolve({ status: 200, headers: { 'x-a': 'secret\r\nthing' }, body: '' });
      return echo(request);
    },
  });
  const client = await RawClient.open(server.port);
  for (const target of ['/throws', '/rejects', '/bad-header', '/']) client.send(get(target));
  const answers = await client.answers(4);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [500, 500, 500, 200],
  );
  for (const { body } of answers.slice(0, 3)) {
    assert.ok(!body.includes('secret'));
    assert.equal(JSON.parse(body).__type, 'InternalFailure');
  }
  assert.equal(faults.length, 3);
});

test('a client that leaves before its answer harms nobody', async (t) => {
  const { server, faults } = await listen(t, {
    handler: async (request) => {
      await sleep(30);
      return echo(request);
    },
  });
  for (let i = 0; i < 20; i += 1) {
    const client = await RawClient.open(server.port);
    client.send(post('hello'));
    if (i % 2 === 0) await sleep(5);
    client.socket.resetAndDestroy();
  }
  await sleep(80);
  const client = await RawClient.open(server.port);
  client.send(post('hello'));
  assert.equal((await client.answer()).body, 'POST / hello');
  assert.deepEqual(faults, []);
});

test('health is answered without the request path, and says no when it is no', async (t) => {
  let state = { live: true, ready: false };
  const { server, requests } = await listen(t, { health: () => state });
  const client = await RawClient.open(server.port);
  client.send(get('/health/live') + get('/health/ready'));
  const first = await client.answers(2);
  assert.deepEqual(
    first.map(({ status, body }) => [status, body]),
    [
      [200, '{"live":true}'],
      [503, '{"ready":false}'],
    ],
  );
  state = { live: false, ready: true };
  client.send(get('/health/live') + get('/health/ready'));
  assert.deepEqual(
    (await client.answers(4)).slice(2).map(({ status }) => status),
    [503, 200],
  );
  assert.equal(requests.length, 0);
  client.send(get('/health/other') + post('/health/live'));
  await client.answers(6);
  assert.equal(requests.length, 2);
});

test('the Date header follows the clock of the server, by which SDKs correct theirs', async (t) => {
  const clock = new SettableClock();
  clock.setMs(Date.UTC(2031, 4, 6, 7, 8, 9));
  const { server } = await listen(t, { clock });
  const client = await RawClient.open(server.port);
  client.send(get());
  assert.match((await client.answer()).headers.date ?? '', /^Tue, 06 May 2031 07:08:(09|10) GMT$/);
});

test('the length of an answer is that of its bytes', async (t) => {
  const { server } = await listen(t, { handler: async () => ({ status: 200, headers: {}, body: 'é€😀' }) });
  const client = await RawClient.open(server.port);
  client.send(get());
  const answer = await client.answer();
  assert.equal(answer.headers['content-length'], '9');
  assert.equal(Buffer.from(answer.body, 'latin1').toString('utf8'), 'é€😀');
});

test('a port in use is an error that start reports', async (t) => {
  const { server } = await listen(t);
  await assert.rejects(listen(t, { port: server.port }), {
    message: `cannot listen on 127.0.0.1:${server.port}: the port is in use (EADDRINUSE)`,
  });
});
