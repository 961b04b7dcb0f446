/** Whoever listens to what the server says: no answer and no health endpoint tells what is not the caller's to know. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import ts from 'typescript';
import { type DevServer, neighbour, operator, startDevServer } from '../support/dev-server.ts';
import { type Answer, Caller, request, send } from './attacker.ts';

describe('answers', () => {
  let server: DevServer;
  let owner: Caller;
  let faulty: DevServer;

  before(async () => {
    [server, faulty] = await Promise.all([startDevServer(), startDevServer({ args: ['--fault-injection'] })]);
    owner = new Caller(server);
  });
  after(() => Promise.all([server?.stop(), faulty?.stop()]));

  const get = (target: string, method = 'GET'): Promise<Answer> =>
    send(server.port, {
      method,
      target,
      rawHeaders: ['host', 'a'],
      body: Buffer.alloc(0),
      sourceAddress: '',
    });

  /** No stack, no path, no source, no secret, no version. */
  const tellsNothing = (answer: Answer): void => {
    const said = `${JSON.stringify(answer.headers)}${answer.text}`;
    assert.doesNotMatch(
      said,
      /\bat [\w.<>]+ \(|\.ts\b|node:|\/src\/|\/tmp\/|\/home\/|Error:|undefined|\[object|sqlite|ENOENT/i,
      said,
    );
    for (const { secretAccessKey } of [operator, neighbour]) assert.ok(!said.includes(secretAccessKey));
    assert.ok(!('server' in answer.headers) && !('x-powered-by' in answer.headers));
  };

  test('health says yes or no to anybody, and nothing else', async () => {
    assert.equal((await get('/health/live')).text, '{"live":true}');
    assert.equal((await get('/health/ready')).text, '{"ready":true}');
    for (const target of [
      '/health',
      '/health/',
      '/health/live/',
      '/health/live?verbose=1',
      '/health/../state.db',
      '/health/%2e%2e/root.key',
      '/metrics',
      '/debug',
      '/.env',
      '/favicon.ico',
    ]) {
      const answer = await get(target);
      assert.equal(answer.text, '{"__type":"UnknownOperationException"}', target);
      assert.equal(answer.status, 404);
      tellsNothing(answer);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      assert.equal((await get('/health/live', method)).text, '{"__type":"UnknownOperationException"}');
    }
  });

  test('an error of any kind shows no stack, no path and no secret', async () => {
    const { id } = await owner.createKey();
    const answers = [
      await get('/'),
      await get('/../../etc/passwd'),
      await owner.kms('Encrypt', '{'),
      await owner.kms('Encrypt', {}),
      await owner.kms('Encrypt', { KeyId: '../../root.key', Plaintext: 'AAAA' }),
      await owner.kms('Encrypt', { KeyId: "' OR 1=1 --", Plaintext: 'AAAA' }),
      await owner.kms('Encrypt', { KeyId: id, Plaintext: 1 }),
      await owner.kms('Decrypt', { CiphertextBlob: 'AAAA' }),
      await owner.kms('Sign', { KeyId: id, Message: 'AAAA', SigningAlgorithm: 'ECDSA_SHA_256' }),
      await owner.kms('CreateKey', { Policy: '{' }),
      await owner.kms('CreateKey', { Policy: '{"Version":"2012-10-17","Statement":{"Effect":"Maybe"}}' }),
      await owner.kms('ListKeys', { Marker: 'AAAA' }),
      await send(
        server.port,
        request(
          server.port,
          'TrentService.ListKeys',
          {},
          { credentials: { ...operator, secretAccessKey: 'x' } },
        ),
      ),
      await send(server.port, Buffer.from('\r\n\r\nGARBAGE\r\n\r\n')),
      await send(server.port, Buffer.from('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n')),
    ];
    for (const answer of answers) {
      assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
      tellsNothing(answer);
    }
  });

  test('a secret that was put where the access key id belongs comes back in no error', async () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
    const credentials = { accountId: '', accessKeyId: secret, secretAccessKey: 'AKIAIOSFODNN7EXAMPLE' };
    const answer = await send(
      server.port,
      request(server.port, 'TrentService.ListKeys', {}, { credentials }),
    );
    assert.equal(answer.status, 400);
    assert.ok(!answer.text.includes(secret), answer.text);
  });

  test('a fault inside is told as one sentence, the same for every fault, and its detail stays with the operator', async () => {
    const caller = new Caller(faulty);
    const { id } = await caller.createKey();
    assert.equal((await caller.operate('InjectFault', { Fault: 'storage:lost' })).status, 200);
    const answer = await caller.kms('UpdateKeyDescription', { KeyId: id, Description: 'x' });
    assert.equal(
      answer.text,
      '{"__type":"KMSInternalException","message":"The request failed because of an internal error. Try it again later."}',
    );
    assert.equal(answer.status, 500);
    tellsNothing(answer);
  });

  test('the clock cannot be set nor faults injected where the server was not started for it', async () => {
    for (const [operation, input] of [
      ['SetClock', { Time: 0 }],
      ['InjectFault', { Fault: 'storage:lost' }],
    ] as const) {
      const answer = await owner.operate(operation, input);
      assert.equal(answer.code, 'UnsupportedOperationException', answer.text);
    }
    await owner.createKey();
    const { date } = (await get('/health/live')).headers;
    assert.ok(Math.abs(Date.parse(date ?? '') - Date.now()) < 10_000);
  });

  test('the answers that hold plaintext are to be kept by no cache', async () => {
    const answer = await owner.kms('GenerateRandom', { NumberOfBytes: 32 });
    assert.equal(answer.headers['cache-control'], 'no-cache, no-store, must-revalidate, private');
  });

  test('nothing that was asked for in plaintext is ever printed by the server', async () => {
    const { id } = await owner.createKey();
    const { Plaintext } = await owner.does('GenerateDataKey', { KeyId: id, KeySpec: 'AES_256' });
    const secret = Buffer.from('a secret of the caller').toString('base64');
    await owner.does('Encrypt', { KeyId: id, Plaintext: secret });
    for (const each of [Plaintext, secret, neighbour.secretAccessKey])
      assert.ok(!server.output().includes(each));
  });
});

