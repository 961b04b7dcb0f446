/**
 * What the real service was recorded to answer, asked of this server in the same way. Placeholders stand
 * for what differs from run to run: the same one always for the same value.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { type Answer, idOf, operator, World } from './world.ts';

interface Recording {
  readonly 'recorded-date': string;
  readonly 'recorded-content': Readonly<Record<string, unknown>>;
}

const { recorded } = JSON.parse(readFileSync(new URL('recorded/kms.json', import.meta.url), 'utf8')) as {
  readonly recorded: Readonly<Record<string, Recording>>;
};

/** Members that the service has begun to answer with since an answer was recorded (API model of 2026). */
const addedSince = ['KeyMaterialId', 'SourceKeyMaterialId', 'DestinationKeyMaterialId'];
/** Values of enums that the service did not have yet when they were recorded in a message. */
const enumValuesSince =
  /, (SM2|ML_DSA_44|ML_DSA_65|ML_DSA_87|ECC_NIST_EDWARDS25519|ML_KEM_512|ML_KEM_768|ML_KEM_1024|KEY_AGREEMENT|ENCAPSULATE_DECAPSULATE)(?=[,\]])/g;

const world = await World.start();
after(() => world.stop());

const otherRegion = 'ap-southeast-1';
const unknown = '1234abcd-12ab-34cd-56ef-1234567890ab';
const message = Buffer.from('test message 123 !%$@ 1234567890');
const ask = (operation: string, input: object, region?: string): Promise<Answer> =>
  world.raw(operator, operation, input, region === undefined ? {} : { region });
const newKeyId = async (): Promise<string> => idOf(await world.newKey());
const encrypted = async (keyId: string, context?: object): Promise<string> => {
  const { body } = await ask('Encrypt', { KeyId: keyId, Plaintext: message, EncryptionContext: context });
  return String(body.CiphertextBlob);
};
const described = async (input: object): Promise<unknown> => {
  const { body } = await ask('CreateKey', input);
  const { KeyId } = body.KeyMetadata as { KeyId: string };
  return (await ask('DescribeKey', { KeyId })).body.KeyMetadata;
};
const tagsOf = async (KeyId: string): Promise<unknown> =>
  (await ask('ListResourceTags', { KeyId })).body.Tags;
const tag = (key: string, value: string): object => ({ TagKey: key, TagValue: value });

type Asked = Answer | unknown;

