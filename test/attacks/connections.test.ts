/** Whoever reaches the port, without credentials: bytes that two readers could take for different requests, and sockets that only cost. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RawClient } from '../http/raw-client.ts';
import { type DevServer, startDevServer } from '../support/dev-server.ts';
import { answerOf, bytesOf, Caller, request, send } from './attacker.ts';

const connectionsMax = 60;

describe('connections', () => {
  let server: DevServer;
  let owner: Caller;
  let keyId: string;

  before(async () => {
    server = await startDevServer({
      args: [
        '--headers-ms',
        '1000',
        '--request-ms',
        '1500',
        '--connections-per-address-max',
        String(connectionsMax),
      ],
    });
    owner = new Caller(server);
    keyId = (await owner.createKey()).id;
  });
  after(() => server?.stop());

  const isServed = async (): Promise<void> => {
    assert.equal((await owner.kms('Encrypt', { KeyId: keyId, Plaintext: 'AAAA' })).status, 200);
  };

  /** A captured DisableKey, whole and signed, to be hidden in something else. */
  const disable = (): string =>
    bytesOf(request(server.port, 'TrentService.DisableKey', { KeyId: keyId })).toString('latin1');

  const head = 'POST / HTTP/1.1\r\nHost: a\r\n';
  const carriers: Readonly<Record<string, (hidden: string) => string>> = {
    'behind two lengths, one of which is zero': (hidden) =>
      `${head}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    'behind a length and chunks (CL.TE)': (hidden) =>
      `${head}Content-Length: ${hidden.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'behind chunks and a length (TE.CL)': (hidden) =>
      `${head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    'behind a transfer coding that is hidden from some': (hidden) =>
      `${head}Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${hidden}`,
    'behind a header that is folded': (hidden) =>
      `${head}X: a\r\n Content-Length: ${hidden.length}\r\nContent-Length: 0\r\n\r\n${hidden}`,
    'behind a header ended by a bare line feed': (hidden) =>
      `${head}X: a\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    'behind a negative length': (hidden) => `${head}Content-Length: -1\r\n\r\n${hidden}`,
    'behind a length with a sign': (hidden) => `${head}Content-Length: +0\r\n\r\n${hidden}`,
    'behind an upgrade to HTTP/2': (hidden) =>
      `${head}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nContent-Length: 0\r\n\r\n${hidden}`,
    'behind an absolute target': (hidden) =>
      `POST http://b/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n${hidden}`,
    'behind a request of HTTP/1.0': (hidden) =>
      `POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\n\r\n${hidden}`,
    'behind CONNECT': (hidden) => `CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`,
    'as the body of a GET': (hidden) =>
      `GET /health/live HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  };
  for (const [where, carry] of Object.entries(carriers)) {
    test(`a signed request that is smuggled ${where} is not performed`, async () => {
      const client = await RawClient.open(server.port);
      client.send(carry(disable()));
      await client.until(() => client.received.includes('\r\n\r\n') || client.closed, 5_000);
      client.socket.end();
      await client.until(() => client.closed, 5_000);
      const { KeyMetadata } = await owner.does('DescribeKey', { KeyId: keyId });
      assert.equal(KeyMetadata.KeyState, 'Enabled', client.shown);
    });
  }

  test('a hundred headers are read; more of them, or larger ones, are refused with 431', async () => {
    const signed = bytesOf(request(server.port, 'TrentService.ListKeys', {})).toString('latin1');
    const withHeaders = (lines: string): Buffer =>
      Buffer.from(signed.replace('\r\n', `\r\n${lines}`), 'latin1');
    const many = (count: number): string =>
      Array.from({ length: count }, (_, index) => `x-${index}: y\r\n`).join('');
    assert.equal((await send(server.port, withHeaders(many(90)))).status, 200);
    for (const lines of [
      many(200),
      many(3_000),
      `x: ${'y'.repeat(40_000)}\r\n`,
      `${'x'.repeat(40_000)}: y\r\n`,
    ]) {
      const answer = await send(server.port, withHeaders(lines));
      assert.equal(answer.status, 431, answer.text);
    }
    const long = bytesOf({
      ...request(server.port, 'TrentService.ListKeys', {}),
      target: `/?${'a=b&'.repeat(10_000)}`,
    });
    assert.equal((await send(server.port, long)).status, 431);
    await isServed();
  });

  test('a list of a thousand signed headers is refused before anything is hashed for it', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `a${String(index).padStart(4, '0')}`);
    const signedHeaders = [...names, 'host', 'x-amz-date', 'x-amz-target'].join(';');
    const answer = await send(
      server.port,
      request(server.port, 'TrentService.ListKeys', {}, {}, { signedHeaders }),
    );
    assert.equal(answer.code, 'InvalidSignatureException');
  });

  test('clients that send their requests letter by letter are cut off, and others are served meanwhile', async () => {
    const slow = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(server.port)));
    const whole = bytesOf(request(server.port, 'TrentService.Encrypt', { KeyId: keyId, Plaintext: 'AAAA' }));
    const bodyAt = whole.indexOf('\r\n\r\n') + 4;
    // Half of them never end their headers, the other half never their bodies.
    for (const [index, client] of slow.entries())
      client.send(whole.subarray(0, index % 2 === 0 ? 20 : bodyAt + 2));
    const dripping = setInterval(() => {
      for (const [index, client] of slow.entries()) if (!client.closed && index % 2 === 0) client.send('x');
    }, 100);
    for (let count = 0; count < 10; count += 1) {
      await isServed();
      await delay(50);
    }
    for (const client of slow) await client.until(() => client.ended || client.closed, 8_000);
    clearInterval(dripping);
    for (const client of slow) assert.match(client.received.toString('latin1'), /^HTTP\/1\.1 408 /);
    for (const client of slow) client.socket.destroy();
  });

  test('a thousand requests at once on one connection: so many are answered, the rest refused, nobody else waits', async () => {
    const one = bytesOf(request(server.port, 'TrentService.Encrypt', { KeyId: keyId, Plaintext: 'AAAA' }));
    const flood = await RawClient.open(server.port);
    flood.send(Buffer.concat(Array.from({ length: 1_000 }, () => one)));
    await isServed();
    const answers = (await flood.all(15_000)).map(answerOf);
    const codes = answers.map(({ status, code }) => `${status} ${code}`);
    assert.equal(codes.at(-1), '503 ServiceUnavailable');
    assert.ok(
      codes.slice(0, -1).every((code) => code === '200 '),
      codes.join(),
    );
    assert.ok(codes.length >= 16 && codes.length < 1_000, `${codes.length} answers`);
    await isServed();
  });

  test('connections beyond those of one address are closed at once, and leave room when they go', async () => {
    const open = await Promise.all(
      Array.from({ length: 300 }, () => RawClient.open(server.port).catch(() => undefined)),
    );
    await delay(200);
    const alive = open.filter((client) => client !== undefined && !client.ended && !client.closed);
    assert.equal(alive.length, connectionsMax);
    for (const client of open) client?.socket.destroy();
    await delay(200);
    await isServed();
  });

  test('garbage on a hundred connections brings nothing down', async () => {
    let seed = 1;
    for (let count = 0; count < 100; count += 1) {
      const bytes = Buffer.alloc(200);
      for (let at = 0; at < bytes.length; at += 1) {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        bytes[at] = seed >>> 24;
      }
      const client = await RawClient.open(server.port);
      client.send(bytes);
      client.send('\r\n\r\n');
      await client.until(() => client.received.length > 0 || client.closed, 3_000);
      client.socket.destroy();
    }
    await isServed();
    assert.doesNotMatch(server.output(), /"level":"(error|fatal)"/);
  });
});
