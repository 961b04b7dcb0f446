/** Real TLS with certificates made by the `openssl` command for this run. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import { SettableClock } from '../../src/base/clock.ts';
import type { HttpResponse } from '../../src/base/http-message.ts';
import type { CertificateEvent, TlsOptions } from '../../src/http/tls.ts';
import { echo, listen } from './listener.ts';
import { RawClient } from './raw-client.ts';

let directory = '';
const file = (name: string): string => join(directory, name);
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A self-signed certificate for localhost in `NAME.crt` and `NAME.key`. */
function makeCertificate(name: string): void {
  const args = ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  args.push('-keyout', file(`${name}.key`), '-out', file(`${name}.crt`), '-subj', `/CN=${name}`);
  args.push('-addext', 'subjectAltName=DNS:localhost', '-days', '2');
  execFileSync('openssl', args, { stdio: 'pipe' });
}

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
  makeCertificate('first');
  makeCertificate('second');
});
after(() => rmSync(directory, { recursive: true }));

const options = (name: string, more: Partial<TlsOptions> = {}): TlsOptions => ({
  certificateFile: file(`${name}.crt`),
  keyFile: file(`${name}.key`),
  minVersion: 'TLSv1.3',
  groups: [],
  ...more,
});

const trusting = (name: string, more: ConnectionOptions = {}): ConnectionOptions => ({
  ca: readFileSync(file(`${name}.crt`)),
  servername: 'localhost',
  ...more,
});

function tlsOf(client: RawClient): TLSSocket {
  assert.ok(client.socket instanceof TLSSocket);
  return client.socket;
}

test('a request over TLS carries what was negotiated, and the answer comes back over it', async (t) => {
  const { server, requests } = await listen(t, { tls: options('first') });
  assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const client = await RawClient.open(server.port, trusting('first'));
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
  assert.equal((await client.answer()).body, 'POST / hello');
  assert.deepEqual(requests[0]?.tls, { version: 'TLSv1.3', cipherSuite: 'TLS_AES_256_GCM_SHA384' });
  assert.equal(requests[0]?.sourceAddress, '127.0.0.1');
});

test('a client that knows the post-quantum hybrid group gets it, also when it guessed another key share', async (t) => {
  const { server } = await listen(t, { tls: options('first') });
  for (const [ecdhCurve, expected] of [
    [undefined, 'X25519MLKEM768'],
    ['X25519:X25519MLKEM768', 'X25519MLKEM768'],
    ['X25519', 'X25519'],
    ['P-256', 'prime256v1'],
    ['P-384', 'secp384r1'],
  ] as const) {
    const client = await RawClient.open(
      server.port,
      trusting('first', ecdhCurve === undefined ? {} : { ecdhCurve }),
    );
    const info = tlsOf(client).getEphemeralKeyInfo();
    assert.ok(info !== null && 'name' in info);
    assert.equal(info.name, expected);
    client.send(get);
    assert.equal((await client.answer()).status, 200);
  }
});

test('with one group configured, the request names it and a client without it is turned away', async (t) => {
  const { server, requests } = await listen(t, { tls: options('first', { groups: ['X25519MLKEM768'] }) });
  const client = await RawClient.open(server.port, trusting('first'));
  client.send(get);
  await client.answer();
  assert.equal(requests[0]?.tls?.keyExchange, 'X25519MLKEM768');
  await assert.rejects(RawClient.open(server.port, trusting('first', { ecdhCurve: 'X25519' })));
});

test('TLS 1.2 is refused by default', async (t) => {
  const { server, refusals } = await listen(t, { tls: options('first') });
  await assert.rejects(RawClient.open(server.port, trusting('first', { maxVersion: 'TLSv1.2' })));
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['tlsHandshake'],
  );
});