/** By test of the recording: how to ask, giving an answer for each name recorded there. */
const askers: Readonly<Record<string, () => Promise<Readonly<Record<string, Asked>>>>> = {
  'TestKMS::test_generate_random_invalid_number_of_bytes[None]': async () => ({
    'generate-random-exc': await ask('GenerateRandom', {}),
  }),
  'TestKMS::test_generate_random_invalid_number_of_bytes[0]': async () => ({
    'generate-random-exc': await ask('GenerateRandom', { NumberOfBytes: 0 }),
  }),
  'TestKMS::test_generate_random_invalid_number_of_bytes[1025]': async () => ({
    'generate-random-exc': await ask('GenerateRandom', { NumberOfBytes: 1025 }),
  }),
  'TestKMS::test_create_key': async () => ({
    'describe-key': await described({ Description: 'test key 123', KeyUsage: 'ENCRYPT_DECRYPT' }),
  }),
  'TestKMS::test_get_key_does_not_exist': async () => ({
    'describe-nonexistent-key-with-id': await ask('DescribeKey', { KeyId: unknown }),
    'describe-nonexistent-with-arn': await ask('DescribeKey', {
      KeyId: `arn:aws:kms:us-east-1:${operator.accountId}:key/${unknown}`,
    }),
    'describe-key-with-valid-id-mrk': await ask('DescribeKey', {
      KeyId: 'mrk-d3b95762d3b95762d3b95762d3b95762',
    }),
  }),
  'TestKMS::test_replicate_key': async () => ({
    'describe-key-from-different-region': await ask('DescribeKey', { KeyId: await newKeyId() }, otherRegion),
  }),
  'TestKMS::test_get_key_in_different_region': async () => {
    const arn = await world.newKey(operator, otherRegion);
    return {
      'describe-key-diff-region-with-id': await ask('DescribeKey', { KeyId: idOf(arn) }),
      'describe-key-diff-region-with-arn': await ask('DescribeKey', { KeyId: arn }),
    };
  },
  'TestKMS::test_get_key_invalid_uuid': async () => ({
    'describe-key-with-invalid-uuid': await ask('DescribeKey', { KeyId: 'fake-key-id' }),
    'describe-key-with-invalid-uuid-2': await ask('DescribeKey', {
      KeyId: '134f2428cec14b25a1ae9048164dba47',
    }),
    'describe-key-with-invalid-uuid-mrk': await ask('DescribeKey', { KeyId: 'mrk-fake-key-id' }),
  }),
  'TestKMS::test_create_alias': async () => ({
    create_alias: await ask('CreateAlias', { AliasName: '8c1a6b2d', TargetKeyId: await newKeyId() }),
  }),
  'TestKMS::test_hmac_create_key_invalid_operations': async () => ({
    'create-hmac-key-without-key-usage': await ask('CreateKey', { KeySpec: 'HMAC_256' }),
    'create-hmac-key-invalid-spec': await ask('CreateKey', { KeySpec: 'HMAC_random' }),
    'create-hmac-key-invalid-key-usage': await ask('CreateKey', { KeySpec: 'HMAC_256', KeyUsage: 'RANDOM' }),
  }),
  'TestKMS::test_plaintext_size_for_encrypt': async () => ({
    'invalid-plaintext-size-encrypt': await ask('Encrypt', {
      KeyId: await newKeyId(),
      Plaintext: Buffer.alloc(4097),
    }),
  }),
  'TestKMSGenerateKeys::test_generate_data_key_without_plaintext': async () => ({
    'generate-data-key-without-plaintext': await ask('GenerateDataKeyWithoutPlaintext', {
      KeyId: await newKeyId(),
      KeySpec: 'AES_256',
    }),
  }),
  'TestKMS::test_encrypt_decrypt_encryption_context': async () => {
    const KeyId = await newKeyId();
    const EncryptionContext = { 'context-key': 'context-value' };
    const CiphertextBlob = await encrypted(KeyId, EncryptionContext);
    return {
      encrypt_response: await ask('Encrypt', { KeyId, Plaintext: message, EncryptionContext }),
      decrypt_response_with_encryption_context: await ask('Decrypt', {
        KeyId,
        CiphertextBlob,
        EncryptionContext,
      }),
      decrypt_response_without_encryption_context: await ask('Decrypt', { KeyId, CiphertextBlob }),
      decrypt_response_with_invalid_ciphertext: await ask('Decrypt', {
        KeyId,
        CiphertextBlob: Buffer.concat([Buffer.from(CiphertextBlob, 'base64'), Buffer.from('bad')]),
        EncryptionContext,
      }),
    };
  },
  'TestKMS::test_non_multi_region_keys_should_not_have_multi_region_properties': async () => ({
    non_multi_region_keys_should_not_have_multi_region_properties: await described({
      MultiRegion: false,
      Description: 'test non multi region key',
    }),
  }),
  'TestKMS::test_untag_key_partially': async () => {
    const Tags = [tag('tag1', 'value1'), tag('tag2', 'value2'), tag('tag3', 'value3')];
    const { body } = await ask('CreateKey', { Tags });
    const { KeyId } = body.KeyMetadata as { KeyId: string };
    const before = await tagsOf(KeyId);
    await ask('UntagResource', { KeyId, TagKeys: ['tag2'] });
    return {
      'list-resource-tags': before,
      'list-resource-tags-after-partially-untagged': await tagsOf(KeyId),
    };
  },
  'TestKMS::test_tag_key_with_duplicate_tag_keys_raises_error': async () => ({
    'duplicate-tag-keys': await ask('TagResource', {
      KeyId: await newKeyId(),
      Tags: [tag('tag1', 'value1'), tag('tag1', 'another-value1')],
    }),
  }),
  'TestKMS::test_tag_existing_key_with_invalid_tag_key': async () => ({
    'invalid-tag-key': await ask('TagResource', {
      KeyId: await newKeyId(),
      Tags: [tag('aws:key1', 'value1')],
    }),
  }),
  'TestKMS::test_rotate_key_on_demand_modifies_key_material': async () => ({
    'rotate-on-demand-response': await ask('RotateKeyOnDemand', { KeyId: await newKeyId() }),
  }),
  'TestKMS::test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_disabled': async () => {
    const KeyId = await newKeyId();
    return {
      'rotate-on-demand-response': await ask('RotateKeyOnDemand', { KeyId }),
      'rotation-status-response-after-rotation': await ask('GetKeyRotationStatus', { KeyId }),
    };
  },
  'TestKMS::test_rotate_key_on_demand_raises_error_given_key_that_does_not_exist': async () => ({
    'error-response': await ask('RotateKeyOnDemand', { KeyId: unknown }),
  }),
  'TestKMS::test_re_encrypt[SYMMETRIC_DEFAULT-SYMMETRIC_DEFAULT]': async () => {
    const [source, destination] = [await newKeyId(), await newKeyId()];
    return {
      test_re_encrypt: await ask('ReEncrypt', {
        SourceKeyId: source,
        DestinationKeyId: destination,
        CiphertextBlob: await encrypted(source),
      }),
    };
  },
  // Recorded of GenerateDataKeyPair; DryRun is answered alike everywhere.
  'TestKMSGenerateKeys::test_generate_data_key_pair_dry_run': async () => ({
    dryrun_exception: await ask('GenerateDataKey', {
      KeyId: await newKeyId(),
      KeySpec: 'AES_256',
      DryRun: true,
    }),
  }),
  // Recorded of a key with imported key material; a key of the service's own is rotated alike.
  'TestKMS::test_rotate_key_on_demand_updates_current_key_material_for_external_keys': async () => {
    const KeyId = await newKeyId();
    return {
      'rotate-key-on-demand-response': await ask('RotateKeyOnDemand', { KeyId }),
      'kms-encrypt-rotated-key-response': await ask('Encrypt', { KeyId, Plaintext: message }),
    };
  },
};

