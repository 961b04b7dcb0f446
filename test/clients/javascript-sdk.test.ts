/** `@aws-sdk/client-kms`, unmodified: every built operation, its typed exceptions, paginators, presigned requests. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { after, before, test } from 'node:test';
import { Sha256 } from '@aws-crypto/sha256-js';
import {
  AlreadyExistsException,
  DisabledException,
  DryRunOperationException,
  IncorrectKeyException,
  InvalidCiphertextException,
  InvalidMarkerException,
  KMS,
  KMSClient,
  KMSInvalidStateException,
  KMSServiceException,
  ListKeysCommand,
  MalformedPolicyDocumentException,
  NotFoundException,
  paginateListAliases,
  paginateListKeyPolicies,
  paginateListKeyRotations,
  paginateListKeys,
  paginateListResourceTags,
  TagException,
  UnsupportedOperationException,
} from '@aws-sdk/client-kms';
import { SignatureV4 } from '@smithy/signature-v4';
import { type Credentials, neighbour, operator } from '../support/dev-server.ts';
import { builtOperations } from './built-operations.ts';
import { type Endpoint, type Endpoints, startEndpoints, transports } from './endpoints.ts';

let endpoints: Endpoints;
before(async () => {
  endpoints = await startEndpoints();
});
after(() => endpoints.stop());

/** A client that notes which operations it sent, and how often each had to be tried. */
class NotingClient {
  readonly kms: KMS;
  readonly operations = new Set<string>();
  readonly attempts: (number | undefined)[] = [];

  constructor({ url, caFile }: Endpoint, credentials: Credentials = operator) {
    this.kms = new KMS({
      endpoint: url,
      region: 'us-east-1',
      credentials: { ...credentials },
      ...(caFile === undefined
        ? {}
        : { requestHandler: { httpsAgent: new Agent({ ca: readFileSync(caFile) }) } }),
    });
    this.kms.middlewareStack.add(
      (next, context) => async (args) => {
        this.operations.add(String(context.commandName).replace(/Command$/, ''));
        try {
          const result = await next(args);
          this.attempts.push(result.output.$metadata.attempts);
          return result;
        } catch (error) {
          if (error instanceof KMSServiceException) this.attempts.push(error.$metadata.attempts);
          throw error;
        }
      },
      { step: 'initialize' },
    );
  }
}

type ExceptionClass<E> = abstract new (...args: never[]) => E;

