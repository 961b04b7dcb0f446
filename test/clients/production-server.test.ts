/** `holdfast server` set up and run the documented way: `init` under a passphrase, then TLS, and the operator's commands. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { KMS } from '@aws-sdk/client-kms';
import { type Credentials, type DevServer, holdfast, startDevServer } from '../support/dev-server.ts';
import { CertificateAuthority, type CertificateFiles } from './certificate-authority.ts';
import { bareEnvironment, credentialEnvironment } from './endpoints.ts';
import { type Ended, runProgram } from './python-program.ts';

let directory = '';
let dataDirectory = '';
let passphraseFile = '';
let authority: CertificateAuthority;
let certificate: CertificateFiles;
let root: Credentials;
let logKey = '';
let server: DevServer;

/** Runs the command to its end. */
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  runProgram(holdfast, args, { ...bareEnvironment(), ...env });

const serverArgs = (): string[] => ['--data-dir', dataDirectory, '--passphrase-file', passphraseFile];
const tlsArgs = (): string[] => ['--tls-cert', certificate.certificateFile, '--tls-key', certificate.keyFile];

const kms = (): KMS =>
  new KMS({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { ...root },
    maxAttempts: 1,
    requestHandler: { httpsAgent: new Agent({ ca: readFileSync(authority.caFile), keepAlive: true }) },
  });

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-production-'));
  dataDirectory = join(directory, 'data');
  passphraseFile = join(directory, 'passphrase');
  writeFileSync(passphraseFile, 'correct horse battery staple\n', { mode: 0o600 });
  authority = new CertificateAuthority(directory);
  certificate = authority.issue('server');
  const made = await run(['init', ...serverArgs(), '--account-id', '123456789012', '--json']);
  assert.equal(made.code, 0, made.err);
  const { logPublicKey, ...credentials }: Credentials & { logPublicKey: string } = JSON.parse(made.out);
  root = credentials;
  logKey = logPublicKey;
  server = await startDevServer({ command: 'server', args: [...serverArgs(), ...tlsArgs()] });
});
after(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('`init` prints the root credential once, as text or JSON, and refuses a directory that holds an installation', async () => {
  assert.match(root.accessKeyId, /^AKIA[A-Z0-9]{16}$/);
  assert.match(root.secretAccessKey, /^[A-Za-z0-9/+]{40}$/);
  assert.equal(root.accountId, '123456789012');
  const other = join(directory, 'other');
  const init = ['init', '--data-dir', other, '--passphrase-file', passphraseFile];
  const made = await run(init);
  assert.deepEqual([made.code, made.err], [0, '']);
  assert.match(made.out, /^installation {2}[0-9a-f-]{36}\ndata {10}\/.*\nlog key {7}holdfast\/\S+\n/);
  assert.match(made.out, /^ {2}export AWS_SECRET_ACCESS_KEY=[A-Za-z0-9/+]{40}$/m);
  const before = contentsOf(other);
  const again = await run(init);
  assert.deepEqual([again.code, again.out], [1, '']);
  assert.match(again.err, /holds an installation already/);
  assert.doesNotMatch(again.err, /AKIA/);
  assert.deepEqual(contentsOf(other), before);
});

test('the credential of `init` is all that an AWS client needs to use the server over TLS', async () => {
  const client = kms();
  const { KeyMetadata } = await client.createKey({});
  assert.equal(KeyMetadata?.AWSAccountId, '123456789012');
  const { CiphertextBlob } = await client.encrypt({
    KeyId: KeyMetadata?.KeyId,
    Plaintext: Buffer.from('hi'),
  });
  const { Plaintext } = await client.decrypt({ CiphertextBlob });
  assert.equal(Buffer.from(Plaintext ?? []).toString(), 'hi');
  client.destroy();
});

test('the server serves only the Region it was started for', async () => {
  const client = new KMS({
    endpoint: server.endpoint,
    region: 'eu-west-1',
    credentials: { ...root },
    requestHandler: { httpsAgent: new Agent({ ca: readFileSync(authority.caFile) }) },
  });
  await assert.rejects(client.listKeys({}), { name: 'InvalidSignatureException' });
  client.destroy();
});

test('`status` tells of the running server, as text and JSON, to its root credential alone', async () => {
  const args = ['status', '--endpoint', server.endpoint, '--ca-file', authority.caFile];
  const text = await run(args, credentialEnvironment(root));
  assert.equal(text.code, 0, text.err);
  assert.match(text.out, /^root key +\S+, held by the seal `passphrase`$/m);
  assert.match(text.out, new RegExp(`^log key +${logKey.replaceAll(/[+/]/g, '\\$&')}$`, 'm'));
  const json = await run([...args, '--json'], credentialEnvironment(root));
  assert.equal(JSON.parse(json.out).LogPublicKey, logKey);
  const stranger = await run(args, credentialEnvironment({ ...root, secretAccessKey: 'x'.repeat(40) }));
  assert.deepEqual([stranger.code, stranger.out], [1, '']);
  assert.match(stranger.err, /InvalidSignatureException/);
  const untrusting = await run(args.slice(0, 3), credentialEnvironment(root));
  assert.equal(untrusting.code, 1);
  assert.match(untrusting.err, /unable to (get local issuer|verify)/);
});

test('the log of the running server verifies under the key of `init` and no other, and can be read', async () => {
  const verified = await run(['log', 'verify', dataDirectory, '--key', logKey, '--json']);
  assert.equal(verified.code, 0, verified.out);
  assert.equal(JSON.parse(verified.out).verified, true);
  const otherKey = 'example.com/log+59d4c69f+AZI8mHbNzRVPTFD6OpJNlSX0kYnoaUKkUZ/9SIBcR8kz';
  const other = await run(['log', 'verify', dataDirectory, '--key', otherKey]);
  assert.ok(other.code === 1 || other.code === 2, other.out);
  const tail = await run(['log', 'tail', dataDirectory, '--count', '1000']);
  assert.equal(tail.code, 0);
  assert.match(
    tail.out,
    / CreateKey arn:aws:iam::123456789012:root -> ok arn:aws:kms:us-east-1:123456789012:key\//,
  );
  assert.doesNotMatch(tail.out, new RegExp(root.secretAccessKey.replaceAll(/[+/]/g, '\\$&')));
});

test('`doctor`, `init` and a second server leave alone a data directory that is in use', async () => {
  for (const command of ['doctor', 'init', 'server']) {
    const ended = await run([command, ...serverArgs()]);
    assert.equal(ended.code, 1, command);
    assert.match(ended.err, /in use by process \d+/);
  }
});

test('`server` refuses every relaxation of `dev`, as an argument and as a variable, before it does anything', async () => {
  const args = ['--ephemeral', '--settable-clock', '--fault-injection', '--no-durable-audit'];
  const withValue = ['--seed', 'keys.json', '--fault', 'storage:lost'];
  const env = {
    HOLDFAST_EPHEMERAL: '1',
    HOLDFAST_SETTABLE_CLOCK: '1',
    HOLDFAST_FAULT_INJECTION: '1',
    HOLDFAST_NO_DURABLE_AUDIT: '1',
    HOLDFAST_SEED_FILE: 'keys.json',
    HOLDFAST_FAULT: 'storage:lost',
  };
  for (const [given, named] of [
    [
      run(['server', ...args, ...withValue, '--seal', 'file']),
      [...args, '--seed', '--fault', 'the seal `file`'],
    ],
    [run(['server', ...serverArgs()], env), Object.keys(env)],
  ] as const) {
    const { code, out, err } = await given;
    assert.deepEqual([code, out], [2, ''], err);
    const lines = err.split('\n');
    for (const name of named) {
      const line = lines.find((each) => each.includes(`${name}\``) || each.includes(`${name} `));
      assert.match(line ?? '', /gives up what `holdfast server` promises|for `holdfast dev` only/, name);
    }
  }
});

test('`server` refuses to listen beyond loopback without TLS, unless told by name', async () => {
  const args = [
    '--data-dir',
    join(directory, 'other'),
    '--passphrase-file',
    passphraseFile,
    '--host',
    '0.0.0.0',
  ];
  const { code, err } = await run(['server', ...args]);
  assert.equal(code, 2);
  assert.match(err, /`0\.0\.0\.0` can be reached from other machines, and without TLS/);
  const told = await startDevServer({ command: 'server', args: [...args, '--insecure-plaintext-listener'] });
  assert.match(told.output(), /warning: listening on `0\.0\.0\.0` without TLS/);
  assert.equal(await told.stop(), 0);
});

test('`server` says what to do without an installation, with a wrong passphrase, and with a certificate it cannot read', async () => {
  const none = await run([
    'server',
    '--data-dir',
    join(directory, 'none'),
    '--passphrase-file',
    passphraseFile,
  ]);
  assert.equal(none.code, 1);
  assert.match(none.err, /init/);
  const wrongFile = join(directory, 'wrong-passphrase');
  writeFileSync(wrongFile, 'incorrect horse battery staple', { mode: 0o600 });
  const wrong = await run(['server', '--data-dir', join(directory, 'other'), '--passphrase-file', wrongFile]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /the passphrase does not open/);
  assert.doesNotMatch(wrong.err, /horse/);
  const unreadable = await run([
    ...['server', '--data-dir', join(directory, 'other'), '--passphrase-file', passphraseFile],
    ...['--tls-cert', passphraseFile, '--tls-key', certificate.keyFile, '--port', '0'],
  ]);
  assert.equal(unreadable.code, 1);
  assert.match(unreadable.err, /certificate/);
});

test('the program ends with 0 when it is done, 1 when it failed and 2 when it was not asked properly', async () => {
  const version = await run(['version', '--json']);
  assert.equal(version.code, 0);
  assert.match(JSON.parse(version.out).version, /^\d+\.\d+\.\d+$/);
  const failed = await run(['log', 'tail', join(directory, 'no-log', 'here')]);
  assert.deepEqual([failed.code, failed.out], [1, '']);
  assert.match(failed.err, /there is no audit log in /);
  const unreachable = await run(['status', '--endpoint', 'http://127.0.0.1:1'], credentialEnvironment(root));
  assert.deepEqual([unreachable.code, unreachable.out], [1, '']);
  assert.match(unreachable.err, /cannot reach http:\/\/127\.0\.0\.1:1: .*\nIs the server running there\?/);
  const mistyped = await run(['sever']);
  assert.deepEqual([mistyped.code, mistyped.out], [2, '']);
  assert.match(mistyped.err, /did you mean `holdfast server`\?/);
});

/** A TLS connection of Node's own, as far as the handshake. */
async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: server.port,
    ca: readFileSync(authority.caFile),
    ...options,
  });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return socket;
}