test('TLS 1.2, where allowed, is only spoken with forward secrecy and authenticated encryption, and 1.1 never', async (t) => {
  const { server, requests } = await listen(t, { tls: options('first', { minVersion: 'TLSv1.2' }) });
  const old = (ciphers: string): ConnectionOptions => trusting('first', { maxVersion: 'TLSv1.2', ciphers });
  const client = await RawClient.open(server.port, old('ECDHE-ECDSA-AES128-GCM-SHA256'));
  client.send(get);
  await client.answer();
  assert.deepEqual(requests[0]?.tls, {
    version: 'TLSv1.2',
    cipherSuite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  });
  await assert.rejects(RawClient.open(server.port, old('ECDHE-ECDSA-AES128-SHA256')));
  await assert.rejects(
    RawClient.open(
      server.port,
      trusting('first', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }),
    ),
  );
});

test('a client that offers only HTTP/2 is turned away in the handshake', async (t) => {
  const { server } = await listen(t, { tls: options('first') });
  await assert.rejects(RawClient.open(server.port, trusting('first', { ALPNProtocols: ['h2'] })));
});

test('plain HTTP on a TLS listener is closed and never reaches the request path', async (t) => {
  const { server, requests, refusals } = await listen(t, { tls: options('first') });
  const client = await RawClient.open(server.port);
  client.send(get);
  await client.all();
  assert.deepEqual(requests, []);
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['tlsHandshake'],
  );
});

test('a handshake that is not finished in time is cut off', async (t) => {
  const { server } = await listen(t, {
    tls: options('first'),
    limits: { headersMs: 200, requestMs: 400 },
  });
  const client = await RawClient.open(server.port);
  client.send('\x16\x03\x01');
  await client.all(1_500);
});

test('connections are counted before the handshake, and given back after it', async (t) => {
  const { server, refusals } = await listen(t, {
    tls: options('first'),
    limits: { connectionsPerAddressMax: 2 },
  });
  const silent = await RawClient.open(server.port);
  const speaking = await RawClient.open(server.port, trusting('first'));
  const third = await RawClient.open(server.port);
  await third.all();
  assert.ok(refusals.some(({ reason }) => reason === 'tooManyConnectionsFromAddress'));
  silent.socket.destroy();
  speaking.socket.destroy();
  await sleep(50);
  for (let i = 0; i < 5; i += 1) {
    const client = await RawClient.open(server.port, trusting('first'));
    client.send(get);
    assert.equal((await client.answer()).status, 200);
    client.socket.destroy();
    await sleep(20);
  }
});

test('over TLS too, a client that does not read its answers is cut off', async (t) => {
  const { server, refusals } = await listen(t, {
    tls: options('first'),
    limits: { unreadAnswerMs: 300 },
    handler: async () => ({ status: 200, headers: {}, body: Buffer.alloc(16_000_000) }),
  });
  const client = await RawClient.open(server.port, trusting('first'));
  client.socket.pause();
  client.send(get);
  await client.until(() => refusals.length > 0, 3_000);
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['answerNotRead'],
  );
});