for (const [name, { 'recorded-content': content }] of Object.entries(recorded)) {
  test(`the answers are those recorded in ${name}`, async () => {
    const asker = askers[name];
    assert.ok(asker, 'there is no way to ask for it here');
    const answers = await asker();
    assert.deepEqual(Object.keys(answers).sort(), Object.keys(content).sort());
    const values = new Map<string, string>();
    for (const [step, expected] of Object.entries(content)) {
      matchAnswer(expected, answers[step], step, values);
    }
  });
}

test('every recording that a way to ask is written for is there', () => {
  assert.deepEqual(Object.keys(askers).sort(), Object.keys(recorded).sort());
});

/** As botocore presents an answer: `ResponseMetadata`, and for a refusal `Error` and the members of its shape. */
function matchAnswer(expected: unknown, answer: Asked, path: string, values: Map<string, string>): void {
  if (!isAnswer(answer)) {
    match(expected, answer, path, values);
    return;
  }
  const {
    Error: error,
    ResponseMetadata: metadata,
    message: modelled,
    ...members
  } = expected as {
    readonly Error?: { readonly Code: string; readonly Message: string };
    readonly ResponseMetadata: { readonly HTTPStatusCode: number };
    readonly message?: string;
  };
  assert.equal(answer.status, metadata.HTTPStatusCode, `${path}: HTTP status`);
  if (error === undefined) {
    const known = Object.entries(answer.body).filter(
      ([name]) => name in members || !addedSince.includes(name),
    );
    match(members, Object.fromEntries(known), path, values);
    return;
  }
  assert.equal(answer.body.__type, error.Code, `${path}: error`);
  const said = answer.body.message ?? answer.body.Message ?? '';
  match(error.Message, String(said).replace(enumValuesSince, ''), `${path}: message`, values);
  // botocore repeats the message where the error's shape has it, and spells an absent one as empty.
  if (modelled !== undefined) assert.equal(answer.body.message, said);
  if (error.Message === '') assert.deepEqual(Object.keys(answer.body), ['__type']);
}

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && 'status' in value && 'headers' in value;

