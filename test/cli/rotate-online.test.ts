/**
 * `holdfast rotate` against real servers: data stay readable, the old keys are gone, and a rotation that
 * `kill -9` interrupts at any of its commits is finished after the next start.
 */
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { bareEnvironment, credentialEnvironment } from '../clients/endpoints.ts';
import { type Ended, runProgram } from '../clients/python-program.ts';
import { signedCall } from '../clients/signed-call.ts';
import { type DevServer, holdfast, operator, startDevServer } from '../support/dev-server.ts';

let directory = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-rotation-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

interface Status {
  readonly RootKeyId: string;
  readonly DomainKeys: readonly { readonly Region: string; readonly Version: number }[];
  readonly StaleKeyMaterialCount: number;
  readonly LogPublicKey: string;
}

interface Ciphertext {
  readonly region: string;
  readonly CiphertextBlob: string;
  readonly text: string;
}

/** One data directory, the server on it, and what was encrypted there. */
class Installation {
  readonly dataDirectory: string;
  server: DevServer;
  readonly ciphertexts: Ciphertext[] = [];

  static async start(t: TestContext, name: string): Promise<Installation> {
    const dataDirectory = join(directory, name);
    const installation = new Installation(dataDirectory, await startServer(dataDirectory));
    t.after(() => installation.server.stop());
    return installation;
  }

  private constructor(dataDirectory: string, server: DevServer) {
    this.dataDirectory = dataDirectory;
    this.server = server;
  }

  async restart(): Promise<void> {
    this.server = await startServer(this.dataDirectory);
  }

  /** A new key in each of the Regions, and a ciphertext under it. */
  async encryptIn(regions: readonly string[]): Promise<void> {
    const { endpoint } = this.server;
    for (const region of regions) {
      const { KeyMetadata } = await signedCall<{ readonly KeyMetadata: { readonly KeyId: string } }>(
        endpoint,
        'kms',
        'CreateKey',
        {},
        region,
      );
      const text = `secret ${this.ciphertexts.length}`;
      const input = { KeyId: KeyMetadata.KeyId, Plaintext: Buffer.from(text).toString('base64') };
      const { CiphertextBlob } = await signedCall<Ciphertext>(endpoint, 'kms', 'Encrypt', input, region);
      this.ciphertexts.push({ region, CiphertextBlob, text });
    }
  }

  async requireAllReadable(): Promise<void> {
    for (const { region, CiphertextBlob, text } of this.ciphertexts) {
      const { Plaintext } = await signedCall<{ readonly Plaintext: string }>(
        this.server.endpoint,
        'kms',
        'Decrypt',
        { CiphertextBlob },
        region,
      );
      assert.equal(Buffer.from(Plaintext, 'base64').toString(), text);
    }
  }

  /** Runs a command of the operator against the server. */
  run(...args: readonly string[]): Promise<Ended> {
    const env = { ...bareEnvironment(), ...credentialEnvironment(operator) };
    return runProgram(holdfast, [...args, '--endpoint', this.server.endpoint], env);
  }

  status(): Promise<Status> {
    return signedCall(this.server.endpoint, 'holdfast', 'DescribeInstallation', {});
  }

  versionIn(status: Status, region: string): number | undefined {
    return status.DomainKeys.find(({ Region }) => Region === region)?.Version;
  }

  /** Jobs are run when the clock is set: what is left to do is done when this resolves. */
  finishJobs(): Promise<unknown> {
    return signedCall(this.server.endpoint, 'holdfast', 'SetClock', { Time: Date.now() / 1000 });
  }

  injectFault(Fault: string): Promise<unknown> {
    return signedCall(this.server.endpoint, 'holdfast', 'InjectFault', { Fault });
  }

  async examine(): Promise<void> {
    const doctor = await runProgram(
      holdfast,
      ['doctor', '--data-dir', this.dataDirectory],
      bareEnvironment(),
    );
    assert.deepEqual([doctor.code, doctor.err], [0, ''], doctor.out);
  }

  async verifyLog(key: string): Promise<void> {
    const args = ['log', 'verify', this.dataDirectory, '--key', key];
    const { code, out } = await runProgram(holdfast, args, bareEnvironment());
    assert.equal(code, 0, out);
  }
}

const startServer = (dataDirectory: string): Promise<DevServer> =>
  startDevServer({ args: ['--data-dir', dataDirectory, '--fault-injection', '--settable-clock'] });