test('over TLS too, slow headers end in 408 and smuggled requests go nowhere', async (t) => {
  const { server, requests } = await listen(t, {
    tls: options('first'),
    limits: { headersMs: 200, requestMs: 400 },
  });
  const slow = await RawClient.open(server.port, trusting('first'));
  slow.send('GET / HTTP/1.1\r\n');
  assert.deepEqual(
    (await slow.all(1_500)).map(({ status }) => status),
    [408],
  );
  const sly = await RawClient.open(server.port, trusting('first'));
  sly.send(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get}`);
  assert.deepEqual(
    (await sly.all()).map(({ status }) => status),
    [411],
  );
  assert.deepEqual(requests, []);
});

test('a renewed certificate serves new connections while old ones go on, in the middle of a request', async (t) => {
  copyFileSync(file('first.crt'), file('live.crt'));
  copyFileSync(file('first.key'), file('live.key'));
  const events: CertificateEvent[] = [];
  let release: (() => void) | undefined;
  const { server } = await listen(t, {
    tls: { ...options('live'), watchMs: 40 },
    onCertificate: (event) => events.push(event),
    handler: (request) =>
      request.target === '/wait'
        ? new Promise<HttpResponse>((resolve) => {
            release = () => resolve({ status: 200, headers: {}, body: 'waited' });
          })
        : echo(request),
  });
  const old = await RawClient.open(server.port, trusting('first'));
  old.send('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n');
  await old.until(() => release !== undefined);

  copyFileSync(file('second.crt'), file('live.crt'));
  copyFileSync(file('second.key'), file('live.key'));
  await old.until(() => events.length === 2);
  assert.deepEqual(
    events.map((event) => (event.kind === 'loaded' ? event.subject : event.reason)),
    ['CN=first', 'CN=second'],
  );
  const fresh = await RawClient.open(server.port, trusting('second'));
  fresh.send(get);
  assert.equal((await fresh.answer()).status, 200);
  await assert.rejects(RawClient.open(server.port, trusting('first')));

  release?.();
  assert.equal((await old.answer()).body, 'waited');
  old.send(get);
  assert.equal((await old.answers(2))[1]?.body, 'GET / ');
});

test('a renewed certificate that cannot serve is reported, and the one in use stays', async (t) => {
  copyFileSync(file('first.crt'), file('live2.crt'));
  copyFileSync(file('first.key'), file('live2.key'));
  const events: CertificateEvent[] = [];
  const clock = new SettableClock();
  const { server } = await listen(t, {
    clock,
    tls: { ...options('live2'), watchMs: 3_600_000 },
    onCertificate: (event) => events.push(event),
  });
  const bad: readonly (readonly [() => void, RegExp])[] = [
    [() => copyFileSync(file('second.crt'), file('live2.crt')), /live2\.key.*mismatch/],
    [() => writeFileSync(file('live2.crt'), 'not a certificate'), /cannot use the certificate/],
    [
      () => {
        copyFileSync(file('first.crt'), file('live2.crt'));
        clock.setMs(Date.now() + 5 * 86_400_000);
      },
      /live2\.crt` expired on \d{4}-/,
    ],
    [() => rmSync(file('live2.key')), /cannot read the private key .*ENOENT/],
  ];
  for (const [spoil, reason] of bad) {
    spoil();
    await server.reloadCertificate();
    const event = events.at(-1);
    assert.ok(event?.kind === 'kept');
    assert.match(event.reason, reason);
    assert.ok(!event.reason.includes('PRIVATE'));
    const client = await RawClient.open(server.port, trusting('first'));
    client.send(get);
    assert.equal((await client.answer()).status, 200);
  }
});

test('SIGHUP takes the certificate files again', async (t) => {
  copyFileSync(file('first.crt'), file('live3.crt'));
  copyFileSync(file('first.key'), file('live3.key'));
  const events: CertificateEvent[] = [];
  const { server } = await listen(t, {
    tls: { ...options('live3'), watchMs: 3_600_000 },
    onCertificate: (event) => events.push(event),
  });
  copyFileSync(file('second.crt'), file('live3.crt'));
  copyFileSync(file('second.key'), file('live3.key'));
  process.kill(process.pid, 'SIGHUP');
  const start = performance.now();
  while (events.length < 2 && performance.now() - start < 2_000) await sleep(10);
  const client = await RawClient.open(server.port, trusting('second'));
  client.send(get);
  assert.equal((await client.answer()).status, 200);
  await server.close();
  assert.equal(process.listenerCount('SIGHUP'), 0);
});

test('a server does not start with a certificate that cannot serve', async (t) => {
  const clock = new SettableClock();
  clock.setMs(Date.now() + 5 * 86_400_000);
  await assert.rejects(listen(t, { clock, tls: options('first') }), /first\.crt` expired on \d{4}-/);
  await assert.rejects(listen(t, { tls: { ...options('first'), keyFile: file('second.key') } }), /mismatch/);
  await assert.rejects(listen(t, { tls: options('missing') }), /cannot read the certificate .*ENOENT/);
  await assert.rejects(listen(t, { tls: options('first', { groups: ['no-such-group'] }) }), /cannot use/);
});

test('a TLS server stops in time with open, idle and half-shaken connections', async (t) => {
  const { server } = await listen(t, { tls: options('first'), limits: { stopMs: 600 } });
  const idle = await RawClient.open(server.port, trusting('first'));
  idle.send(get);
  await idle.answer();
  const half = connect(server.port, '127.0.0.1');
  half.on('error', () => {});
  await sleep(30);
  const start = performance.now();
  await server.close();
  assert.ok(performance.now() - start < 1_200);
});
