/** Making, describing, switching and renaming keys. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { quotaOptions } from '../../src/config/options.ts';
import { allowing, idOf, operator, refusal, refusalOf, refused, World } from './world.ts';

const world = await World.start();
after(() => world.stop());
const kms = world.kms();

test('CreateKey and DescribeKey answer the same metadata', async () => {
  const made = (await kms.createKey({ Description: 'orders' })).KeyMetadata;
  assert.deepEqual((await kms.describeKey({ KeyId: made?.KeyId })).KeyMetadata, made);
  const { KeyId, Arn, CreationDate, CurrentKeyMaterialId, ...rest } = made ?? {};
  assert.match(KeyId ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(Arn, `arn:aws:kms:us-east-1:${operator.accountId}:key/${KeyId}`);
  assert.match(CurrentKeyMaterialId ?? '', /^[0-9a-f]{64}$/);
  assert.ok(CreationDate instanceof Date);
  assert.deepEqual(rest, {
    AWSAccountId: operator.accountId,
    Description: 'orders',
    Enabled: true,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
  });
});

test('every way to ask for a symmetric key gives one', async () => {
  for (const input of [
    { KeySpec: 'SYMMETRIC_DEFAULT' },
    { CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' },
    { KeyUsage: 'ENCRYPT_DECRYPT', Origin: 'AWS_KMS', MultiRegion: false },
  ] as const) {
    assert.equal((await kms.createKey(input)).KeyMetadata?.KeySpec, 'SYMMETRIC_DEFAULT');
  }
});

for (const [title, input, code, message] of [
  [
    'a key spec under its old and its new name',
    { KeySpec: 'SYMMETRIC_DEFAULT', CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' },
    'ValidationException',
    'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
  ],
  [
    'an asymmetric key without a key usage',
    { KeySpec: 'RSA_2048' },
    'ValidationException',
    'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
  ],
  [
    'a symmetric key for signing',
    { KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'SIGN_VERIFY' },
    'ValidationException',
    'KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT',
  ],
  [
    'a custom key store with key material of the service',
    { CustomKeyStoreId: 'cks-1234567890abcdef0' },
    'ValidationException',
    'CustomKeyStoreId is not valid when Origin is AWS_KMS.',
  ],
  [
    'an external key outside of an external key store',
    { XksKeyId: 'external-key' },
    'ValidationException',
    'XksKeyId is valid only when Origin is EXTERNAL_KEY_STORE.',
  ],
] as const) {
  test(`${title} is refused`, async () => {
    assert.deepEqual(refusalOf(await world.raw(operator, 'CreateKey', input)), refusal(code, message));
  });
}

test('enabling and disabling answer an empty body, may be repeated, and show in the metadata', async () => {
  const KeyId = await world.newKey();
  for (const [operation, state, enabled] of [
    ['DisableKey', 'Disabled', false],
    ['DisableKey', 'Disabled', false],
    ['EnableKey', 'Enabled', true],
    ['EnableKey', 'Enabled', true],
  ] as const) {
    assert.equal((await world.raw(operator, operation, { KeyId: idOf(KeyId) })).text, '');
    const { KeyMetadata } = await kms.describeKey({ KeyId });
    assert.deepEqual([KeyMetadata?.KeyState, KeyMetadata?.Enabled], [state, enabled]);
  }
});

test('a description is replaced, emptied, and up to 8192 characters long', async () => {
  const KeyId = await world.newKey();
  for (const Description of ['first', 'Schlüssel für 注文', '', 'x'.repeat(8192)]) {
    await kms.updateKeyDescription({ KeyId, Description });
    assert.equal((await kms.describeKey({ KeyId })).KeyMetadata?.Description, Description);
  }
  const long = await refused(kms.updateKeyDescription({ KeyId, Description: 'x'.repeat(8193) }));
  assert.equal(long.code, 'ValidationException');
});

test('changes of one key at once are all made', async () => {
  const KeyId = await world.newKey();
  await Promise.all([
    ...Array.from({ length: 20 }, (_, n) =>
      kms.tagResource({ KeyId, Tags: [{ TagKey: `tag-${n}`, TagValue: '' }] }),
    ),
    kms.updateKeyDescription({ KeyId, Description: 'busy' }),
    kms.enableKeyRotation({ KeyId }),
  ]);
  assert.equal((await kms.listResourceTags({ KeyId })).Tags?.length, 20);
  assert.equal((await kms.describeKey({ KeyId })).KeyMetadata?.Description, 'busy');
  assert.equal((await kms.getKeyRotationStatus({ KeyId })).KeyRotationEnabled, true);
});

test('what was changed is still so after a restart', async () => {
  const KeyId = await world.newKey();
  await kms.tagResource({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] });
  await kms.updateKeyDescription({ KeyId, Description: 'kept' });
  await kms.disableKey({ KeyId });
  const before = (await kms.describeKey({ KeyId })).KeyMetadata;
  await world.restart();
  assert.deepEqual((await world.kms().describeKey({ KeyId })).KeyMetadata, before);
  assert.deepEqual((await world.kms().listResourceTags({ KeyId })).Tags, [{ TagKey: 'a', TagValue: 'b' }]);
});

test('the largest key that the widest quotas let through is kept whole', async () => {
  const widest = await World.start(
    quotaOptions.flatMap(({ name, max = 0 }) => (/tags|policy/.test(name) ? [`--${name}`, String(max)] : [])),
  );
  try {
    const document = JSON.stringify(allowing('*'));
    const worst = (characters: number, n = '') => n.padEnd(characters, '\u0001');
    const input = {
      Policy: document.padEnd(32_768, '\n'),
      Description: worst(8192),
      Tags: Array.from({ length: 50 }, (_, n) => ({ TagKey: worst(128, String(n)), TagValue: worst(256) })),
    };
    const { KeyMetadata } = await widest.kms().createKey(input);
    await widest.restart();
    const KeyId = KeyMetadata?.KeyId;
    const [described, { Policy }, { Tags }] = await Promise.all([
      widest.kms().describeKey({ KeyId }),
      widest.kms().getKeyPolicy({ KeyId }),
      widest.kms().listResourceTags({ KeyId }),
    ]);
    assert.deepEqual(
      {
        Policy,
        Description: described.KeyMetadata?.Description,
        Tags: new Set(Tags?.map(({ TagKey }) => TagKey)),
      },
      { ...input, Tags: new Set(input.Tags.map(({ TagKey }) => TagKey)) },
    );
    // With more, the row would not fit: no quota can be widened that far.
    assert.deepEqual(
      quotaOptions.filter(({ name }) => /tags|policy/.test(name)).map(({ max }) => max),
      [50, 32_768],
    );
  } finally {
    await widest.stop();
  }
});
