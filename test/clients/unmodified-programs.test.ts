/** Programs that were written for AWS find the server, its credentials and its CA by environment variables alone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { operator } from '../support/dev-server.ts';
import { bareEnvironment, credentialEnvironment, type Endpoints, startEndpoints } from './endpoints.ts';
import { type Ended, runProgram, runPython } from './python-program.ts';

let endpoints: Endpoints;
before(async () => {
  endpoints = await startEndpoints();
});
after(() => endpoints.stop());

const programs: readonly (readonly [string, (env: Readonly<Record<string, string>>) => Promise<Ended>])[] = [
  ['Python', (env) => runPython('round-trip.py', [], env)],
  [
    'JavaScript',
    (env) => runProgram(process.execPath, [fileURLToPath(new URL('round-trip.mjs', import.meta.url))], env),
  ],
];

/** A port of the loopback interface that nothing listens on. */
const nowhere = 'http://127.0.0.1:1';

for (const [language, run] of programs) {
  test(`a ${language} program for AWS works unchanged with AWS_ENDPOINT_URL, over plain HTTP and TLS`, async () => {
    const { plain, tls } = endpoints;
    const ca = { AWS_CA_BUNDLE: tls.caFile ?? '', NODE_EXTRA_CA_CERTS: tls.caFile ?? '' };
    for (const settings of [{ AWS_ENDPOINT_URL: plain.url }, { AWS_ENDPOINT_URL: tls.url, ...ca }]) {
      const env = { ...bareEnvironment(), ...credentialEnvironment(operator), ...settings };
      assert.deepEqual(await run(env), { code: 0, out: 'there and back\n', err: '' });
    }
  });

  test(`AWS_ENDPOINT_URL_KMS sends only the KMS requests of a ${language} program to the server`, async () => {
    const env = { ...bareEnvironment(), ...credentialEnvironment(operator), AWS_ENDPOINT_URL: nowhere };
    const sent = await run({ ...env, AWS_ENDPOINT_URL_KMS: endpoints.plain.url });
    assert.deepEqual(sent, { code: 0, out: 'there and back\n', err: '' });
  });

  test(`a ${language} program without the CA does not talk to the server`, async () => {
    const env = { ...bareEnvironment(), ...credentialEnvironment(operator), AWS_MAX_ATTEMPTS: '1' };
    const { code, out, err } = await run({ ...env, AWS_ENDPOINT_URL_KMS: endpoints.tls.url });
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /certificate/i);
  });
}
