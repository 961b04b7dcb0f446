/** Whoever can touch ciphertexts where they are kept: none opens but as it was made, and all refusals look alike. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DevServer, neighbour, startDevServer } from '../support/dev-server.ts';
import { Caller } from './attacker.ts';

const context = { tenant: '12', purpose: 'orders', É: 'é' };
const headerBytes = 52;

describe('ciphertexts', () => {
  let server: DevServer;
  let owner: Caller;
  let key: { readonly id: string; readonly arn: string };
  let other: { readonly id: string; readonly arn: string };
  let sealed: Buffer;

  before(async () => {
    server = await startDevServer();
    owner = new Caller(server);
    key = await owner.createKey();
    other = await owner.createKey();
    sealed = await owner.encrypt(key.id, 'secret', context);
  });
  after(() => server?.stop());

  const decrypt = (blob: Uint8Array, EncryptionContext: object = context, KeyId?: string) =>
    owner.kms('Decrypt', {
      CiphertextBlob: Buffer.from(blob).toString('base64'),
      EncryptionContext,
      ...(KeyId === undefined ? {} : { KeyId }),
    });
  const invalid = async (blob: Uint8Array, given: object = context, KeyId?: string): Promise<void> => {
    const answer = await decrypt(blob, given, KeyId);
    // The service gives no message, so none tells a wrong context from a changed byte.
    assert.equal(answer.text, '{"__type":"InvalidCiphertextException"}');
    assert.equal(answer.status, 400);
  };

  test('the ciphertext that is attacked below opens as it was made, its context in any order', async () => {
    assert.equal(await owner.decrypt(sealed, context), 'secret');
    assert.equal(await owner.decrypt(sealed, { É: 'é', purpose: 'orders', tenant: '12' }), 'secret');
  });

  test('a ciphertext that is moved between keys opens under neither', async () => {
    const theirs = await owner.encrypt(other.id, 'theirs', context);
    // Its header says key A, the rest is of key B: the swap of two whole bodies, and of headers alone.
    await invalid(Buffer.concat([sealed.subarray(0, headerBytes), theirs.subarray(headerBytes)]));
    await invalid(Buffer.concat([theirs.subarray(0, headerBytes), sealed.subarray(headerBytes)]));
    // Of the key id alone, or of the key material's: there is no such key material in that key.
    await invalid(Buffer.concat([sealed.subarray(0, 4), theirs.subarray(4, 20), sealed.subarray(20)]));
    await invalid(
      Buffer.concat([sealed.subarray(0, 20), theirs.subarray(20, headerBytes), sealed.subarray(headerBytes)]),
    );
    const named = await decrypt(sealed, context, other.id);
    assert.equal(named.code, 'IncorrectKeyException');
    // Two messages of one key do not mix either.
    const second = await owner.encrypt(key.id, 'second', context);
    for (const at of [68, 80, sealed.length - 16]) {
      await invalid(Buffer.concat([sealed.subarray(0, at), second.subarray(at)]));
    }
  });

  for (const [change, given] of Object.entries({
    'a changed value': { ...context, tenant: '13' },
    'a value with a space more': { ...context, tenant: '12 ' },
    'a value of other letter case': { ...context, purpose: 'Orders' },
    'a name of other letter case': { Tenant: '12', purpose: 'orders', É: 'é' },
    'an equal letter that is composed otherwise': { tenant: '12', purpose: 'orders', 'E\u0301': 'é' },
    'a pair more': { ...context, extra: '' },
    'a pair less': { tenant: '12', purpose: 'orders' },
    'swapped values': { tenant: 'orders', purpose: '12', É: 'é' },
    'letters moved from a value into its name': { tenant1: '2', purpose: 'orders', É: 'é' },
    'an empty context': {},
    'names that JavaScript objects have': { ...context, __proto__x: '1', constructor: '2' },
  })) {
    test(`a ciphertext does not open under an encryption context with ${change}`, () =>
      invalid(sealed, given));
  }

  test('a ciphertext made without an encryption context does not open with one', async () => {
    const bare = await owner.encrypt(key.id, 'bare');
    await invalid(bare, { a: '' });
    await invalid(bare, { '': '' });
    assert.equal(await owner.decrypt(bare, {}), 'bare');
  });

  test('a bit changed in any part of a ciphertext makes it invalid', async () => {
    const parts = {
      format: 2,
      form: 3,
      'key id': 10,
      'key material id': 40,
      salt: 60,
      iv: 72,
      text: 82,
      tag: -1,
    };
    for (const [part, at] of Object.entries(parts)) {
      const flipped = Buffer.from(sealed);
      const index = at < 0 ? sealed.length + at : at;
      flipped[index] = (flipped[index] ?? 0) ^ 1;
      const answer = await decrypt(flipped);
      // Another key id is another key: it may as well not exist.
      const code =
        part === 'form' || part === 'key id' ? 'AccessDeniedException' : 'InvalidCiphertextException';
      assert.equal(answer.code, code, part);
    }
  });

  test('a ciphertext that was cut anywhere or made longer is invalid', async () => {
    for (let length = 1; length < sealed.length; length += 7) await invalid(sealed.subarray(0, length));
    await invalid(sealed.subarray(0, -1));
    await invalid(sealed.subarray(1));
    await invalid(Buffer.concat([sealed, Buffer.alloc(1)]));
    await invalid(Buffer.concat([sealed, sealed]));
    await invalid(Buffer.alloc(6144));
  });

  test('a ciphertext of another Region names a key that this Region does not have', async () => {
    const abroad = new Caller(server, { region: 'eu-west-1' });
    const far = await abroad.createKey();
    const blob = await abroad.encrypt(far.id, 'abroad');
    await owner.refused('Decrypt', { CiphertextBlob: blob.toString('base64') }, 'AccessDeniedException');
    await abroad.refused('Decrypt', { CiphertextBlob: sealed.toString('base64') }, 'AccessDeniedException');
    await owner.refused(
      'Decrypt',
      { CiphertextBlob: blob.toString('base64'), KeyId: far.arn },
      'NotFoundException',
    );
  });

  test('ReEncrypt is no way round: it asks for the same context, key and bytes as Decrypt', async () => {
    const reEncrypt = (blob: Buffer, SourceEncryptionContext: object, SourceKeyId?: string) =>
      owner.kms('ReEncrypt', {
        CiphertextBlob: blob.toString('base64'),
        SourceEncryptionContext,
        DestinationKeyId: other.id,
        ...(SourceKeyId === undefined ? {} : { SourceKeyId }),
      });
    assert.equal((await reEncrypt(sealed, { tenant: '12' })).code, 'InvalidCiphertextException');
    assert.equal((await reEncrypt(sealed, context, other.id)).code, 'IncorrectKeyException');
    assert.equal((await reEncrypt(sealed.subarray(0, -1), context)).code, 'InvalidCiphertextException');
    const moved = await reEncrypt(sealed, context);
    assert.equal(moved.status, 200);
    // What comes out belongs to the other key, without the context of the source.
    const blob = Buffer.from(moved.output.CiphertextBlob, 'base64');
    await invalid(blob);
    assert.equal((await decrypt(blob, {}, other.id)).status, 200);
  });

  test('a dry run does nothing: no plaintext, no ciphertext, no use of the key', async () => {
    const fresh = await owner.createKey();
    const blob = sealed.toString('base64');
    for (const [operation, input] of Object.entries({
      Encrypt: { KeyId: fresh.id, Plaintext: 'AAAA' },
      Decrypt: { CiphertextBlob: blob, EncryptionContext: context },
      GenerateDataKey: { KeyId: fresh.id, KeySpec: 'AES_256' },
      GenerateDataKeyWithoutPlaintext: { KeyId: fresh.id, KeySpec: 'AES_256' },
      ReEncrypt: { CiphertextBlob: blob, SourceEncryptionContext: context, DestinationKeyId: fresh.id },
    })) {
      const answer = await owner.refused(operation, { ...input, DryRun: true }, 'DryRunOperationException');
      assert.deepEqual(Object.keys(answer.output), ['__type', 'message']);
    }
    const { KeyLastUsage } = await owner.does('GetKeyLastUsage', { KeyId: fresh.id });
    assert.equal(KeyLastUsage?.Operation, undefined);
    // And it is no way to ask about what one may not use.
    const stranger = new Caller(server, { credentials: neighbour });
    await stranger.refused(
      'Encrypt',
      { KeyId: fresh.arn, Plaintext: 'AAAA', DryRun: true },
      'AccessDeniedException',
    );
    await stranger.refused('Decrypt', { CiphertextBlob: blob, DryRun: true }, 'AccessDeniedException');
  });
});
