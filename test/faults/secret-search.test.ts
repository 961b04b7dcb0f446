/**
 * Searches everything that a server in use leaves of its secrets: the files of its data directory, what it
 * prints, a snapshot of its heap, and its whole memory, in every spelling. What a key is used as, a native key
 * object, is one copy; there is no other.
 *
 * What cannot be had: a secret given as text by an option or a variable stays in the process's arguments,
 * environment and strings, and answers with data keys pass through strings. `holdfast server` with a file
 * or its own stored access keys has neither, so that is what is searched.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { logSigningKeyName } from '../../src/audit/log-signer.ts';
import { systemClock } from '../../src/base/clock.ts';
import { argon2id } from '../../src/crypto/argon2id.ts';
import { openBox } from '../../src/crypto/sealed-box.ts';
import { exposeKeyBytes, takeSecretKey } from '../../src/crypto/secret-key.ts';
import { DomainKeys } from '../../src/keys/domain-keys.ts';
import { installationFromRows } from '../../src/keys/installation-row.ts';
import { PurposeKeys } from '../../src/keys/purpose-keys.ts';
import { argon2idDefault, openPassphraseSeal } from '../../src/seal/passphrase/seal.ts';
import { lockDirectory } from '../../src/storage/directory-lock.ts';
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts';
import { countInMemory } from '../keystore/process-memory.ts';
import { type Credentials, holdfast } from '../support/dev-server.ts';
import { KmsClient } from './kms-client.ts';

const run = promisify(execFile);
const scratch = mkdtempSync(join(tmpdir(), 'holdfast-secrets-'));
const directory = join(scratch, 'data');
const passphraseFile = join(scratch, 'passphrase');
const snapshot = join(scratch, 'heap.heapsnapshot');
let server: ChildProcess | undefined;
after(() => {
  server?.kill('SIGKILL');
  rmSync(scratch, { recursive: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  output(): string;
}

/** The program itself, with what a search needs: a door to its heap. */
async function start(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly descriptor3?: Buffer } = {},
): Promise<Started> {
  const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const child = spawn(
    process.execPath,
    [
      '--expose-gc',
      '--import',
      source('snapshot-on-signal.mjs'),
      source('../../src/main.ts'),
      ...args,
      '--port',
      '0',
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { HOLDFAST_TEST_SNAPSHOT: snapshot, ...options.env } },
  );
  const [, stdout, stderr, descriptor3] = child.stdio;
  assert.ok(stdout instanceof Readable && stderr instanceof Readable && descriptor3 instanceof Writable);
  // A server that ends without reading it says so itself.
  descriptor3.on('error', () => undefined).end(options.descriptor3 ?? '');
  server?.kill('SIGKILL');
  server = child;
  let written = '';
  for (const stream of [stdout, stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      written += chunk;
    });
  }
  const output = (): string => written;
  await until(() => /ready at http:\S+:\d+\n/.test(written) || child.exitCode !== null, output);
  const port = Number(/ready at http:\S+:(\d+)\n/.exec(written)?.[1]);
  assert.ok(port > 0 && child.pid !== undefined, written);
  return { child, pid: child.pid, port, output };
}

async function until(isSo: () => boolean, output: () => string): Promise<void> {
  for (let i = 0; !isSo(); i += 1) {
    assert.ok(i < 3_000, output());
    await sleep(10);
  }
}

async function stop({ child, output }: Started): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  assert.equal(child.exitCode, 0, output());
}

/** Collects garbage in the server and takes a snapshot of its heap. */
async function takeSnapshot({ child, output }: Started): Promise<Buffer> {
  const before = output().length;
  child.kill('SIGUSR2');
  await until(() => output().slice(before).includes('snapshot written'), output);
  return readFileSync(snapshot);
}

