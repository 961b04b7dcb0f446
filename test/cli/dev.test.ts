/** What `holdfast dev` gives to test suites: seeded keys, several accounts, a clock that can be set, faults on demand. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { KMS } from '@aws-sdk/client-kms';
import { bareEnvironment } from '../clients/endpoints.ts';
import { runProgram } from '../clients/python-program.ts';
import { signedCall } from '../clients/signed-call.ts';
import {
  type Credentials,
  type DevServer,
  type DevServerOptions,
  holdfast,
  neighbour,
  operator,
  startDevServer,
} from '../support/dev-server.ts';

let directory = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-dev-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

async function dev(t: TestContext, options: DevServerOptions): Promise<DevServer> {
  const server = await startDevServer(options);
  t.after(() => server.stop());
  return server;
}

const kms = (server: DevServer, credentials: Credentials = operator, region = 'us-east-1'): KMS =>
  new KMS({ endpoint: server.endpoint, region, credentials: { ...credentials }, maxAttempts: 1 });

const seedFile = (name: string, content: unknown): string => {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

interface BlobVector {
  readonly keyId: string;
  readonly keyMaterial: string;
  readonly context: Readonly<Record<string, string>>;
  readonly plaintext: string;
  readonly blob: string;
}

/** Ciphertexts that another implementation made. */
const vectors: readonly BlobVector[] = JSON.parse(
  readFileSync(new URL('../vectors/ciphertext-blob.json', import.meta.url), 'utf8'),
).tests;
const [vector] = vectors;
assert.ok(vector !== undefined);
const seededId = vector.keyId;
const keyMaterial = Buffer.from(vector.keyMaterial, 'hex').toString('base64');

test('keys of a seed file open ciphertexts that were made elsewhere, in every run', async (t) => {
  const elsewhereId = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
  const path = seedFile('keys.json', {
    keys: [
      {
        keyId: seededId,
        keyMaterial,
        description: 'orders',
        aliases: ['alias/orders'],
        tags: { team: 'shop' },
      },
      { keyId: elsewhereId, accountId: neighbour.accountId, region: 'eu-west-1' },
    ],
  });
  const args = ['--data-dir', join(directory, 'seeded'), '--seed', path];
  const first = await startDevServer({ args });
  t.after(() => first.stop());
  const under = vectors.filter(({ keyId }) => keyId === seededId);
  assert.ok(under.length >= 2);
  const requireOpen = async (server: DevServer): Promise<void> => {
    const client = kms(server);
    for (const { blob, context, plaintext } of under) {
      const opened = await client.decrypt({
        CiphertextBlob: Buffer.from(blob, 'hex'),
        EncryptionContext: { ...context },
      });
      assert.equal(Buffer.from(opened.Plaintext ?? []).toString('hex'), plaintext);
    }
    client.destroy();
  };
  await requireOpen(first);
  const client = kms(first);
  const { KeyMetadata } = await client.describeKey({ KeyId: 'alias/orders' });
  assert.deepEqual([KeyMetadata?.KeyId, KeyMetadata?.Description], [seededId, 'orders']);
  const { Tags } = await client.listResourceTags({ KeyId: seededId });
  assert.deepEqual(Tags, [{ TagKey: 'team', TagValue: 'shop' }]);
  const other = kms(first, neighbour, 'eu-west-1');
  const { CiphertextBlob } = await other.encrypt({ KeyId: elsewhereId, Plaintext: Buffer.from('x') });
  assert.ok(CiphertextBlob !== undefined);
  // What the tests change stays changed: seeding makes only what is not there.
  await client.updateKeyDescription({ KeyId: seededId, Description: 'changed' });
  const made = await client.encrypt({ KeyId: seededId, Plaintext: Buffer.from('made here') });
  assert.equal(await first.stop(), 0);

  const again = await dev(t, { args });
  const described = await kms(again).describeKey({ KeyId: seededId });
  assert.equal(described.KeyMetadata?.Description, 'changed');
  await requireOpen(again);
  assert.equal(await again.stop(), 0);

  // Another installation with the same seed is interchangeable for ciphertexts.
  const fresh = await dev(t, { args: ['--seed', path] });
  await requireOpen(fresh);
  const opened = await kms(fresh).decrypt({ CiphertextBlob: made.CiphertextBlob });
  assert.equal(Buffer.from(opened.Plaintext ?? []).toString(), 'made here');
});

