/** A stopping server answers what it accepted, tells each client that the connection ends, and ends in time. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { echo, listen } from './listener.ts';
import { RawClient } from './raw-client.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('stopping under load loses no accepted request, and no request of a client that keeps sending', async (t) => {
  const { server, requests } = await listen(t, {
    handler: async (request) => {
      await sleep(Number(request.body.toString()) % 7);
      return echo(request);
    },
  });
  let sent = 0;
  let answered = 0;
  const closedPolitely: boolean[] = [];
  const clients = Array.from({ length: 32 }, async (_, n) => {
    const client = await RawClient.open(server.port);
    for (let i = 1; ; i += 1) {
      const body = String(n * 1_000 + i);
      sent += 1;
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      const answers = await client.answers(i);
      if (answers.length < i) return closedPolitely.push(false);
      answered += 1;
      assert.equal(answers[i - 1]?.body, `POST / ${body}`);
      if (answers[i - 1]?.headers.connection === 'close') return closedPolitely.push(true);
    }
  });
  while (answered < 500) await sleep(5);
  await server.close();
  await Promise.all(clients);
  assert.deepEqual(closedPolitely, Array(32).fill(true));
  assert.equal(answered, sent);
  assert.equal(requests.length, answered);
  await assert.rejects(RawClient.open(server.port), { code: 'ECONNREFUSED' });
});

test('requests pipelined before the stop are all answered, the last with Connection: close', async (t) => {
  const { server } = await listen(t, {
    handler: async (request) => {
      await sleep(100);
      return echo(request);
    },
  });
  const client = await RawClient.open(server.port);
  client.send(
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  await sleep(30);
  const stopped = server.close();
  const answers = await client.all();
  await stopped;
  assert.deepEqual(
    answers.map(({ body }) => body),
    ['GET /1 ', 'GET /2 ', 'GET /3 '],
  );
  assert.equal(answers[2]?.headers.connection, 'close');
});

test('a body that is half here when the server stops is waited for and answered', async (t) => {
  const { server } = await listen(t);
  const client = await RawClient.open(server.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
  await sleep(30);
  const stopped = server.close();
  await sleep(400);
  client.send('world');
  const answer = await client.answer();
  assert.deepEqual(
    [answer.status, answer.body, answer.headers.connection],
    [200, 'POST / helloworld', 'close'],
  );
  await stopped;
});

test('idle connections are closed and do not hold up a stop', async (t) => {
  const { server } = await listen(t, { limits: { stopMs: 5_000 } });
  const fresh = await RawClient.open(server.port);
  const used = await RawClient.open(server.port);
  used.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await used.answer();
  const start = performance.now();
  await server.close();
  assert.ok(performance.now() - start < 1_500);
  await fresh.all();
  await used.all();
});

test('a request that never ends is given up at the deadline', async (t) => {
  const { server } = await listen(t, { limits: { stopMs: 400 }, handler: () => new Promise(() => {}) });
  const client = await RawClient.open(server.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await sleep(30);
  const start = performance.now();
  await server.close();
  assert.ok(performance.now() - start < 1_000);
  await client.all();
});

test('closing twice is closing once', async (t) => {
  const { server } = await listen(t);
  assert.equal(server.close(), server.close());
  await server.close();
  await new Promise<void>((resolve) => {
    connect(server.port, '127.0.0.1').on('error', () => resolve());
  });
});