test('a new certificate is taken up while a client keeps going, without a failed request', async () => {
  const serial = (socket: TLSSocket): string => {
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const client = kms();
  let running = true;
  let answered = 0;
  const steady = (async () => {
    while (running) {
      await client.generateRandom({ NumberOfBytes: 8 });
      answered += 1;
    }
  })();
  const first = serial(await handshake());
  certificate = authority.issue('server');
  server.process.kill('SIGHUP');
  const deadline = Date.now() + 10_000;
  let second = first;
  while (second === first) {
    assert.ok(Date.now() < deadline, 'the old certificate is still served');
    second = serial(await handshake());
  }
  const before = answered;
  while (answered < before + 20) await client.generateRandom({ NumberOfBytes: 8 });
  running = false;
  await steady;
  client.destroy();
  const issued = execFileSync('openssl', ['x509', '-noout', '-serial', '-in', certificate.certificateFile]);
  assert.equal(issued.toString().trim(), `serial=${second}`);
});

test('TLS 1.3 with the post-quantum hybrid key exchange X25519MLKEM768 is what a client of today gets', async () => {
  const socket = await handshake();
  const info = socket.getEphemeralKeyInfo();
  assert.deepEqual(
    [socket.getProtocol(), info !== null && 'name' in info ? info.name : undefined],
    ['TLSv1.3', 'X25519MLKEM768'],
  );
  socket.destroy();
  await assert.rejects(handshake({ maxVersion: 'TLSv1.2' }));
  // The openssl of the machine, where it knows the group (from version 3.5 on); an older one gets X25519.
  const groups = spawnSync('openssl', ['list', '-tls-groups'], { encoding: 'utf8' }).stdout;
  const { stdout } = spawnSync(
    'openssl',
    ['s_client', '-connect', `127.0.0.1:${server.port}`, '-CAfile', authority.caFile, '-tls1_3'],
    { input: '', encoding: 'utf8' },
  );
  assert.match(stdout, groups.includes('X25519MLKEM768') ? /X25519MLKEM768/ : /Server Temp Key: X25519/);
  assert.match(stdout, /Verify return code: 0 \(ok\)/);
});

/** Each file of a directory with the hash of what is in it. */
const contentsOf = (path: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]),
  );