test('a seed file that is wrong is refused in words that name the entry and show no key material', async () => {
  const key = { keyId: seededId, keyMaterial };
  for (const [content, words] of [
    ['{', 'it is not JSON'],
    [{}, 'it has no list `keys`'],
    [{ keys: [key, { ...key, keyId: 'orders' }] }, 'keys[1].keyId is not a UUID'],
    [{ keys: [{ ...key, keySpec: 'RSA_2048' }] }, 'keys[0] has an unknown member `keySpec`'],
    [{ keys: [{ ...key, keyMaterial: keyMaterial.slice(0, 40) }] }, 'is not 32 bytes in base64'],
    [{ keys: [{ ...key, policy: { Version: '2012-10-17' } }] }, 'policy'],
    [{ keys: [{ ...key, tags: { team: 7 } }] }, 'keys[0].tags'],
    [{ keys: [{ ...key, aliases: ['alias/aws/s3'] }] }, 'keys[0].aliases'],
    [{ keys: [key, key] }, 'keys[1]'],
  ] as const) {
    const path = seedFile('wrong.json', content);
    const args = ['dev', '--ephemeral', '--port', '0', '--seed', path];
    const { code, out, err } = await runProgram(holdfast, args, bareEnvironment(), { limitMs: 10_000 });
    assert.deepEqual([code, out], [1, ''], words);
    assert.ok(err.includes(words), `\`${words}\` is not in: ${err}`);
    assert.ok(!err.includes(keyMaterial.slice(0, 16)), err);
  }
});

test('accounts from an argument and a file have keys of their own', async (t) => {
  const ofFile: Credentials = {
    accountId: '222233334444',
    accessKeyId: 'AKIAFILE',
    secretAccessKey: 'of-a-file',
  };
  const unknown: Credentials = { ...ofFile, accessKeyId: 'AKIAUNKNOWN' };
  const file = join(directory, 'credentials');
  writeFileSync(file, `# of tests\n\n${ofFile.accountId}:${ofFile.accessKeyId}:${ofFile.secretAccessKey}\n`);
  const server = await dev(t, { args: ['--credentials-file', file] });
  const ids = new Map<string, string | undefined>();
  for (const who of [operator, neighbour, ofFile]) {
    const client = kms(server, who);
    const { KeyMetadata } = await client.createKey({});
    assert.equal(KeyMetadata?.AWSAccountId, who.accountId);
    ids.set(who.accountId, KeyMetadata?.KeyId);
    client.destroy();
  }
  for (const who of [operator, neighbour, ofFile]) {
    const client = kms(server, who);
    const { Keys } = await client.listKeys({});
    assert.deepEqual(
      Keys?.map(({ KeyId }) => KeyId),
      [ids.get(who.accountId)],
    );
    client.destroy();
  }
  await assert.rejects(kms(server, unknown).listKeys({}), { name: 'UnrecognizedClientException' });
});

test('a settable clock makes what is due in a week be done now, and only where it was allowed', async (t) => {
  const server = await dev(t, { args: ['--settable-clock'] });
  const client = kms(server);
  const KeyId = (await client.createKey({})).KeyMetadata?.KeyId;
  await client.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  const setClock = (days: number, endpoint = server.endpoint): Promise<unknown> =>
    signedCall(endpoint, 'holdfast', 'SetClock', { Time: Date.now() / 1000 + days * 86_400 });
  await setClock(6);
  const later = (days: number): KMS =>
    new KMS({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: { ...operator },
      systemClockOffset: days * 86_400_000,
    });
  assert.equal((await later(6).describeKey({ KeyId })).KeyMetadata?.KeyState, 'PendingDeletion');
  const strict = await dev(t, {});
  await assert.rejects(setClock(1, strict.endpoint), /SetClock answered 400: .*--settable-clock/);
});

test('faults are injected where it was allowed: the server stops serving, says so, and recovers by restart', async (t) => {
  const dataDirectory = join(directory, 'faulty');
  const server = await dev(t, { args: ['--data-dir', dataDirectory, '--fault-injection'] });
  const client = kms(server);
  const kept = (await client.createKey({})).KeyMetadata?.KeyId;
  const ready = async (endpoint: string): Promise<number> => (await fetch(`${endpoint}/health/ready`)).status;
  assert.equal(await ready(server.endpoint), 200);
  const inject = (endpoint: string, Fault: string): Promise<unknown> =>
    signedCall(endpoint, 'holdfast', 'InjectFault', { Fault });
  await assert.rejects(inject(server.endpoint, 'storage:sideways'), /is no fault/);
  await inject(server.endpoint, 'storage:lost');
  await assert.rejects(client.createKey({}), { name: 'KMSInternalException' });
  await assert.rejects(client.describeKey({ KeyId: kept }), { name: 'KMSInternalException' });
  assert.equal(await ready(server.endpoint), 503);
  assert.match(server.output(), /"level":"fatal"/);
  await server.stop();

  const again = await dev(t, { args: ['--data-dir', dataDirectory] });
  assert.equal((await kms(again).describeKey({ KeyId: kept })).KeyMetadata?.KeyId, kept);
  await assert.rejects(
    inject(again.endpoint, 'storage:lost'),
    /InjectFault answered 400: .*--fault-injection/,
  );
});

test('an ephemeral server leaves nothing behind, whichever signal ends it', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const server = await dev(t, {});
    const path = /^data +(\/.*)$/m.exec(server.output())?.[1] ?? '';
    assert.ok(existsSync(path), server.output());
    assert.equal(await server.stop(signal), 0);
    assert.equal(existsSync(path), false);
  }
});
