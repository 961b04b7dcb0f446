/**
 * The AWS Encryption SDKs for JavaScript and for Python: files under keys of two Regions and two accounts,
 * read by each other, and refused where the service would refuse.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, type TestContext, test } from 'node:test';
import {
  buildClient,
  CommitmentPolicy,
  getLocalCryptographicMaterialsCache,
  KmsKeyringNode,
  NodeCachingMaterialsManager,
} from '@aws-crypto/client-node';
import { KMS } from '@aws-sdk/client-kms';
import { type Credentials, neighbour, operator } from '../support/dev-server.ts';
import {
  clientEnvironment,
  type Endpoint,
  type Endpoints,
  neighbourEnvironment,
  startEndpoints,
  transports,
} from './endpoints.ts';
import { runChecks } from './python-program.ts';

const { encrypt, decrypt, encryptStream, decryptStream } = buildClient(
  CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
);
const encryptionContext = { purpose: 'files', naïve: 'ключ' };

let endpoints: Endpoints;
before(async () => {
  endpoints = await startEndpoints();
});
after(() => endpoints.stop());

for (const [kind, transport] of transports) {
  test(`the AWS Encryption SDKs for JavaScript and Python read each other's files, over ${transport}`, async (t) => {
    await exchangeFiles(t, endpoints[kind], join(endpoints.directory, kind));
  });
}

async function exchangeFiles(t: TestContext, endpoint: Endpoint, directory: string): Promise<void> {
  mkdirSync(directory);
  const path = (name: string): string => join(directory, name);
  const connect = connector(endpoint);
  const keys = await createKeys(connect);
  const clientOf = (credentials: Credentials) => (region: string) => forKeyring(connect(region, credentials));
  const keyring = (
    keyIds: readonly string[],
    credentials = operator,
    generatorKeyId?: string,
  ): KmsKeyringNode =>
    new KmsKeyringNode({
      keyIds: [...keyIds],
      clientProvider: clientOf(credentials),
      ...(generatorKeyId === undefined ? {} : { generatorKeyId }),
    });
  /** The plaintext of a file, as far as the keyring opens it. */
  const decryptFile = async (name: string, opener: KmsKeyringNode): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    await pipeline(createReadStream(path(name)), decryptStream(opener), async (source) => {
      for await (const chunk of source) chunks.push(Buffer.from(chunk));
    });
    return Buffer.concat(chunks);
  };

  // Many frames of 4,096 bytes, and a part of one.
  const plaintext = randomBytes(1_000_003);
  writeFileSync(path('plaintext'), plaintext);
  await pipeline(
    createReadStream(path('plaintext')),
    encryptStream(keyring([keys.elsewhere, keys.ofNeighbour], operator, keys.alias), { encryptionContext }),
    createWriteStream(path('javascript.encrypted')),
  );
  const underDisabled = await encrypt(keyring([], operator, keys.disabled), 'x', { encryptionContext });
  writeFileSync(path('disabled.encrypted'), underDisabled.result);
  const underBoth = await encrypt(keyring([keys.here], operator, keys.disabled), 'both', {
    encryptionContext,
  });
  await connect('us-east-1', operator).disableKey({ KeyId: keys.disabled });

  await runChecks(
    t,
    'encryption-sdk.py',
    [directory, keys.here, keys.elsewhere, keys.ofNeighbour, keys.disabled],
    { ...clientEnvironment(endpoint), ...neighbourEnvironment() },
  );

  await t.test('files of either SDK are decrypted with each of three keys alone', async () => {
    for (const name of ['python.encrypted', 'javascript.encrypted']) {
      for (const opener of [
        keyring([keys.here]),
        keyring([keys.elsewhere]),
        keyring([keys.ofNeighbour], neighbour),
        new KmsKeyringNode({
          discovery: true,
          discoveryFilter: { accountIDs: [operator.accountId], partition: 'aws' },
          clientProvider: clientOf(operator),
        }),
      ]) {
        assert.ok(plaintext.equals(await decryptFile(name, opener)));
      }
    }
  });

  await t.test('a neighbour cannot use the key that does not let it in', async () => {
    await assert.rejects(
      decryptFile('python.encrypted', keyring([keys.here], neighbour)),
      /AccessDeniedException|not authorized to perform: kms:Decrypt/,
    );
  });

  await t.test('a message whose encryption context was changed is refused', async () => {
    const message = readFileSync(path('python.encrypted'));
    message[message.indexOf('purpose')] = 'P'.charCodeAt(0);
    await assert.rejects(decrypt(keyring([keys.here]), message), /InvalidCiphertextException/);
  });

  await t.test(
    'a disabled key neither encrypts nor decrypts, and another key of the message does',
    async () => {
      const only = keyring([], operator, keys.disabled);
      await assert.rejects(encrypt(only, 'x', { encryptionContext }), /is disabled/);
      await assert.rejects(decrypt(only, underDisabled.result), /is disabled/);
      await assert.rejects(decrypt(only, underBoth.result), /is disabled/);
      const opened = await decrypt(keyring([keys.disabled, keys.here]), underBoth.result);
      assert.equal(opened.plaintext.toString(), 'both');
    },
  );

  await t.test('with a cache of materials, many messages need one data key', async () => {
    const calls: string[] = [];
    const counted = connect('us-east-1', operator);
    counted.middlewareStack.add(
      (next, context) => (args) => {
        calls.push(String(context.commandName));
        return next(args);
      },
      { step: 'initialize' },
    );
    const manager = new NodeCachingMaterialsManager({
      backingMaterials: new KmsKeyringNode({
        generatorKeyId: keys.here,
        clientProvider: () => forKeyring(counted),
      }),
      cache: getLocalCryptographicMaterialsCache(10),
      maxAge: 60_000,
    });
    for (let number = 0; number < 20; number += 1) {
      const { result } = await encrypt(manager, `message ${number}`, {
        encryptionContext,
        plaintextLength: `message ${number}`.length,
      });
      assert.equal((await decrypt(manager, result)).plaintext.toString(), `message ${number}`);
    }
    assert.deepEqual(calls, ['GenerateDataKeyCommand', 'DecryptCommand']);
  });
}