test('signatures are compared by one function, in constant time, and what else is compared by its bytes is not secret', async () => {
  const folder = new URL('../../src/', import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const comparisons: string[] = [];
  for (const file of files) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node)) {
        const called = node.expression.getText(source);
        const name = /(equalConstantTime|timingSafeEqual|\.equals|\.compare)$/.exec(called)?.[1];
        if (name !== undefined)
          comparisons.push(
            `${file} ${name}(${node.arguments.map((each) => each.getText(source)).join(', ')})`,
          );
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  // Markers, ciphertexts and sealed rows are opened by AES-GCM, whose tag OpenSSL compares in constant time.
  const secretFolders = ['authn/', 'keys/', 'keystore/', 'seal/', 'crypto/', 'identity/'];
  assert.deepEqual(
    comparisons.filter((comparison) => secretFolders.some((each) => comparison.startsWith(each))).sort(),
    [
      'authn/authenticate.ts equalConstantTime(computed, presented)',
      'crypto/constant-time.ts timingSafeEqual(a, b)',
      // A new domain key, which has to be the one that was made.
      'keys/domain-keys.ts equalConstantTime(opened, bytes)',
      // Sealed, as it lies in the database.
      'keystore/software/opened-materials.ts .compare(a.sealed, b.sealed)',
      // The first bytes of a file.
      'seal/file/seal.ts .equals(magic)',
      'seal/passphrase/seal.ts .equals(magic)',
      // Checksums of a file of sealed keys.
      'seal/stored-seal.ts equalConstantTime(content.checksum, this.#checksum)',
      'seal/stored-seal.ts equalConstantTime(sha256(payload), checksum)',
    ],
  );
});