/** The call is refused with that class, and the exception tells the request id. */
async function refused<E extends KMSServiceException>(
  kind: ExceptionClass<E>,
  call: Promise<unknown>,
): Promise<E> {
  const error = await call.then(
    () => assert.fail(`not refused with ${kind.name}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof kind, `not ${kind.name} but ${String(error)}`);
  assert.match(error.$metadata.requestId ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(error.$metadata.httpStatusCode, 400);
  return error;
}

const utf8 = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8');
const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const given = <T>(value: T | undefined): T => {
  assert.ok(value !== undefined);
  return value;
};

for (const [kind, transport] of transports) {
  test(`the AWS SDK for JavaScript works through every operation that is built, over ${transport}`, async () => {
    const client = new NotingClient(endpoints[kind]);
    const { kms } = client;
    const created = await kms.createKey({
      Description: 'walk',
      Tags: [{ TagKey: 'team', TagValue: 'shop' }],
    });
    const key = given(created.KeyMetadata);
    const KeyId = given(key.KeyId);
    const otherId = given((await kms.createKey({})).KeyMetadata?.KeyId);
    assert.deepEqual((await kms.describeKey({ KeyId: given(key.Arn) })).KeyMetadata, key);
    assert.ok(key.CreationDate instanceof Date && Math.abs(Date.now() - key.CreationDate.getTime()) < 60_000);
    await kms.updateKeyDescription({ KeyId, Description: 'walked ✓' });
    assert.equal((await kms.describeKey({ KeyId })).KeyMetadata?.Description, 'walked ✓');
    assert.ok((await kms.listKeys({})).Keys?.some((listed) => listed.KeyArn === key.Arn));

    await kms.createAlias({ AliasName: 'alias/js', TargetKeyId: KeyId });
    await refused(AlreadyExistsException, kms.createAlias({ AliasName: 'alias/js', TargetKeyId: KeyId }));
    await kms.updateAlias({ AliasName: 'alias/js', TargetKeyId: otherId });
    assert.deepEqual(
      (await kms.listAliases({ KeyId: otherId })).Aliases?.map(({ AliasName }) => AliasName),
      ['alias/js'],
    );
    await kms.deleteAlias({ AliasName: 'alias/js' });
    await refused(NotFoundException, kms.describeKey({ KeyId: 'alias/js' }));

    await kms.tagResource({ KeyId, Tags: [{ TagKey: 'stage', TagValue: 'test' }] });
    await kms.untagResource({ KeyId, TagKeys: ['team'] });
    assert.deepEqual((await kms.listResourceTags({ KeyId })).Tags, [{ TagKey: 'stage', TagValue: 'test' }]);
    await refused(TagException, kms.tagResource({ KeyId, Tags: [{ TagKey: 'aws:x', TagValue: '' }] }));

    const Policy = given((await kms.getKeyPolicy({ KeyId })).Policy);
    assert.deepEqual((await kms.listKeyPolicies({ KeyId })).PolicyNames, ['default']);
    await kms.putKeyPolicy({ KeyId, Policy });
    await refused(MalformedPolicyDocumentException, kms.putKeyPolicy({ KeyId, Policy: '{"a":1}' }));

    const EncryptionContext = { purpose: 'walk', naïve: 'ключ' };
    const encrypted = await kms.encrypt({ KeyId, Plaintext: bytes('attack at dawn'), EncryptionContext });
    const { CiphertextBlob } = encrypted;
    const decrypted = await kms.decrypt({ CiphertextBlob, EncryptionContext });
    assert.equal(utf8(decrypted.Plaintext), 'attack at dawn');
    assert.deepEqual([encrypted.KeyId, decrypted.KeyId], [key.Arn, key.Arn]);
    await refused(InvalidCiphertextException, kms.decrypt({ CiphertextBlob }));
    await refused(IncorrectKeyException, kms.decrypt({ CiphertextBlob, EncryptionContext, KeyId: otherId }));
    await refused(DryRunOperationException, kms.decrypt({ CiphertextBlob, EncryptionContext, DryRun: true }));
    const moved = await kms.reEncrypt({
      CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: otherId,
    });
    const reread = await kms.decrypt({ CiphertextBlob: moved.CiphertextBlob });
    assert.equal(utf8(reread.Plaintext), 'attack at dawn');

    const dataKey = await kms.generateDataKey({ KeyId, KeySpec: 'AES_256' });
    const opened = await kms.decrypt({ CiphertextBlob: dataKey.CiphertextBlob });
    assert.equal(dataKey.Plaintext?.length, 32);
    assert.deepEqual(opened.Plaintext, dataKey.Plaintext);
    const sealed = await kms.generateDataKeyWithoutPlaintext({ KeyId, NumberOfBytes: 24 });
    assert.equal((await kms.decrypt({ CiphertextBlob: sealed.CiphertextBlob })).Plaintext?.length, 24);
    assert.equal((await kms.generateRandom({ NumberOfBytes: 17 })).Plaintext?.length, 17);

    await kms.enableKeyRotation({ KeyId, RotationPeriodInDays: 2560 });
    assert.equal((await kms.getKeyRotationStatus({ KeyId })).RotationPeriodInDays, 2560);
    await kms.rotateKeyOnDemand({ KeyId });
    assert.equal((await kms.listKeyRotations({ KeyId })).Rotations?.[0]?.RotationType, 'ON_DEMAND');
    await kms.disableKeyRotation({ KeyId });
    assert.equal((await kms.getKeyRotationStatus({ KeyId })).KeyRotationEnabled, false);
    const old = await kms.decrypt({ CiphertextBlob, EncryptionContext });
    assert.equal(utf8(old.Plaintext), 'attack at dawn');
    assert.equal((await kms.getKeyLastUsage({ KeyId })).KeyLastUsage?.Operation, 'Decrypt');

    await kms.disableKey({ KeyId });
    await refused(DisabledException, kms.encrypt({ KeyId, Plaintext: bytes('x') }));
    await kms.enableKey({ KeyId });
    const scheduled = await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
    const inDays = (given(scheduled.DeletionDate).getTime() - Date.now()) / 86_400_000;
    assert.ok(inDays > 6.99 && inDays <= 7.01, String(scheduled.DeletionDate));
    await refused(KMSInvalidStateException, kms.decrypt({ CiphertextBlob, EncryptionContext }));
    await kms.cancelKeyDeletion({ KeyId });
    await kms.enableKey({ KeyId });
    assert.equal(
      utf8((await kms.decrypt({ CiphertextBlob, EncryptionContext })).Plaintext),
      'attack at dawn',
    );

    assert.deepEqual([...client.operations].sort(), builtOperations);
    await refused(
      UnsupportedOperationException,
      kms.sign({ KeyId, Message: bytes('m'), SigningAlgorithm: 'RSASSA_PSS_SHA_256' }),
    );
    assert.deepEqual([...new Set(client.attempts)], [1], 'a request was sent twice');
    kms.destroy();
  });

  test(`the paginators of the AWS SDK for JavaScript walk all pages, over ${transport}`, async () => {
    const { kms: client } = new NotingClient(endpoints[kind]);
    const KeyId = given((await client.createKey({})).KeyMetadata?.KeyId);
    const names = Array.from({ length: 5 }, (_, number) => `alias/js-pages/${kind}/${number}`);
    for (const [number, AliasName] of names.entries()) {
      await client.createAlias({ AliasName, TargetKeyId: KeyId });
      await client.tagResource({ KeyId, Tags: [{ TagKey: `page${number}`, TagValue: '' }] });
      await client.rotateKeyOnDemand({ KeyId });
    }
    const all = async <P, I>(
      pages: AsyncIterable<P>,
      itemsOf: (page: P) => readonly I[] | undefined,
    ): Promise<{ readonly count: number; readonly items: readonly I[] }> => {
      const walked: P[] = [];
      for await (const page of pages) walked.push(page);
      return { count: walked.length, items: walked.flatMap((page) => itemsOf(page) ?? []) };
    };
    const paging = { client, pageSize: 2 };

    const aliases = await all(paginateListAliases(paging, { KeyId }), (page) => page.Aliases);
    assert.deepEqual([aliases.count, aliases.items.map(({ AliasName }) => AliasName)], [3, names]);
    const tags = await all(paginateListResourceTags(paging, { KeyId }), (page) => page.Tags);
    assert.deepEqual([tags.count, tags.items.length], [3, 5]);
    const rotations = await all(paginateListKeyRotations(paging, { KeyId }), (page) => page.Rotations);
    assert.deepEqual([rotations.count, rotations.items.length], [3, 5]);
    const policies = await all(paginateListKeyPolicies(paging, { KeyId }), (page) => page.PolicyNames);
    assert.deepEqual(policies, { count: 1, items: ['default'] });
    const keys = await all(paginateListKeys({ client, pageSize: 1 }, {}), (page) => page.Keys);
    const ids = keys.items.map((key) => key.KeyId);
    assert.ok(ids.includes(KeyId));
    assert.deepEqual([keys.count, new Set(ids).size], [ids.length, ids.length]);
    await refused(InvalidMarkerException, client.listKeys({ Marker: 'forged' }));
    client.destroy();
  });

  test(`another account's key refuses the AWS SDK for JavaScript until its policy lets it in, over ${transport}`, async () => {
    const { kms: own } = new NotingClient(endpoints[kind]);
    const { kms: other } = new NotingClient(endpoints[kind], neighbour);
    const { KeyMetadata } = await own.createKey({});
    const KeyId = given(KeyMetadata?.Arn);
    const denied = await refused(KMSServiceException, other.encrypt({ KeyId, Plaintext: bytes('x') }));
    assert.equal(denied.name, 'AccessDeniedException');
    assert.match(
      denied.message,
      /^User: arn:aws:iam::111122223333:root is not authorized to perform: kms:Encrypt/,
    );
    const policy: { Statement: object[] } = JSON.parse(given((await own.getKeyPolicy({ KeyId })).Policy));
    policy.Statement.push({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${neighbour.accountId}:root` },
      Action: 'kms:Encrypt',
      Resource: '*',
    });
    await own.putKeyPolicy({ KeyId, Policy: JSON.stringify(policy) });
    const { CiphertextBlob } = await other.encrypt({ KeyId, Plaintext: bytes('from next door') });
    assert.equal(utf8((await own.decrypt({ CiphertextBlob })).Plaintext), 'from next door');
    const still = await refused(KMSServiceException, other.decrypt({ CiphertextBlob }));
    assert.equal(still.name, 'AccessDeniedException');
    for (const client of [own, other]) client.destroy();
  });

  test(`a request that the AWS SDK for JavaScript presigned is answered, and not once it was changed, over ${transport}`, async () => {
    const endpoint = endpoints[kind];
    const { kms: client } = new NotingClient(endpoint);
    const signer = new SignatureV4({
      credentials: { ...operator },
      region: 'us-east-1',
      service: 'kms',
      sha256: Sha256,
    });
    const { hostname, port, protocol, host } = new URL(endpoint.url);
    const presigned = await signer.presign(
      {
        method: 'POST',
        protocol,
        hostname,
        port: Number(port),
        path: '/',
        query: {},
        headers: {
          host,
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'TrentService.GenerateRandom',
        },
        body: JSON.stringify({ NumberOfBytes: 32 }),
      },
      { expiresIn: 60, unhoistableHeaders: new Set(['x-amz-target']) },
    );
    // Sent by the SDK's own connection handler, with nothing added.
    const send = async (change: Partial<typeof presigned>): Promise<{ statusCode: number; text: string }> => {
      const { response } = await client.config.requestHandler.handle(
        Object.assign(Object.create(Object.getPrototypeOf(presigned)), presigned, change),
      );
      const chunks: Buffer[] = [];
      for await (const chunk of response.body) chunks.push(Buffer.from(chunk));
      return { statusCode: response.statusCode, text: Buffer.concat(chunks).toString('utf8') };
    };
    const answered = await send({});
    assert.equal(answered.statusCode, 200, answered.text);
    assert.match(answered.text, /^\{"Plaintext":"[A-Za-z0-9+/]{43}="\}$/);
    for (const change of [
      { body: JSON.stringify({ NumberOfBytes: 33 }) },
      { headers: { ...presigned.headers, 'x-amz-target': 'TrentService.ListKeys' } },
      { query: { ...presigned.query, 'X-Amz-Expires': '604800' } },
    ]) {
      const { statusCode, text } = await send(change);
      assert.equal(statusCode, 400, text);
      assert.match(text, /InvalidSignatureException/);
    }
    client.destroy();
  });
}

test('the AWS SDK for JavaScript refuses a server whose certificate its CA did not make', async () => {
  const client = new KMSClient({
    endpoint: endpoints.tls.url,
    region: 'us-east-1',
    credentials: { ...operator },
    maxAttempts: 1,
  });
  await assert.rejects(
    client.send(new ListKeysCommand({})),
    /unable to (verify|get local issuer)|self-signed/,
  );
  client.destroy();
});
