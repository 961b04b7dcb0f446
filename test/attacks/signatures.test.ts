/** Whoever can read or change requests on their way, or can only guess: what a signature stops, and what it does not. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { presign } from '../authn/sign.ts';
import { type DevServer, neighbour, operator, startDevServer } from '../support/dev-server.ts';
import { type Answer, basicTime, Caller, headerOf, request, send, withHeader } from './attacker.ts';

describe('signatures', () => {
  let server: DevServer;
  let caller: Caller;
  let keyId: string;

  before(async () => {
    server = await startDevServer({ args: ['--settable-clock'] });
    caller = new Caller(server);
    keyId = (await caller.createKey()).id;
  });
  after(() => server?.stop());

  const encrypt = (plaintext = 'aGVsbG8='): { KeyId: string; Plaintext: string } => ({
    KeyId: keyId,
    Plaintext: plaintext,
  });
  const signed = (as = {}, signing = {}): HttpRequest =>
    request(server.port, 'TrentService.Encrypt', encrypt(), as, signing);
  const refused = async (sent: HttpRequest, code: string): Promise<Answer> => {
    const answer = await send(server.port, sent);
    assert.equal(answer.code, code, answer.text);
    return answer;
  };
  const setClock = async (ms: number, signedAtMs: number): Promise<void> => {
    const sent = request(
      server.port,
      'Holdfast_20261124.SetClock',
      { Time: ms / 1000 },
      { timeMs: signedAtMs },
    );
    assert.equal((await send(server.port, sent)).status, 200);
  };

  test('a replayed request is served again within five minutes, as by AWS, and refused after them', async () => {
    const now = Date.now();
    const captured = signed({ timeMs: now });
    const answers = [await send(server.port, captured), await send(server.port, captured)];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    assert.notEqual(answers[0]?.headers['x-amzn-requestid'], answers[1]?.headers['x-amzn-requestid']);
    assert.notEqual(answers[0]?.output.CiphertextBlob, answers[1]?.output.CiphertextBlob);

    await setClock(now + 302_000, now);
    const late = await refused(captured, 'InvalidSignatureException');
    assert.match(late.message, /^Signature expired: /);
    await setClock(now - 302_000, now + 302_000);
    const early = await refused(captured, 'InvalidSignatureException');
    assert.match(early.message, /^Signature not yet current: /);
    await setClock(Date.now(), now - 302_000);
    assert.equal((await send(server.port, signed())).status, 200);
  });

  test('a presigned URL is refused from the second after it expires', async () => {
    const now = Date.now();
    const url = (expires: string): HttpRequest =>
      presign(
        {
          time: basicTime(now),
          credentials: operator,
          headers: [
            ['host', `127.0.0.1:${server.port}`],
            ['x-amz-target', 'TrentService.Encrypt'],
          ],
          body: JSON.stringify(encrypt()),
        },
        { 'X-Amz-Expires': expires },
      );
    assert.equal((await send(server.port, url('60'))).status, 200);
    await setClock(now + 62_000, now);
    assert.match((await refused(url('60'), 'InvalidSignatureException')).message, /^Signature expired: /);
    assert.equal((await send(server.port, url('600'))).status, 200);
    const longer = url('60');
    await refused(
      { ...longer, target: longer.target.replace('Expires=60', 'Expires=600') },
      'InvalidSignatureException',
    );
    await refused(url('604801'), 'IncompleteSignatureException');
    await setClock(Date.now(), now + 62_000);
  });

  test('a header that was signed cannot be changed, removed or given a second value', async () => {
    for (const name of ['content-type', 'host', 'x-amz-date']) {
      const original = signed();
      const value = headerOf(original, name);
      const changed =
        name === 'x-amz-date' ? basicTime(Date.now() - 1_000) : name === 'host' ? 'localhost' : `${value}x`;
      await refused(withHeader(original, name, changed), 'InvalidSignatureException');
      if (name === 'host') continue; // Without one, or with two, it is no HTTP: see the connections.
      const twice = { ...original, rawHeaders: [...original.rawHeaders, name, value] };
      const answers = [
        await send(server.port, withHeader(original, name, undefined)),
        await send(server.port, twice),
      ];
      for (const answer of answers) assert.equal(answer.status, 400, `${name}: ${answer.text}`);
    }
  });

  test('no byte of the body can be changed, added or removed', async () => {
    const original = signed();
    for (const at of [0, 10, original.body.length - 3, original.body.length - 1]) {
      const body = Buffer.from(original.body);
      body[at] = (body[at] ?? 0) ^ 1;
      await refused({ ...original, body }, 'InvalidSignatureException');
    }
    await refused({ ...original, body: original.body.subarray(0, -1) }, 'InvalidSignatureException');
    await refused(
      { ...original, body: Buffer.concat([original.body, Buffer.from(' ')]) },
      'InvalidSignatureException',
    );
    await refused({ ...original, body: Buffer.alloc(0) }, 'InvalidSignatureException');
    // A hash that is sent besides vouches for nothing.
    const claimed = signed({}, { payloadHash: 'UNSIGNED-PAYLOAD' });
    await refused(claimed, 'InvalidSignatureException');
    await refused(
      withHeader(claimed, 'x-amz-content-sha256', 'UNSIGNED-PAYLOAD'),
      'InvalidSignatureException',
    );
  });

  test('path, query and method cannot be changed', async () => {
    const original = signed();
    for (const target of ['/?', '/?a', '/?a=b']) {
      const answer = await send(server.port, { ...original, target });
      if (target === '/?') assert.equal(answer.status, 200, 'an empty query is no query');
      else assert.equal(answer.code, 'InvalidSignatureException', target);
    }
    for (const target of ['//', '/.', '/x', '/%2e', '/../', '/health/../']) {
      assert.equal(
        (await send(server.port, { ...original, target })).code,
        'UnknownOperationException',
        target,
      );
    }
    for (const method of ['GET', 'PUT', 'DELETE']) {
      assert.equal(
        (await send(server.port, { ...original, method })).code,
        'UnknownOperationException',
        method,
      );
    }
    const withQuery = signed({}, { query: 'a=1&b=2' });
    assert.equal((await send(server.port, withQuery)).status, 200);
    await refused({ ...withQuery, target: '/?a=1&b=3' }, 'InvalidSignatureException');
    await refused({ ...withQuery, target: '/?a=1' }, 'InvalidSignatureException');
  });

  test('another X-Amz-Target does not turn a signed request into another operation', async () => {
    const { id } = await caller.createKey();
    const describe = request(server.port, 'TrentService.DescribeKey', { KeyId: id });
    await refused(
      withHeader(describe, 'x-amz-target', 'TrentService.DisableKey'),
      'InvalidSignatureException',
    );
    for (const rawHeaders of [
      [...describe.rawHeaders, 'x-amz-target', 'TrentService.DisableKey'],
      ['X-Amz-Target', 'TrentService.DisableKey', ...describe.rawHeaders],
    ]) {
      await refused({ ...describe, rawHeaders }, 'InvalidSignatureException');
    }
    const unsignedTarget = request(
      server.port,
      '',
      { KeyId: id },
      {},
      {
        headers: [
          ['host', `127.0.0.1:${server.port}`],
          ['x-amz-date', basicTime(Date.now())],
        ],
        unsigned: [['x-amz-target', 'TrentService.DisableKey']],
      },
    );
    await refused(unsignedTarget, 'InvalidSignatureException');
    const { KeyMetadata } = await caller.does('DescribeKey', { KeyId: id });
    assert.equal(KeyMetadata.KeyState, 'Enabled');
  });

  test('an x-amz header that was not signed is not let through', async () => {
    for (const name of ['x-amz-meta', 'X-Amz-Expires', 'x-amz-content-sha256', 'x-amz-user-agent']) {
      const answer = await refused(withHeader(signed(), name, '1'), 'InvalidSignatureException');
      assert.match(answer.message, /must be a 'SignedHeader'/);
    }
    // The one that may be added later is a token, which these credentials do not have.
    await refused(withHeader(signed(), 'x-amz-security-token', 'AAAA'), 'UnrecognizedClientException');
  });

  test('a signature for another region, service or date is not one for this request', async () => {
    const original = signed();
    const authorization = headerOf(original, 'authorization');
    const date = basicTime(Date.now()).slice(0, 8);
    for (const [from, to] of [
      ['/us-east-1/', '/eu-west-1/'],
      ['/kms/', '/s3/'],
      ['/kms/', '/holdfast/'],
      [`/${date}/`, '/20200101/'],
      ['/aws4_request', '/aws5_request'],
    ] as const) {
      const moved = authorization.replace(from, to);
      assert.notEqual(moved, authorization);
      await refused(withHeader(original, 'authorization', moved), 'InvalidSignatureException');
    }
    for (const as of [{ service: 's3' }, { service: 'holdfast' }, { region: 'Nowhere' }]) {
      await refused(signed(as), 'InvalidSignatureException');
    }
    await refused(signed({}, { scopeDate: '20200101' }), 'InvalidSignatureException');
    await refused(signed({}, { terminator: 'aws4' }), 'InvalidSignatureException');
    // Properly signed for another Region, it reaches that Region's keys, of which this is none.
    await refused(signed({ region: 'eu-west-1' }), 'NotFoundException');
  });

  test('another algorithm is never negotiated: SigV4A, SigV2, none', async () => {
    const original = signed();
    const authorization = headerOf(original, 'authorization');
    for (const algorithm of [
      'AWS4-ECDSA-P256-SHA256',
      'AWS4-HMAC-SHA1',
      'AWS4-HMAC-SHA256-PAYLOAD',
      'AWS',
      'none',
      'Basic',
      'Bearer',
    ]) {
      const answer = await send(
        server.port,
        withHeader(original, 'authorization', authorization.replace('AWS4-HMAC-SHA256', algorithm)),
      );
      assert.match(
        answer.code,
        /^(IncompleteSignature|MissingAuthenticationToken|InvalidSignature)Exception$/,
        answer.text,
      );
      assert.equal((await send(server.port, signed({}, { algorithm }))).status, 400, algorithm);
    }
    const presigned = presign(
      {
        time: basicTime(Date.now()),
        credentials: operator,
        headers: [
          ['host', `127.0.0.1:${server.port}`],
          ['x-amz-target', 'TrentService.Encrypt'],
        ],
        body: JSON.stringify(encrypt()),
      },
      { 'X-Amz-Algorithm': 'none' },
    );
    await refused(presigned, 'IncompleteSignatureException');
  });

  test('a request whose signature was taken off, in whole or in part, is refused', async () => {
    const original = signed();
    const authorization = headerOf(original, 'authorization');
    await refused(withHeader(original, 'authorization', undefined), 'MissingAuthenticationTokenException');
    await refused(withHeader(original, 'authorization', ''), 'IncompleteSignatureException');
    for (const [from, to, code] of [
      [/, Signature=[0-9a-f]+/, '', 'IncompleteSignatureException'],
      [/Signature=[0-9a-f]+/, 'Signature=', 'InvalidSignatureException'],
      [/[0-9a-f]{64}$/, '0'.repeat(64), 'InvalidSignatureException'],
      [/[0-9a-f]{32}$/, '', 'InvalidSignatureException'],
      [/Credential=[^,]+, /, '', 'IncompleteSignatureException'],
      [/SignedHeaders=[^,]+, /, '', 'IncompleteSignatureException'],
      [/SignedHeaders=[^,]+/, 'SignedHeaders=x-amz-date;x-amz-target', 'InvalidSignatureException'],
    ] as const) {
      await refused(withHeader(original, 'authorization', authorization.replace(from, to)), code);
    }
    // With a presigned query besides: neither of the two is chosen.
    await refused({ ...original, target: '/?X-Amz-Algorithm=AWS4-HMAC-SHA256' }, 'InvalidSignatureException');
  });

  test("one account's key id with another account's secret opens neither account", async () => {
    const mixed = { ...operator, secretAccessKey: neighbour.secretAccessKey };
    await refused(signed({ credentials: mixed }), 'InvalidSignatureException');
    const swapped = { ...neighbour, secretAccessKey: operator.secretAccessKey };
    await refused(signed({ credentials: swapped }), 'InvalidSignatureException');
    // A signature of the neighbour's, presented under the operator's key id.
    const foreign = signed({ credentials: neighbour });
    const presented = headerOf(foreign, 'authorization').replace(neighbour.accessKeyId, operator.accessKeyId);
    await refused(withHeader(foreign, 'authorization', presented), 'InvalidSignatureException');
  });

  test('an unknown access key is told from a wrong secret by the code and message that AWS has for it, and by nothing else', async () => {
    const wrong = await send(
      server.port,
      signed({ credentials: { ...operator, secretAccessKey: 'guessed' } }),
    );
    const unknown = await send(
      server.port,
      signed({
        credentials: { ...operator, accessKeyId: 'AKIANOBODYHASTHISKEY', secretAccessKey: 'guessed' },
      }),
    );
    assert.equal(wrong.code, 'InvalidSignatureException');
    assert.equal(unknown.code, 'UnrecognizedClientException');
    assert.equal(wrong.status, unknown.status);
    assert.deepEqual(Object.keys(wrong.output), Object.keys(unknown.output));
    const shape = ({ headers }: Answer): unknown =>
      Object.entries(headers).map(([name, value]) =>
        ['x-amzn-requestid', 'date', 'content-length'].includes(name) ? name : `${name}: ${value}`,
      );
    assert.deepEqual(shape(wrong), shape(unknown));
    // Nothing more is learnt with a request that would not have been allowed, or is no JSON.
    for (const body of ['{', '{"KeyId":"x"}', '']) {
      for (const [accessKeyId, code] of [
        [operator.accessKeyId, 'InvalidSignatureException'],
        ['AKIANOBODYHASTHISKEY', 'UnrecognizedClientException'],
      ] as const) {
        const credentials = { ...operator, accessKeyId, secretAccessKey: 'guessed' };
        await refused(request(server.port, 'TrentService.Encrypt', body, { credentials }), code);
      }
    }
  });
});