function match(expected: unknown, actual: unknown, path: string, values: Map<string, string>): void {
  if (typeof expected === 'string') {
    matchText(expected, actual, path, values);
    return;
  }
  if (typeof expected !== 'object' || expected === null) {
    assert.deepEqual(actual, expected, path);
    return;
  }
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), path);
    assert.equal(actual.length, expected.length, path);
    for (const [index, each] of expected.entries()) match(each, actual[index], `${path}[${index}]`, values);
    return;
  }
  assert.ok(typeof actual === 'object' && actual !== null, path);
  const members = new Map(Object.entries(actual));
  assert.deepEqual([...members.keys()].sort(), Object.keys(expected).sort(), `${path}: members`);
  for (const [name, each] of Object.entries(expected))
    match(each, members.get(name), `${path}.${name}`, values);
}

const shapes: Readonly<Record<string, (value: unknown) => boolean>> = {
  datetime: (value) => typeof value === 'number' && Math.abs(value * 1000 - world.nowMs()) < 600_000,
  'ciphertext-blob': (value) => typeof value === 'string' && Buffer.from(value, 'base64').length > 100,
  plaintext: (value) => value === message.toString('base64'),
};

const arnOfKey = `arn:aws:kms:[a-z0-9-]+:${operator.accountId}:key/[0-9a-f-]{36}`;
const placeholders: Readonly<Record<string, string>> = {
  '<partition>': 'aws',
  '<region>': 'us-east-1',
  '<key-arn>': arnOfKey,
  '<mrk-key-arn>': `arn:aws:kms:us-east-1:${operator.accountId}:key/mrk-[0-9a-f]{32}`,
  '<resource:1>': '[0-9a-f-]{36}',
  // The recorder put it for the whole value of a `KeyId` and wherever that value came up again.
  '<key-id:1>': `(?:[0-9a-f-]{36}|${arnOfKey})`,
  '<key-material-id:1>': '[0-9a-f]{64}',
  '<current-key-material-id:1>': '[0-9a-f]{64}',
  '111111111111': operator.accountId,
};

/** A numbered placeholder stands for the same text throughout a recording. */
function matchText(expected: string, actual: unknown, path: string, values: Map<string, string>): void {
  const shape = shapes[expected];
  if (shape !== undefined) {
    assert.ok(shape(actual), `${path}: ${String(actual)} is no ${expected}`);
    return;
  }
  const parts = expected.split(/(<[a-z-]+(?::\d)?>|111111111111)/);
  const pattern = parts.map((part, index) =>
    index % 2 === 0 ? RegExp.escape(part) : `(${placeholders[part]})`,
  );
  const found = new RegExp(`^${pattern.join('')}$`).exec(String(actual));
  assert.ok(found, `${path}: ${String(actual)} is not ${expected}`);
  for (const [index, placeholder] of parts.filter((_, at) => at % 2 === 1).entries()) {
    const value: string = found[index + 1] ?? '';
    if (/:\d>$/.test(placeholder)) {
      assert.equal(value, values.get(placeholder) ?? value, `${path}: ${placeholder} stands for one text`);
      values.set(placeholder, value);
    }
  }
}
