/** `holdfast rotate`: a signed call to a server, over a real listener and the server's own authentication. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createAuthenticator } from '../../src/authn/authenticate.ts';
import { jsonSignatureErrors } from '../../src/authn/signed-service.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Refusal } from '../../src/base/refusal.ts';
import { takeSecretKey } from '../../src/crypto/secret-key.ts';
import type { TlsOptions } from '../../src/http/tls.ts';
import type { AccessKey } from '../../src/identity/access-key.ts';
import { rootPrincipal } from '../../src/identity/principal.ts';
import { listen } from '../http/listener.ts';
import { run } from './terminal.ts';

const accessKeyId = 'AKIDEXAMPLE';
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

/** A listener that verifies signatures as the server does, and answers what was asked for. */
async function operatorServer(t: TestContext, tls?: TlsOptions) {
  const key: AccessKey = {
    accessKeyId,
    principal: rootPrincipal('000000000000'),
    active: true,
    signingSecret: takeSecretKey(Buffer.from(`AWS4${secret}`)),
  };
  const authenticate = createAuthenticator({
    accessKeys: { find: (id) => (id === accessKeyId ? key : undefined) },
    clock: systemClock,
    services: [{ signingName: 'holdfast', errors: jsonSignatureErrors }],
    clockSkewMs: 300_000,
  });
  const asked: unknown[] = [];
  const { server } = await listen(t, {
    ...(tls === undefined ? {} : { tls }),
    handler: async (request) => {
      try {
        const { region } = authenticate(request);
        const target = request.rawHeaders[request.rawHeaders.indexOf('x-amz-target') + 1];
        asked.push([target, region, JSON.parse(request.body.toString())]);
        const body = target?.endsWith('.RotateRootKey')
          ? { PreviousRootKeyId: 'old', RootKeyId: 'new' }
          : { Region: region, Version: 2 };
        return { status: 200, headers: {}, body: JSON.stringify(body) };
      } catch (error) {
        assert.ok(error instanceof Refusal);
        return {
          status: error.httpStatus,
          headers: {},
          body: JSON.stringify({ __type: error.code, message: error.message }),
        };
      }
    },
  });
  return { server, asked };
}

const environment = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secret };

test('`rotate root` and `rotate domain-keys` are signed as the server verifies it, and say what came of them', async (t) => {
  const { server, asked } = await operatorServer(t);
  const root = await run(['rotate', 'root', '--endpoint', server.url], { environment });
  assert.deepEqual([root.code, root.err], [0, '']);
  assert.match(root.out, /new root key new; old is destroyed/);
  const domain = await run(
    ['rotate', 'domain-keys', '--endpoint', server.url, '--region', 'eu-west-1', '--json'],
    { environment },
  );
  assert.deepEqual([domain.code, JSON.parse(domain.out)], [0, { Region: 'eu-west-1', Version: 2 }]);
  assert.deepEqual(asked, [
    ['Holdfast_20261124.RotateRootKey', 'us-east-1', {}],
    ['Holdfast_20261124.RotateDomainKey', 'eu-west-1', { Region: 'eu-west-1' }],
  ]);
});

test('over TLS the server must be the one that `--ca-file` vouches for', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-rotate-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const certificateFile = join(directory, 'c.pem');
  const keyFile = join(directory, 'k.pem');
  const args = [
    'req',
    '-x509',
    '-nodes',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-days',
    '2',
  ];
  args.push('-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1');
  execFileSync('openssl', [...args, '-keyout', keyFile, '-out', certificateFile], { stdio: 'pipe' });
  const { server } = await operatorServer(t, { certificateFile, keyFile, minVersion: 'TLSv1.3', groups: [] });
  const trusted = await run(['rotate', 'root', '--endpoint', server.url, '--ca-file', certificateFile], {
    environment,
  });
  assert.equal(trusted.code, 0, trusted.err);
  const untrusted = await run(['rotate', 'root', '--endpoint', server.url], { environment });
  assert.equal(untrusted.code, 1);
  assert.match(untrusted.err, /cannot reach .*self-signed certificate/);
});

test('what the server refuses, and a server that is not there, end with 1 and say so', async (t) => {
  const { server, asked } = await operatorServer(t);
  const wrong = await run(['rotate', 'root', '--endpoint', server.url], {
    environment: { ...environment, AWS_SECRET_ACCESS_KEY: 'wrong' },
  });
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /the server refused: InvalidSignatureException: /);
  assert.deepEqual(asked, []);
  const nobody = await run(['rotate', 'root', '--endpoint', server.url]);
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /no credentials.*\nSet AWS_ACCESS_KEY_ID/);
  await server.close();
  const gone = await run(['rotate', 'root', '--endpoint', server.url], { environment });
  assert.equal(gone.code, 1);
  assert.match(gone.err, /cannot reach http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED.*\nIs the server running/);
});
