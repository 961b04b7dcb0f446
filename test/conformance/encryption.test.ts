/** Encrypt, Decrypt, ReEncrypt, the data keys and random bytes: what goes in, what comes out, and what opens what. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  allow,
  deny,
  home,
  idOf,
  neighbour,
  operator,
  policy,
  refusal,
  refusalOf,
  refused,
  rootOf,
  World,
} from './world.ts';

const world = await World.start();
after(() => world.stop());
const kms = world.kms();
const key = await world.newKey();

const bytes = (value: Uint8Array | undefined): Buffer => Buffer.from(value ?? []);
async function seal(
  KeyId: string,
  EncryptionContext?: Record<string, string>,
  Plaintext = Buffer.from('secret'),
) {
  const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext, EncryptionContext });
  return bytes(CiphertextBlob);
}
const open = async (
  CiphertextBlob: Uint8Array,
  EncryptionContext?: Record<string, string>,
): Promise<string> => bytes((await kms.decrypt({ CiphertextBlob, EncryptionContext })).Plaintext).toString();
/** The SDK makes up a message where there is none, so what is answered is looked at as it is. */
const refusesToOpen = async (CiphertextBlob: Uint8Array, EncryptionContext?: object, KeyId?: string) =>
  refusalOf(
    await world.raw(operator, 'Decrypt', {
      CiphertextBlob: Buffer.from(CiphertextBlob),
      EncryptionContext,
      KeyId,
    }),
  );
const invalid = refusal('InvalidCiphertextException');

