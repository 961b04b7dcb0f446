/** Rotation of the installation's own domain key, on a server set up by `init`, killed in between and started again. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { KMS } from '@aws-sdk/client-kms';
import { bareEnvironment } from '../clients/endpoints.ts';
import { type Ended, runProgram } from '../clients/python-program.ts';
import { type Credentials, type DevServer, holdfast, startDevServer } from '../support/dev-server.ts';

let directory = '';
let data: readonly string[] = [];
let root: Credentials & { readonly logPublicKey: string };
let server: DevServer;

const run = (args: readonly string[]): Promise<Ended> =>
  runProgram(holdfast, args, {
    ...bareEnvironment(),
    AWS_ACCESS_KEY_ID: root?.accessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: root?.secretAccessKey ?? '',
  });
const start = (): Promise<DevServer> => startDevServer({ command: 'server', args: data });
const kms = (): KMS =>
  new KMS({ endpoint: server.endpoint, region: 'us-east-1', credentials: root, maxAttempts: 1 });

/** Versions of the installation's line, as the server tells them, once there is one at least `version`. */
async function installationVersion(): Promise<number> {
  const { out } = await run(['status', '--endpoint', server.endpoint, '--json']);
  const { DomainKeys }: { DomainKeys: { Region: string; Version: number }[] } = JSON.parse(out);
  return DomainKeys.find(({ Region }) => Region === '')?.Version ?? 0;
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-installation-'));
  const passphraseFile = join(directory, 'passphrase');
  writeFileSync(passphraseFile, 'correct horse battery staple\n', { mode: 0o600 });
  data = ['--data-dir', join(directory, 'data'), '--passphrase-file', passphraseFile];
  const made = await run(['init', ...data, '--json']);
  assert.equal(made.code, 0, made.err);
  root = JSON.parse(made.out);
  server = await start();
});
after(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('the root credential, keys and log outlive rotations of the installation key and a kill right behind one', async () => {
  const { KeyMetadata } = await kms().createKey({});
  const { CiphertextBlob } = await kms().encrypt({
    KeyId: KeyMetadata?.KeyId,
    Plaintext: Buffer.from('kept'),
  });
  for (const version of [2, 3, 4]) {
    const rotated = await run(['rotate', 'domain-keys', '--installation', '--endpoint', server.endpoint]);
    assert.deepEqual([rotated.code, rotated.err], [0, '']);
    assert.match(rotated.out, new RegExp(`domain key ${version} seals from now on for the secrets`));
    if (version < 4) await server.stop('SIGKILL');
    else await server.stop();
    server = await start();
    assert.equal(await installationVersion(), version);
    const { Plaintext } = await kms().decrypt({ CiphertextBlob });
    assert.equal(Buffer.from(Plaintext ?? []).toString(), 'kept');
  }
  const verified = await run(['log', 'verify', join(directory, 'data'), '--key', root.logPublicKey]);
  assert.equal(verified.code, 0, verified.out + verified.err);
});

test('markers made before the older key went do not open after it, and the listing begins again', async () => {
  await kms().createKey({});
  const { NextMarker } = await kms().listKeys({ Limit: 1 });
  assert.equal((await kms().listKeys({ Limit: 1, Marker: NextMarker })).Keys?.length, 1);
  assert.equal(
    (await run(['rotate', 'domain-keys', '--installation', '--endpoint', server.endpoint])).code,
    0,
  );
  // The older key goes when the job behind the rotation is done with what it sealed.
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const error = await kms()
      .listKeys({ Limit: 1, Marker: NextMarker })
      .then(
        () => undefined,
        (refused: Error) => refused,
      );
    if (error !== undefined) {
      assert.equal(error.name, 'InvalidMarkerException');
      assert.equal((await kms().listKeys({ Limit: 1 })).Keys?.length, 1);
      return;
    }
    await delay(100);
  }
  assert.fail('the marker still opens: the older domain key was not deleted');
});

test('naming a Region and the installation at once is refused', async () => {
  const both = ['--installation', '--region', 'us-east-1', '--endpoint', server.endpoint];
  const refused = await run(['rotate', 'domain-keys', ...both]);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /ValidationException: Region and OfInstallation exclude each other/);
});