/** A secret as it might have been written down: raw, as text, and in each alignment of base64. */
function spellings(secret: Buffer): ReadonlyMap<string, Buffer> {
  const hex = secret.toString('hex');
  const out = new Map<string, Buffer>([
    ['raw', secret],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['two-byte characters', Buffer.from(secret.toString('latin1'), 'utf16le')],
    ['hex in two-byte characters', Buffer.from(hex, 'utf16le')],
    ['a list of numbers', Buffer.from([...secret].join(','))],
  ]);
  for (const shift of [0, 1, 2]) {
    // The digits at both ends depend on the neighbours, so they are left out.
    const text = Buffer.concat([Buffer.alloc(shift), secret])
      .toString('base64')
      .slice(4, -4);
    out.set(`base64 ${shift}`, Buffer.from(text));
    out.set(`base64url ${shift}`, Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_')));
    out.set(`base64 ${shift} in two-byte characters`, Buffer.from(text, 'utf16le'));
  }
  return out;
}

type Secrets = Readonly<Record<string, Buffer>>;

interface Sought {
  /** Secrets that somebody has as text: looked for in every spelling. */
  readonly known: Secrets;
  /** Keys that nobody has ever had as text. */
  readonly internal?: Secrets;
}

const likely = new Set(['raw', 'hex', 'base64 0']);

const formsOf = ({ known, internal = {} }: Sought) => [
  ...Object.entries(known).flatMap(([name, secret]) =>
    [...spellings(secret)].map(([form, bytes]) => ({ name, form, bytes })),
  ),
  ...Object.entries(internal).flatMap(([name, secret]) =>
    [...spellings(secret)]
      .filter(([form]) => likely.has(form))
      .map(([form, bytes]) => ({ name, form, bytes })),
  ),
];

/** For each secret, how often which spelling is in the process's memory. */
function copiesInMemory(pid: number, sought: Sought): Record<string, Record<string, number>> {
  const forms = formsOf(sought);
  const counts = countInMemory(
    pid,
    forms.map(({ bytes }) => bytes),
  );
  const found: Record<string, Record<string, number>> = {};
  for (const [i, { name, form }] of forms.entries()) {
    const count = counts[i] ?? 0;
    found[name] = { ...found[name], ...(count > 0 ? { [form]: count } : {}) };
  }
  return found;
}

function assertNotIn(haystack: Buffer, sought: Sought, where: string): void {
  for (const { name, form, bytes } of formsOf(sought)) {
    assert.equal(haystack.includes(bytes), false, `${where} holds the ${name} (${form})`);
  }
}

function files(): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}

/** What only the passphrase opens, read from a copy of the data directory with the program's own parts. */
async function storedSecrets(passphrase: Buffer): Promise<Secrets> {
  const copy = mkdtempSync(join(scratch, 'copy-'));
  cpSync(directory, copy, { recursive: true });
  const lock = await lockDirectory(copy);
  const storage = await openSqliteStorage({ directory: copy });
  try {
    const { domainKeys: rows, meta } = await storage.load();
    const secrets: Record<string, Buffer> = await rootKeysOf(join(copy, 'seal.bin'), passphrase);
    const seal = await openPassphraseSeal(join(copy, 'seal.bin'), passphrase);
    const domainKeys = new DomainKeys(seal, rows, systemClock, () => assert.fail('a row was changed'));
    for (const { region, version } of rows) {
      const name = `domain key ${version} of ${region || 'the installation'}`;
      secrets[name] = exposeKeyBytes(await domainKeys.get(region, version), (bytes) => Buffer.from(bytes));
    }
    const purposeKeys = await PurposeKeys.load(domainKeys);
    const facts = installationFromRows(meta);
    const logKey = meta.find(({ name }) => name === logSigningKeyName);
    assert.ok(facts !== undefined && logKey !== undefined);
    const pkcs8 = purposeKeys.openFor('log signing key', logKey.value, Buffer.from(facts.installationId));
    // RFC 8410: the private key's 32 bytes come last.
    secrets['log signing key'] = pkcs8?.subarray(-32) ?? assert.fail();
    return secrets;
  } finally {
    await storage.close();
    await lock.release();
  }
}

/** As `src/seal/passphrase/seal.ts` describes the file. */
async function rootKeysOf(path: string, passphrase: Buffer): Promise<Record<string, Buffer>> {
  const content = readFileSync(path);
  const [header, box] = [content.subarray(0, 33), content.subarray(33, -32)];
  const key = await argon2id(passphrase, header.subarray(17), argon2idDefault, 32, {
    associatedData: header.subarray(0, 8),
  });
  const secrets: Record<string, Buffer> = { 'key-encryption key of the passphrase': Buffer.from(key) };
  const list = openBox(takeSecretKey(key), box, header);
  assert.ok(list !== undefined);
  for (let at = 1; at < list.length; at += 48) {
    secrets[`root key ${list.toString('hex', at, at + 16)}`] = list.subarray(at + 16, at + 48);
  }
  return secrets;
}

const passphrase = Buffer.from(`correct horse ${randomBytes(18).toString('base64')}`);
const keyMaterial = randomBytes(32);
const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';
const viaDescriptor = ['--data-dir', directory, '--passphrase-file', '3'];
let credentials: Credentials;

before(async () => {
  writeFileSync(passphraseFile, passphrase);
  const { stdout } = await run(holdfast, [
    'init',
    '--data-dir',
    directory,
    '--passphrase-file',
    passphraseFile,
    '--json',
  ]);
  credentials = JSON.parse(stdout);
});

const oneEach = (secrets: Secrets): Record<string, Record<string, number>> =>
  Object.fromEntries(Object.keys(secrets).map((name) => [name, { raw: 1 }]));
const noneOf = (secrets: Secrets): Record<string, Record<string, number>> =>
  Object.fromEntries(Object.keys(secrets).map((name) => [name, {}]));

/** Everything but the memory. */
function assertNotWritten(sought: Sought, heap: Buffer, output: string): void {
  assertNotIn(heap, sought, 'the heap snapshot');
  for (const path of files()) assertNotIn(readFileSync(path), sought, path);
  assertNotIn(Buffer.from(output), sought, 'the output');
}