test('the answers of Encrypt and Decrypt name the key by its ARN, the algorithm and the key material', async () => {
  const { CurrentKeyMaterialId } = (await kms.describeKey({ KeyId: key })).KeyMetadata ?? {};
  const {
    $metadata: _e,
    CiphertextBlob,
    ...encrypted
  } = await kms.encrypt({ KeyId: idOf(key), Plaintext: Buffer.from('x') });
  assert.deepEqual(encrypted, { KeyId: key, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
  const { $metadata: _d, Plaintext, ...decrypted } = await kms.decrypt({ CiphertextBlob });
  assert.equal(bytes(Plaintext).toString(), 'x');
  assert.deepEqual(decrypted, {
    KeyId: key,
    EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    KeyMaterialId: CurrentKeyMaterialId,
  });
});

test('the same plaintext never gives the same ciphertext', async () => {
  const blobs = await Promise.all(Array.from({ length: 20 }, () => seal(key)));
  assert.equal(new Set(blobs.map((blob) => blob.toString('hex'))).size, 20);
});

for (const length of [1, 4095, 4096]) {
  test(`a plaintext of ${length} bytes comes back as it was`, async () => {
    const plaintext = Buffer.alloc(length, 0xa5);
    const { Plaintext } = await kms.decrypt({ CiphertextBlob: await seal(key, undefined, plaintext) });
    assert.deepEqual(bytes(Plaintext), plaintext);
  });
}

test('a ciphertext opens with its encryption context in any order, and with nothing else', async () => {
  const blob = await seal(key, { team: 'shop', stage: 'test', ключ: '値' });
  assert.equal(await open(blob, { ключ: '値', stage: 'test', team: 'shop' }), 'secret');
  const wrong: readonly (Record<string, string> | undefined)[] = [
    undefined,
    {},
    { team: 'shop', stage: 'test' },
    { team: 'shop', stage: 'test', ключ: '値', more: 'x' },
    { team: 'Shop', stage: 'test', ключ: '値' },
    { Team: 'shop', stage: 'test', ключ: '値' },
    { team: 'test', stage: 'shop', ключ: '値' },
    { team: 'shop ', stage: 'test', ключ: '値' },
  ];
  for (const context of wrong)
    assert.deepEqual(await refusesToOpen(blob, context), invalid, JSON.stringify(context));
});

test('no encryption context and an empty one are the same', async () => {
  assert.equal(await open(await seal(key), {}), 'secret');
  assert.equal(await open(await seal(key, {})), 'secret');
});

test('where one name ends and its value begins is part of the encryption context', async () => {
  assert.deepEqual(await refusesToOpen(await seal(key, { ab: 'c' }), { a: 'bc' }), invalid);
  assert.deepEqual(await refusesToOpen(await seal(key, { a: '' }), { a: ' ' }), invalid);
});

test('an encryption context may have 8192 bytes and not one more', async () => {
  const context = (bytesOfValue: number) => ({ a: 'x'.repeat(bytesOfValue) });
  assert.equal(await open(await seal(key, context(8191)), context(8191)), 'secret');
  assert.equal((await refused(seal(key, context(8192)))).code, 'ValidationException');
});

test('any changed byte of a ciphertext makes it invalid, or of no key that the caller may use', async () => {
  const blob = await seal(key);
  for (let at = 0; at < blob.length; at += 7) {
    const changed = Buffer.from(blob);
    changed.writeUInt8(changed.readUInt8(at) ^ 0x40, at);
    const said = await refusesToOpen(changed);
    assert.ok(
      said?.code === 'InvalidCiphertextException' || said?.code === 'AccessDeniedException',
      `byte ${at}`,
    );
    assert.deepEqual(
      (await refusesToOpen(changed, undefined, key))?.code,
      at >= 4 && at < 20 ? 'IncorrectKeyException' : 'InvalidCiphertextException',
      `byte ${at} with KeyId`,
    );
  }
  assert.deepEqual(await refusesToOpen(blob.subarray(0, blob.length - 1)), invalid);
  assert.deepEqual(await refusesToOpen(Buffer.concat([blob, Buffer.from([0])])), invalid);
});

test('what was encrypted before rotations still opens, and says which key material opened it', async () => {
  const KeyId = await world.newKey();
  const made: { readonly blob: Buffer; readonly material: string | undefined }[] = [];
  for (let rotations = 0; rotations < 3; rotations += 1) {
    const { KeyMetadata } = await kms.describeKey({ KeyId });
    made.push({ blob: await seal(KeyId), material: KeyMetadata?.CurrentKeyMaterialId });
    await kms.rotateKeyOnDemand({ KeyId });
  }
  assert.equal(new Set(made.map(({ material }) => material)).size, 3);
  for (const { blob, material } of made) {
    const { KeyMaterialId, Plaintext } = await kms.decrypt({ CiphertextBlob: blob, KeyId });
    assert.equal(bytes(Plaintext).toString(), 'secret');
    assert.equal(KeyMaterialId, material);
  }
});

test('ReEncrypt moves a secret to another key and another encryption context', async () => {
  const to = await world.newKey();
  const materialOf = async (KeyId: string) =>
    (await kms.describeKey({ KeyId })).KeyMetadata?.CurrentKeyMaterialId;
  const {
    $metadata: _m,
    CiphertextBlob,
    ...answer
  } = await kms.reEncrypt({
    CiphertextBlob: await seal(key, { at: 'source' }),
    SourceEncryptionContext: { at: 'source' },
    DestinationKeyId: to,
    DestinationEncryptionContext: { at: 'destination' },
  });
  assert.deepEqual(answer, {
    KeyId: to,
    SourceKeyId: key,
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    SourceKeyMaterialId: await materialOf(key),
    DestinationKeyMaterialId: await materialOf(to),
  });
  const moved = bytes(CiphertextBlob);
  assert.equal(await open(moved, { at: 'destination' }), 'secret');
  assert.deepEqual(await refusesToOpen(moved, { at: 'source' }), invalid);
});

test('ReEncrypt on one key brings a ciphertext to its newest key material', async () => {
  const KeyId = await world.newKey();
  const blob = await seal(KeyId);
  await kms.rotateKeyOnDemand({ KeyId });
  const { SourceKeyMaterialId, DestinationKeyMaterialId } = await kms.reEncrypt({
    CiphertextBlob: blob,
    DestinationKeyId: KeyId,
  });
  assert.notEqual(SourceKeyMaterialId, DestinationKeyMaterialId);
});

test('ReEncrypt needs kms:ReEncryptFrom on its source and kms:ReEncryptTo on its destination', async () => {
  const every = allow(rootOf(operator), 'kms:*');
  const noFrom = await world.newKey(
    operator,
    home,
    policy(every, deny(rootOf(operator), 'kms:ReEncryptFrom')),
  );
  const noTo = await world.newKey(operator, home, policy(every, deny(rootOf(operator), 'kms:ReEncryptTo')));
  const [fromBlob, toBlob] = [await seal(noFrom), await seal(noTo)];
  // A kms:Decrypt or kms:Encrypt permission is neither needed nor enough.
  await kms.reEncrypt({ CiphertextBlob: toBlob, DestinationKeyId: noFrom });
  assert.equal(
    (await refused(kms.reEncrypt({ CiphertextBlob: fromBlob, DestinationKeyId: key }))).code,
    'AccessDeniedException',
  );
  const said = await refused(kms.reEncrypt({ CiphertextBlob: await seal(key), DestinationKeyId: noTo }));
  assert.match(
    said.message ?? '',
    /kms:ReEncryptTo on resource: .* with an explicit deny in a resource-based policy$/,
  );
});

test('ReEncrypt across accounts takes a key of each', async () => {
  const both = policy(allow(rootOf(operator), 'kms:*'), allow(rootOf(neighbour), 'kms:ReEncryptTo'));
  const to = await world.newKey(operator, home, both);
  const from = await world.newKey(neighbour);
  const { CiphertextBlob } = await world
    .kms(neighbour)
    .encrypt({ KeyId: from, Plaintext: Buffer.from('theirs') });
  const moved = await world.kms(neighbour).reEncrypt({ CiphertextBlob, DestinationKeyId: to });
  assert.equal(await open(bytes(moved.CiphertextBlob)), 'theirs');
});

for (const [title, input, length] of [
  ['AES_128', { KeySpec: 'AES_128' }, 16],
  ['AES_256', { KeySpec: 'AES_256' }, 32],
  ['1 byte', { NumberOfBytes: 1 }, 1],
  ['64 bytes', { NumberOfBytes: 64 }, 64],
  ['1024 bytes', { NumberOfBytes: 1024 }, 1024],
] as const) {
  test(`a data key of ${title} is ${length} bytes, and its ciphertext opens to them`, async () => {
    const EncryptionContext = { for: title };
    const { Plaintext, CiphertextBlob, KeyId } = await kms.generateDataKey({
      KeyId: key,
      EncryptionContext,
      ...input,
    });
    assert.equal(KeyId, key);
    assert.equal(Plaintext?.length, length);
    const opened = await kms.decrypt({ CiphertextBlob, EncryptionContext });
    assert.deepEqual(bytes(opened.Plaintext), bytes(Plaintext));
    const hidden = await kms.generateDataKeyWithoutPlaintext({ KeyId: key, EncryptionContext, ...input });
    assert.deepEqual(Object.keys(hidden).sort(), ['$metadata', 'CiphertextBlob', 'KeyId', 'KeyMaterialId']);
    const unwrapped = await kms.decrypt({ CiphertextBlob: hidden.CiphertextBlob, EncryptionContext });
    assert.equal(unwrapped.Plaintext?.length, length);
  });
}

for (const operation of ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext']) {
  test(`${operation} wants either a key spec or a number of bytes, and asks once it has found the key`, async () => {
    const either = refusal('ValidationException', 'Please specify either number of bytes or key spec.');
    const ask = async (input: object) => refusalOf(await world.raw(operator, operation, input));
    assert.deepEqual(await ask({ KeyId: key }), either);
    assert.deepEqual(await ask({ KeyId: key, KeySpec: 'AES_256', NumberOfBytes: 32 }), either);
    assert.equal((await ask({ KeyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }))?.code, 'NotFoundException');
    const disabled = await world.newKey();
    await kms.disableKey({ KeyId: disabled });
    assert.deepEqual(await ask({ KeyId: disabled }), either);
  });
}

test('random bytes are as many as asked for, and never the same', async () => {
  for (const NumberOfBytes of [1, 12, 91, 1024]) {
    assert.equal((await kms.generateRandom({ NumberOfBytes })).Plaintext?.length, NumberOfBytes);
  }
  const two = await Promise.all([1, 2].map(() => kms.generateRandom({ NumberOfBytes: 32 })));
  assert.notDeepEqual(bytes(two[0]?.Plaintext), bytes(two[1]?.Plaintext));
});

const wouldSucceed = refusal(
  'DryRunOperationException',
  'The request would have succeeded, but the DryRun option is set.',
);

test('a dry run is told what the request would be told, and does nothing', async () => {
  const disabled = await world.newKey();
  await kms.disableKey({ KeyId: disabled });
  const closed = await world.newKey(neighbour);
  const ask = { NumberOfBytes: 16, DryRun: true };
  assert.deepEqual(await refused(kms.generateDataKey({ KeyId: key, ...ask })), wouldSucceed);
  assert.equal((await refused(kms.generateDataKey({ KeyId: disabled, ...ask }))).code, 'DisabledException');
  assert.equal((await refused(kms.generateDataKey({ KeyId: closed, ...ask }))).code, 'AccessDeniedException');
  assert.equal((await refused(kms.generateDataKey({ KeyId: 'nonsense', ...ask }))).code, 'NotFoundException');
  const blob = await seal(key, { a: 'b' });
  assert.deepEqual(
    await refusesDryRun('Decrypt', { CiphertextBlob: blob, EncryptionContext: { a: 'b' } }),
    wouldSucceed,
  );
  assert.deepEqual(await refusesDryRun('Decrypt', { CiphertextBlob: blob }), invalid);
  assert.deepEqual(
    await refusesDryRun('ReEncrypt', { CiphertextBlob: blob, DestinationKeyId: key }),
    invalid,
  );
});

async function refusesDryRun(operation: string, input: object) {
  return refusalOf(await world.raw(operator, operation, { ...input, DryRun: true }));
}

test('with IGNORE_CIPHERTEXT a dry run asks about permission alone, and needs the key instead of a ciphertext', async () => {
  const modified = { DryRunModifiers: ['IGNORE_CIPHERTEXT'] };
  assert.deepEqual(await refusesDryRun('Decrypt', { KeyId: key, ...modified }), wouldSucceed);
  const garbage = Buffer.alloc(50, 1);
  assert.deepEqual(
    await refusesDryRun('Decrypt', { KeyId: key, CiphertextBlob: garbage, ...modified }),
    wouldSucceed,
  );
  const moved = { SourceKeyId: key, DestinationKeyId: key, ...modified };
  assert.deepEqual(await refusesDryRun('ReEncrypt', moved), wouldSucceed);
  const closed = await world.newKey(neighbour);
  assert.equal(
    (await refusesDryRun('Decrypt', { KeyId: closed, ...modified }))?.code,
    'AccessDeniedException',
  );
  assert.equal((await refusesDryRun('Decrypt', { ...modified }))?.code, 'ValidationException');
  assert.equal(
    (await refusesDryRun('ReEncrypt', { DestinationKeyId: key, ...modified }))?.code,
    'ValidationException',
  );
  const withoutDryRun = await world.raw(operator, 'Decrypt', {
    KeyId: key,
    CiphertextBlob: garbage,
    ...modified,
  });
  assert.equal(refusalOf(withoutDryRun)?.code, 'ValidationException');
});

test('without the modifier a ciphertext is required', async () => {
  const missing = refusal(
    'ValidationException',
    "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
  );
  assert.deepEqual(refusalOf(await world.raw(operator, 'Decrypt', { KeyId: key })), missing);
  assert.deepEqual(refusalOf(await world.raw(operator, 'ReEncrypt', { DestinationKeyId: key })), missing);
});

test('what bears on security and is not built is refused, not ignored', async () => {
  const Recipient = {
    KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    AttestationDocument: Buffer.from('doc'),
  } as const;
  const CiphertextBlob = await seal(key);
  for (const call of [
    () => kms.generateDataKey({ KeyId: key, NumberOfBytes: 8, Recipient }),
    () => kms.decrypt({ CiphertextBlob, Recipient }),
    () => kms.generateRandom({ NumberOfBytes: 8, Recipient }),
  ]) {
    assert.equal((await refused(call())).code, 'UnsupportedOperationException');
  }
  const GrantTokens = ['AQpAM2RhZTk1MGMyNTk2ZmZmMzEyYWVhOWVi'];
  assert.equal(
    (await refused(kms.describeKey({ KeyId: key, GrantTokens }))).code,
    'InvalidGrantTokenException',
  );
  assert.equal(
    (await refused(kms.encrypt({ KeyId: key, Plaintext: Buffer.from('x'), GrantTokens }))).code,
    'InvalidGrantTokenException',
  );
});