test('`rotate root` and `rotate domain-keys` replace the keys under a running load, and all data stay readable', async (t) => {
  const installation = await Installation.start(t, 'running');
  await installation.encryptIn(['us-east-1', 'us-east-1', 'us-east-1', 'eu-west-1', 'ap-south-1']);
  const before = await installation.status();
  const oldRoot = join(directory, 'old-root.key');
  copyFileSync(join(installation.dataDirectory, 'root.key'), oldRoot);

  let running = true;
  let rounds = 0;
  const load = (async () => {
    for (; running; rounds += 1) await installation.requireAllReadable();
  })();
  const root = await installation.run('rotate', 'root');
  assert.equal(root.code, 0, root.err);
  const shown = await installation.run('status', '--json');
  const rotated: Status = JSON.parse(shown.out);
  assert.equal(
    root.out,
    `every domain key is sealed under the new root key ${rotated.RootKeyId}; ${before.RootKeyId} is destroyed\n`,
  );
  assert.notEqual(rotated.RootKeyId, before.RootKeyId);
  const domain = await installation.run('rotate', 'domain-keys', '--region', 'us-east-1', '--json');
  assert.deepEqual([domain.code, JSON.parse(domain.out)], [0, { Region: 'us-east-1', Version: 2 }]);
  await installation.finishJobs();
  running = false;
  await load;
  assert.ok(rounds > 0);

  const after = await installation.status();
  assert.equal(after.StaleKeyMaterialCount, 0);
  assert.deepEqual(
    ['us-east-1', 'eu-west-1', 'ap-south-1'].map((region) => installation.versionIn(after, region)),
    [2, 1, 1],
  );
  await installation.encryptIn(['us-east-1']);
  assert.equal(await installation.server.stop(), 0);
  await installation.examine();
  await installation.verifyLog(after.LogPublicKey);
  const tail = await runProgram(
    holdfast,
    ['log', 'tail', installation.dataDirectory, '--count', '10000'],
    bareEnvironment(),
  );
  for (const name of [
    'RotateRootKey',
    'RewrapDomainKeys',
    'CreateDomainKey',
    'ResealKeyMaterial',
    'DeleteDomainKey',
  ]) {
    assert.match(tail.out, new RegExp(` ${name} `), `no event ${name}`);
  }

  // A copy of the root key from before the rotation opens nothing any more.
  const copy = join(directory, 'with-old-root');
  cpSync(installation.dataDirectory, copy, { recursive: true });
  copyFileSync(oldRoot, join(copy, 'root.key'));
  const doctor = await runProgram(holdfast, ['doctor', '--data-dir', copy], bareEnvironment());
  assert.equal(doctor.code, 1, doctor.out);

  await installation.restart();
  await installation.requireAllReadable();
  assert.equal(await installation.server.stop(), 0);
});

test('a root rotation that is killed at any of its commits is finished by the next start', async (t) => {
  const installation = await Installation.start(t, 'root');
  // More domain keys than one commit rewraps, so that a kill can leave some under either root.
  await installation.encryptIn(Array.from({ length: 300 }, (_, number) => `xx-test-${number + 1}`));
  await installation.server.stop();
  for (const fault of [
    'storage:killedBeforeCommit',
    'storage:killedDuringCommit',
    'storage:killedAfterCommit',
    'storage:killedBeforeCommit@1',
    'storage:killedAfterCommit@1',
  ]) {
    await installation.restart();
    const before = await installation.status();
    await installation.injectFault(fault);
    const rotation = await installation.run('rotate', 'root');
    assert.equal(rotation.code, 1, fault);
    assert.match(rotation.err, /cannot reach/);
    assert.equal(await installation.server.stop(), null);
    assert.equal(installation.server.process.signalCode, 'SIGKILL', fault);

    await installation.restart();
    const after = await installation.status();
    assert.notEqual(after.RootKeyId, before.RootKeyId, fault);
    await installation.server.stop();
  }
  await installation.examine();
  await installation.restart();
  await installation.requireAllReadable();
  const again = await installation.run('rotate', 'root');
  assert.equal(again.code, 0, again.err);
  await installation.requireAllReadable();
  const { LogPublicKey } = await installation.status();
  await installation.server.stop();
  await installation.verifyLog(LogPublicKey);
});

test('a root rotation whose seal cannot be written is refused, the server goes on, and a restart settles it', async (t) => {
  const installation = await Installation.start(t, 'seal');
  await installation.encryptIn(['us-east-1', 'eu-west-1']);
  for (const [fault, isWritten] of [
    ['rename:lost', false],
    ['rename:reported-lost', true],
  ] as const) {
    const before = await installation.status();
    await installation.injectFault(fault);
    const refused = await installation.run('rotate', 'root');
    assert.equal(refused.code, 1);
    assert.match(refused.err, /the server refused: KMSInternalException/);
    await installation.requireAllReadable();
    // What the file holds is not known before it is read again.
    assert.equal((await installation.run('rotate', 'root')).code, 1);
    assert.match(
      installation.server.output(),
      /an earlier change of .* failed: restart before changing it again/,
    );
    await installation.encryptIn(['us-east-1', 'eu-central-1']);
    await installation.server.stop();
    await installation.restart();
    await installation.requireAllReadable();
    assert.equal((await installation.status()).RootKeyId !== before.RootKeyId, isWritten, fault);
  }
  const again = await installation.run('rotate', 'root');
  assert.equal(again.code, 0, again.err);
  await installation.requireAllReadable();
  await installation.server.stop();
  await installation.examine();
});

test('a rotation of domain keys that is killed at any of its commits is finished after the next start', async (t) => {
  const installation = await Installation.start(t, 'domain');
  await installation.encryptIn(Array.from({ length: 6 }, () => 'us-east-1'));
  await installation.server.stop();
  for (const [fault, isStored] of [
    ['storage:killedBeforeCommit', false],
    ['storage:killedAfterCommit', true],
    ['storage:killedDuringCommit@1', true],
    ['storage:killedBeforeCommit@7', true],
    ['storage:killedAfterCommit@7', true],
  ] as const) {
    await installation.restart();
    const before = installation.versionIn(await installation.status(), 'us-east-1') ?? 0;
    await installation.injectFault(fault);
    await installation.run('rotate', 'domain-keys', '--region', 'us-east-1');
    await new Promise<void>((resolve) => {
      if (installation.server.process.signalCode !== null) resolve();
      else installation.server.process.once('exit', () => resolve());
    });
    assert.equal(installation.server.process.signalCode, 'SIGKILL', fault);

    await installation.restart();
    await installation.requireAllReadable();
    await installation.finishJobs();
    await installation.requireAllReadable();
    const after = await installation.status();
    assert.equal(after.StaleKeyMaterialCount, 0, fault);
    assert.equal(installation.versionIn(after, 'us-east-1'), isStored ? before + 1 : before, fault);
    await installation.server.stop();
  }
  await installation.examine();
});
