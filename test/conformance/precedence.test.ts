/**
 * Which of several reasons to refuse a request is told: the form of the input, then the key, then the
 * permission, then what the request asks for, then the state of the key.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { allow, away, deny, home, neighbour, operator, policy, refusalOf, rootOf, World } from './world.ts';

const world = await World.start();
after(() => world.stop());
const kms = world.kms();

const own = rootOf(operator);
const unknown = '1234abcd-12ab-34cd-56ef-1234567890ab';
const Plaintext = Buffer.from('x');
const tooLong = Buffer.alloc(4097);
const noUse = policy(
  allow(own, 'kms:*'),
  deny(own, ['kms:Encrypt', 'kms:TagResource', 'kms:RotateKeyOnDemand', 'kms:GenerateDataKey']),
);

const denied = await world.newKey(operator, home, noUse);
await kms.disableKey({ KeyId: denied });
const disabled = await world.newKey();
await kms.disableKey({ KeyId: disabled });
const pending = await world.newKey();
await kms.scheduleKeyDeletion({ KeyId: pending });
const theirs = await world.newKey(neighbour);
const spent = await world.newKey();
await kms.createAlias({ AliasName: 'alias/there', TargetKeyId: spent });

const rsa = 'RSAES_OAEP_SHA_256';
const reserved = [{ TagKey: 'aws:x', TagValue: '' }];
const cases: readonly (readonly [string, string, object, string])[] = [
  ['a body that is no JSON before everything', 'Encrypt', { raw: '{"KeyId":' }, 'SerializationException'],
  [
    'a wrong JSON type before a constraint',
    'Encrypt',
    { KeyId: 7, Plaintext: tooLong },
    'SerializationException',
  ],
  [
    'a constraint before a missing key',
    'Encrypt',
    { KeyId: unknown, Plaintext: tooLong },
    'ValidationException',
  ],
  ['a constraint before a denial', 'Encrypt', { KeyId: denied, Plaintext: tooLong }, 'ValidationException'],
  [
    'an alias where none is taken before its Region',
    'EnableKey',
    { KeyId: `arn:aws:kms:${away}:${operator.accountId}:alias/x` },
    'InvalidArnException',
  ],
  ['a missing key before a missing length', 'GenerateDataKey', { KeyId: unknown }, 'NotFoundException'],
  ['a denial before a missing length', 'GenerateDataKey', { KeyId: denied }, 'AccessDeniedException'],
  ['a missing length before the state', 'GenerateDataKey', { KeyId: disabled }, 'ValidationException'],
  ['a denial before the state', 'Encrypt', { KeyId: denied, Plaintext }, 'AccessDeniedException'],
  [
    'a denial before what is wrong with a tag',
    'TagResource',
    { KeyId: denied, Tags: reserved },
    'AccessDeniedException',
  ],
  [
    'a missing key before what is wrong with a tag',
    'TagResource',
    { KeyId: unknown, Tags: reserved },
    'NotFoundException',
  ],
  [
    'the state before an incompatible algorithm',
    'Encrypt',
    { KeyId: disabled, Plaintext, EncryptionAlgorithm: rsa },
    'DisabledException',
  ],
  [
    'the state before the ciphertext',
    'Decrypt',
    { KeyId: disabled, CiphertextBlob: tooLong },
    'DisabledException',
  ],
  ['a dry run after the state', 'Encrypt', { KeyId: disabled, Plaintext, DryRun: true }, 'DisabledException'],
  [
    'a dry run after the algorithm',
    'Encrypt',
    { KeyId: spent, Plaintext, EncryptionAlgorithm: rsa, DryRun: true },
    'InvalidKeyUsageException',
  ],
  [
    'the name of an alias before its target',
    'CreateAlias',
    { AliasName: 'orders', TargetKeyId: unknown },
    'ValidationException',
  ],
  [
    'a target that is an alias before the key',
    'CreateAlias',
    { AliasName: 'alias/new', TargetKeyId: 'alias/x' },
    'ValidationException',
  ],
  [
    'a missing target before a name that is there',
    'CreateAlias',
    { AliasName: 'alias/there', TargetKeyId: unknown },
    'NotFoundException',
  ],
  [
    'the state of a target before a name that is there',
    'CreateAlias',
    { AliasName: 'alias/there', TargetKeyId: pending },
    'KMSInvalidStateException',
  ],
  [
    'a missing alias before a missing target',
    'UpdateAlias',
    { AliasName: 'alias/none', TargetKeyId: unknown },
    'NotFoundException',
  ],
  [
    'a denial before a malformed policy',
    'PutKeyPolicy',
    { KeyId: theirs, Policy: '{' },
    'AccessDeniedException',
  ],
  [
    'contradictions of a new key before its policy',
    'CreateKey',
    { KeySpec: 'RSA_2048', Policy: '{' },
    'ValidationException',
  ],
];

for (const [title, operation, input, code] of cases) {
  test(`${operation} tells of ${title}`, async () => {
    const sent = 'raw' in input ? String(input.raw) : input;
    assert.equal(refusalOf(await world.raw(operator, operation, sent))?.code, code);
  });
}

test('several broken constraints are told in one message', async () => {
  const said = refusalOf(await world.raw(operator, 'GenerateDataKey', { KeyId: '', NumberOfBytes: 0 }));
  assert.equal(
    said?.message,
    "3 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$; Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1",
  );
});