type KeyringInput = NonNullable<ConstructorParameters<typeof KmsKeyringNode>[0]>;
type KeyringClient = ReturnType<NonNullable<KeyringInput['clientProvider']>>;

// Minted: the client that the keyring is made for; the two disagree only on whether an absent member may be undefined.
const forKeyring = (kms: KMS): KeyringClient => kms as unknown as KeyringClient;

type Connect = (region: string, credentials: Credentials) => KMS;

/** Clients of the endpoint, one for each Region and caller. */
function connector({ url, caFile }: Endpoint): Connect {
  const agent = caFile === undefined ? undefined : new Agent({ ca: readFileSync(caFile) });
  return (region, credentials) =>
    new KMS({
      endpoint: url,
      region,
      credentials: { ...credentials },
      ...(agent === undefined ? {} : { requestHandler: { httpsAgent: agent } }),
    });
}

/** Two keys in two Regions, one of a neighbour that lets the operator use it, and one that will be disabled. */
async function createKeys(connect: Connect) {
  const arnOf = async (kms: KMS, policy?: object): Promise<string> => {
    const Policy = policy === undefined ? {} : { Policy: JSON.stringify(policy) };
    return (await kms.createKey(Policy)).KeyMetadata?.Arn ?? '';
  };
  const ownKms = connect('us-east-1', operator);
  const here = await arnOf(ownKms);
  await ownKms.createAlias({ AliasName: 'alias/files', TargetKeyId: here });
  const statement = (account: string, actions: string) => ({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: actions,
    Resource: '*',
  });
  return {
    here,
    alias: here.replace(/key\/.*$/, 'alias/files'),
    elsewhere: await arnOf(connect('eu-west-1', operator)),
    disabled: await arnOf(ownKms),
    ofNeighbour: await arnOf(connect('us-west-2', neighbour), {
      Version: '2012-10-17',
      Statement: [
        statement(neighbour.accountId, 'kms:*'),
        statement(operator.accountId, 'kms:Encrypt'),
        statement(operator.accountId, 'kms:GenerateDataKey'),
      ],
    }),
  };
}