async function use(client: KmsClient, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const EncryptionContext = { number: String(i) };
    const input = { KeyId: keyId, Plaintext: 'AAAA', EncryptionContext };
    const { CiphertextBlob } = await client.call('Encrypt', input);
    await client.call('Decrypt', { CiphertextBlob, EncryptionContext });
    await client.call('GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_256' });
    const { status } = await client.ask('Decrypt', { CiphertextBlob });
    assert.equal(status, 400);
  }
}

test('key material from a seed file stays nowhere but in the file, and in its native copy once it is used', async () => {
  const seedFile = join(scratch, 'seed.json');
  writeFileSync(seedFile, JSON.stringify({ keys: [{ keyId, keyMaterial: keyMaterial.toString('base64') }] }));
  const started = await start(['dev', ...viaDescriptor, '--seal', 'passphrase', '--seed', seedFile], {
    descriptor3: passphrase,
  });
  const client = new KmsClient({ port: started.port, credentials });
  await use(client, 3);
  client.close();
  const heap = await takeSnapshot(started);
  const known = { 'key material': keyMaterial, passphrase };
  assert.deepEqual(copiesInMemory(started.pid, { known }), { 'key material': { raw: 1 }, passphrase: {} });
  assertNotWritten({ known }, heap, started.output());
  await stop(started);
  rmSync(seedFile);
});

test('of each secret a server in use has one native copy in memory, and none anywhere else', async () => {
  const started = await start(['server', ...viaDescriptor], { descriptor3: passphrase });
  const client = new KmsClient({ port: started.port, credentials });
  const known = {
    passphrase,
    'key material': keyMaterial,
    'secret access key': Buffer.from(credentials.secretAccessKey),
  };
  await use(client, 100);
  const heap = await takeSnapshot(started);
  const old = await storedSecrets(passphrase);
  const inUse = { known, internal: old };
  assert.deepEqual(copiesInMemory(started.pid, inUse), {
    ...oneEach(known),
    passphrase: {},
    ...oneEach(old),
  });
  assertNotWritten(inUse, heap, started.output());

  // What was replaced goes, and what replaced it is held as one copy as well.
  await client.call('RotateKeyOnDemand', { KeyId: keyId });
  await client.call('RotateDomainKey', {}, { service: 'holdfast' });
  await client.call('RotateRootKey', {}, { service: 'holdfast' });
  for (let stale: unknown; stale !== 0; await sleep(20)) {
    ({ StaleKeyMaterialCount: stale } = await client.call(
      'DescribeInstallation',
      {},
      { service: 'holdfast' },
    ));
  }
  await use(client, 20);
  client.close();
  const heapAfter = await takeSnapshot(started);
  const now = await storedSecrets(passphrase);
  const gone = Object.fromEntries(Object.entries(old).filter(([name]) => now[name] === undefined));
  assert.deepEqual(Object.keys(gone).length, 2, 'the old root key and the old domain key');
  const afterwards = { known, internal: { ...now, ...gone } };
  assert.deepEqual(copiesInMemory(started.pid, afterwards), {
    ...oneEach(known),
    passphrase: {},
    ...oneEach(now),
    ...noneOf(gone),
  });
  assertNotWritten(afterwards, heapAfter, started.output());
  await stop(started);
});

test('secret access keys that a server reads from files are held as their native copies alone', async () => {
  const [secret, further] = [randomBytes(30).toString('base64'), randomBytes(30).toString('base64')];
  const secretFile = join(scratch, 'secret');
  const credentialsFile = join(scratch, 'credentials');
  writeFileSync(secretFile, `${secret}\n`);
  writeFileSync(credentialsFile, `# a further account\n111122223333:AKIAI44QH8DHBEXAMPLE:${further}\n`);
  const started = await start(
    [
      ...['server', ...viaDescriptor, '--access-key-id', 'AKIAIOSFODNN7EXAMPLE'],
      ...['--secret-access-key-file', secretFile, '--credentials-file', credentialsFile],
    ],
    { descriptor3: passphrase },
  );
  for (const [accessKeyId, secretAccessKey] of [
    ['AKIAIOSFODNN7EXAMPLE', secret],
    ['AKIAI44QH8DHBEXAMPLE', further],
  ] as const) {
    const client = new KmsClient({
      port: started.port,
      credentials: { ...credentials, accessKeyId, secretAccessKey },
    });
    for (let i = 0; i < 10; i += 1) await client.call('ListKeys', {});
    client.close();
  }
  const known = { secret: Buffer.from(secret), 'further secret': Buffer.from(further) };
  const heap = await takeSnapshot(started);
  assert.deepEqual(copiesInMemory(started.pid, { known }), oneEach(known));
  assertNotWritten({ known }, heap, started.output());
  await stop(started);
});
