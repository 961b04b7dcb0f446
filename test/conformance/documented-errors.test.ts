/**
 * Each error that the API reference documents for each operation: a request that is answered with it, in
 * the words and with the HTTP status of the service, or the reason in `impossible-errors.ts` why it cannot
 * come up yet.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { kmsTable } from '../../src/model/kms-table.ts';
import { operationOf } from '../../src/operations/registry.ts';
import { impossibleErrors, impossiblePairs } from './impossible-errors.ts';
import { freshAliasName, keyOperations, newSubject } from './key-operations.ts';
import { type Answer, home, operator, refusal, refusalOf, stranger, World } from './world.ts';

const quotas = { keys: 400, aliases: 2, tags: 3, rotations: 1, policyBytes: 1024 };
const world = await World.start([
  ...['--quota-keys', String(quotas.keys), '--quota-aliases-per-key', String(quotas.aliases)],
  ...['--quota-tags-per-key', String(quotas.tags), '--quota-on-demand-rotations', String(quotas.rotations)],
  ...['--quota-key-policy-bytes', String(quotas.policyBytes)],
]);
after(() => world.stop());

const unknownId = '1234abcd-12ab-34cd-56ef-1234567890ab';
const unknownArn = `arn:aws:kms:${home}:${operator.accountId}:key/${unknownId}`;
const aliasArn = (name: string): string => `arn:aws:kms:${home}:${operator.accountId}:${name}`;

interface Case {
  readonly operation: string;
  readonly error: string;
  readonly title: string;
  /** Asks, and says what message is to be answered; undefined for none. */
  readonly ask: () => Promise<{ readonly answer: Answer; readonly message: string | undefined }>;
}

const cases: Case[] = [];

function refuses(
  operation: string,
  error: string,
  title: string,
  input: () => Promise<object> | object,
  message?: string | ((input: Readonly<Record<string, unknown>>) => string),
): void {
  cases.push({
    operation,
    error,
    title,
    async ask() {
      const sent = { ...(await input()) };
      const answer = await world.raw(operator, operation, sent);
      return { answer, message: typeof message === 'function' ? message(sent) : message };
    },
  });
}

const documented = (operation: string, error: string): boolean => {
  const errors: readonly string[] = kmsTable.operations[operation]?.errors ?? [];
  return errors.includes(error);
};

/** The key that an input names; it was given as an ARN. */
const keyIn = (input: Readonly<Record<string, unknown>>): string =>
  String(input.TargetKeyId ?? input.DestinationKeyId ?? input.KeyId);

// What can be said of every operation on a key at once: ReEncrypt is asked for its destination.
for (const { title, name, input, aliases } of keyOperations) {
  if (title === 'ReEncrypt (source)') continue;
  const on = async (prepare?: (arn: string) => Promise<unknown>): Promise<object> => {
    const subject = await newSubject(world);
    await prepare?.(subject.arn);
    return input({ ...subject, reference: subject.arn });
  };
  if (documented(name, 'NotFoundException')) {
    refuses(
      name,
      'NotFoundException',
      'a key that does not exist',
      async () => input({ ...(await newSubject(world)), reference: unknownId }),
      `Key '${unknownArn}' does not exist`,
    );
  }
  if (documented(name, 'InvalidArnException') && aliases !== true) {
    refuses(
      name,
      'InvalidArnException',
      'an alias in place of a key',
      async () => input({ ...(await newSubject(world)), reference: aliasArn('alias/orders') }),
      'Key Aliases are not supported for this operation.',
    );
  }
  if (documented(name, 'DisabledException')) {
    refuses(
      name,
      'DisabledException',
      'a disabled key',
      () => on((arn) => world.kms().disableKey({ KeyId: arn })),
      (sent) => `${keyIn(sent)} is disabled.`,
    );
  }
  const possible = impossiblePairs[`${name} KMSInvalidStateException`] === undefined;
  if (documented(name, 'KMSInvalidStateException') && possible && name !== 'CancelKeyDeletion') {
    refuses(
      name,
      'KMSInvalidStateException',
      'a key pending deletion',
      () => on((arn) => world.kms().scheduleKeyDeletion({ KeyId: arn })),
      (sent) => `${keyIn(sent)} is pending deletion.`,
    );
  }
  if (documented(name, 'InvalidGrantTokenException')) {
    refuses(
      name,
      'InvalidGrantTokenException',
      'a grant token that names no grant',
      async () => ({ ...(await on()), GrantTokens: ['AQpAM2RhZTk1MGMyNTk2ZmZmMzEyYWVhOWVi'] }),
      'The grant token is not valid.',
    );
  }
  if (documented(name, 'DryRunOperationException')) {
    refuses(
      name,
      'DryRunOperationException',
      'a dry run of what would succeed',
      async () => ({ ...(await on()), DryRun: true }),
      'The request would have succeeded, but the DryRun option is set.',
    );
  }
}

refuses(
  'DescribeKey',
  'InvalidArnException',
  'an ARN of another service',
  () => ({ KeyId: 'arn:aws:iam::000000000000:root' }),
  'Invalid arn arn:aws:iam::000000000000:root',
);
refuses(
  'CancelKeyDeletion',
  'KMSInvalidStateException',
  'a key that is not pending deletion',
  async () => ({ KeyId: await world.newKey() }),
  (sent) => `${keyIn(sent)} is not pending deletion.`,
);

// Ciphertexts and algorithms.
const incompatible = 'Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.';
const rsa = 'RSAES_OAEP_SHA_256';
const garbage = Buffer.alloc(200, 7);
const wrongKey = 'The key ID in the request does not identify a CMK that can perform this operation.';
refuses(
  'Encrypt',
  'InvalidKeyUsageException',
  'an asymmetric algorithm',
  async () => ({ KeyId: await world.newKey(), Plaintext: garbage, EncryptionAlgorithm: rsa }),
  incompatible,
);
refuses(
  'Decrypt',
  'InvalidKeyUsageException',
  'an asymmetric algorithm',
  async () => {
    const { arn, ciphertext } = await newSubject(world);
    return { KeyId: arn, CiphertextBlob: ciphertext, EncryptionAlgorithm: rsa };
  },
  incompatible,
);
for (const side of ['Source', 'Destination']) {
  refuses(
    'ReEncrypt',
    'InvalidKeyUsageException',
    `an asymmetric algorithm for the ${side.toLowerCase()}`,
    async () => {
      const { other, ciphertext } = await newSubject(world);
      return { DestinationKeyId: other, CiphertextBlob: ciphertext, [`${side}EncryptionAlgorithm`]: rsa };
    },
    incompatible,
  );
}
for (const operation of ['Decrypt', 'ReEncrypt']) {
  const reads = (key: string) => (operation === 'Decrypt' ? { KeyId: key } : { SourceKeyId: key });
  const writes = async () => (operation === 'Decrypt' ? {} : { DestinationKeyId: await world.newKey() });
  refuses(operation, 'InvalidCiphertextException', 'bytes that no key made', async () => ({
    ...(await writes()),
    ...reads(await world.newKey()),
    CiphertextBlob: garbage,
  }));
  refuses(operation, 'InvalidCiphertextException', 'a ciphertext with a changed byte', async () => {
    const { ciphertext } = await newSubject(world);
    const changed = Buffer.from(ciphertext);
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
    return { ...(await writes()), CiphertextBlob: changed };
  });
  refuses(
    operation,
    'IncorrectKeyException',
    'a ciphertext of another key',
    async () => {
      const { ciphertext, other } = await newSubject(world);
      return { ...(await writes()), ...reads(other), CiphertextBlob: ciphertext };
    },
    wrongKey,
  );
}

// Aliases.
const newAlias = async (): Promise<{ readonly name: string; readonly target: string }> => {
  const [name, target] = [freshAliasName(), await world.newKey()];
  await world.kms().createAlias({ AliasName: name, TargetKeyId: target });
  return { name, target };
};
const atAliasQuota = async (): Promise<string> => {
  const arn = await world.newKey();
  for (let made = 0; made < quotas.aliases; made += 1) {
    await world.kms().createAlias({ AliasName: freshAliasName(), TargetKeyId: arn });
  }
  return arn;
};
const tooManyAliases = `The KMS key already has the maximum of ${quotas.aliases} aliases.`;
refuses(
  'CreateAlias',
  'AlreadyExistsException',
  'the name of an alias that is there',
  async () => {
    const { name, target } = await newAlias();
    return { AliasName: name, TargetKeyId: target };
  },
  (sent) => `An alias with the name ${aliasArn(String(sent.AliasName))} already exists`,
);
refuses(
  'CreateAlias',
  'InvalidAliasNameException',
  'a colon in the name',
  async () => ({ AliasName: 'alias/a:b', TargetKeyId: await world.newKey() }),
  'alias/a:b contains invalid characters for an alias',
);
refuses(
  'CreateAlias',
  'LimitExceededException',
  'more aliases than a key may have',
  async () => ({ AliasName: freshAliasName(), TargetKeyId: await atAliasQuota() }),
  tooManyAliases,
);
refuses(
  'UpdateAlias',
  'LimitExceededException',
  'a new target with as many aliases as a key may have',
  async () => ({ AliasName: (await newAlias()).name, TargetKeyId: await atAliasQuota() }),
  tooManyAliases,
);
for (const operation of ['UpdateAlias', 'DeleteAlias']) {
  refuses(
    operation,
    'NotFoundException',
    'an alias that does not exist',
    async () => ({
      AliasName: 'alias/unknown',
      ...(operation === 'UpdateAlias' ? { TargetKeyId: await world.newKey() } : {}),
    }),
    `Alias ${aliasArn('alias/unknown')} is not found.`,
  );
}

// Key policies.
const notJson = '{"Version": ';
const tooLong = `The key policy exceeds the limit of ${quotas.policyBytes} bytes.`;
const longPolicy = JSON.stringify({
  Version: '2012-10-17',
  Id: 'x'.repeat(quotas.policyBytes),
  Statement: [],
});
const lockedOut = 'The new key policy will not allow you to update the key policy in the future.';
const invalidPrincipal = 'Policy contains a statement with one or more invalid principals.';
const policyFor = (principal: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: principal }, Action: 'kms:*', Resource: '*' }],
  });
for (const operation of ['CreateKey', 'PutKeyPolicy']) {
  const onKey = async () => (operation === 'CreateKey' ? {} : { KeyId: await world.newKey() });
  for (const [title, Policy, message] of [
    ['a policy that locks its author out', policyFor('111122223333'), lockedOut],
    [
      'a policy for a user that does not exist',
      policyFor('arn:aws:iam::000000000000:user/nobody'),
      invalidPrincipal,
    ],
  ] as const) {
    const input = async () => ({ ...(await onKey()), Policy });
    refuses(operation, 'MalformedPolicyDocumentException', title, input, message);
  }
  refuses(
    operation,
    'LimitExceededException',
    'a policy that is too long',
    async () => ({ ...(await onKey()), Policy: longPolicy }),
    tooLong,
  );
}

// Making keys, tags, random bytes.
refuses(
  'CreateKey',
  'TagException',
  'a tag key twice',
  () => ({
    Tags: [
      { TagKey: 'a', TagValue: '1' },
      { TagKey: 'a', TagValue: '2' },
    ],
  }),
  'Duplicate tag keys',
);
refuses(
  'CreateKey',
  'TagException',
  'more tags than a key may have',
  () => ({ Tags: Array.from({ length: quotas.tags + 1 }, (_, n) => ({ TagKey: `tag-${n}`, TagValue: '' })) }),
  'Too many tags',
);
const storeGone = 'Custom key store with ID cks-1234567890abcdef0 not found.';
refuses(
  'CreateKey',
  'CustomKeyStoreNotFoundException',
  'a custom key store that does not exist',
  () => ({ Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: 'cks-1234567890abcdef0' }),
  storeGone,
);
refuses(
  'GenerateRandom',
  'CustomKeyStoreNotFoundException',
  'a custom key store that does not exist',
  () => ({ NumberOfBytes: 8, CustomKeyStoreId: 'cks-1234567890abcdef0' }),
  storeGone,
);
for (const [title, input, what] of [
  ['an asymmetric key', { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }, 'KeySpec RSA_2048 is'],
  ['imported key material', { Origin: 'EXTERNAL' }, 'Origin EXTERNAL is'],
  ['a multi-Region key', { MultiRegion: true }, 'Multi-Region keys are'],
] as const) {
  refuses('CreateKey', 'UnsupportedOperationException', title, () => input, `${what} not supported yet.`);
}
refuses(
  'GenerateRandom',
  'UnsupportedOperationException',
  'an attested recipient',
  () => ({
    NumberOfBytes: 8,
    Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: garbage },
  }),
  'The Recipient parameter is not supported: no attestation root is configured.',
);
const tags = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, n) => ({ TagKey: `${prefix}-${n}`, TagValue: '' }));
refuses(
  'TagResource',
  'LimitExceededException',
  'more tags, with those that are there, than a key may have',
  async () => {
    const KeyId = await world.newKey();
    await world.kms().tagResource({ KeyId, Tags: tags(2, 'there') });
    return { KeyId, Tags: tags(quotas.tags - 1, 'new') };
  },
  `The number of tags exceeds the limit of ${quotas.tags} tags per key.`,
);
const reserved = 'Tags beginning with aws: are reserved';
refuses(
  'TagResource',
  'TagException',
  'a reserved tag key',
  async () => ({ KeyId: await world.newKey(), Tags: [{ TagKey: 'AWS:x', TagValue: '' }] }),
  reserved,
);
refuses(
  'UntagResource',
  'TagException',
  'a reserved tag key',
  async () => ({ KeyId: await world.newKey(), TagKeys: ['aws:x'] }),
  reserved,
);

// Markers.
for (const operation of ['ListAliases', 'ListKeyRotations', 'ListKeys', 'ListResourceTags']) {
  refuses(
    operation,
    'InvalidMarkerException',
    'a marker that was not made here',
    async () => ({
      ...(operation === 'ListAliases' || operation === 'ListKeys' ? {} : { KeyId: await world.newKey() }),
      Marker: 'AE0AAAACAHMAAAAJYWxpYXMvYXdz',
    }),
    'The marker is not valid for this request.',
  );
}

// Rotation.
refuses(
  'RotateKeyOnDemand',
  'LimitExceededException',
  'more rotations than a key may have',
  async () => {
    const KeyId = await world.newKey();
    for (let made = 0; made < quotas.rotations; made += 1) await world.kms().rotateKeyOnDemand({ KeyId });
    return { KeyId };
  },
  (sent) =>
    `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${keyIn(sent)}`,
);
refuses(
  'RotateKeyOnDemand',
  'ConflictException',
  'automatic rotation due within twenty minutes',
  async () => {
    const KeyId = await world.newKey();
    await world.kms().enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
    const { NextRotationDate = new Date(0) } = await world.kms().getKeyRotationStatus({ KeyId });
    await world.setClock(NextRotationDate.getTime() - 19 * 60_000);
    return { KeyId };
  },
  (sent) => `Automatic rotation of ${keyIn(sent)} is in progress or about to begin.`,
);

for (const { operation, error, title, ask } of cases) {
  test(`${operation} answers ${error} to ${title}`, async () => {
    const { answer, message } = await ask();
    assert.deepEqual(refusalOf(answer), refusal(error, message, kmsTable.errors[error]?.httpStatus ?? 0));
  });
}

test('PutKeyPolicy answers MalformedPolicyDocumentException to what is not JSON', async () => {
  const answer = await world.raw(operator, 'PutKeyPolicy', { KeyId: await world.newKey(), Policy: notJson });
  assert.equal(refusalOf(answer)?.code, 'MalformedPolicyDocumentException');
});

test('CreateKey answers LimitExceededException to an account with as many keys as it may have', async () => {
  const kms = world.kms(stranger);
  await Promise.all(Array.from({ length: quotas.keys }, () => kms.createKey({})));
  const answer = await world.raw(stranger, 'CreateKey');
  const message = `The account already has the maximum of ${quotas.keys} KMS keys in this Region.`;
  assert.deepEqual(refusalOf(answer), refusal('LimitExceededException', message));
  // Another Region has a quota of its own.
  await world.kms(stranger, 'eu-west-1').createKey({});
});

const built = Object.keys(kmsTable.operations).filter((name) => operationOf('kms', name) !== undefined);
const pairs = built.flatMap((name) =>
  (kmsTable.operations[name]?.errors ?? []).map((error) => `${name} ${error}`),
);

test('each documented error of each operation has a case, or a reason why it cannot come up yet', () => {
  const withCase = new Set(cases.map(({ operation, error }) => `${operation} ${error}`));
  const missing = pairs.filter((pair) => {
    const error = pair.slice(pair.indexOf(' ') + 1);
    // Every operation has a case in `failed-store.test.ts`.
    if (error === 'KMSInternalException') return false;
    return (
      !withCase.has(pair) && impossiblePairs[pair] === undefined && impossibleErrors[error] === undefined
    );
  });
  assert.deepEqual(missing, []);
});

test('no error that has a case, or that is not documented, has a reason why it cannot come up', () => {
  const withCase = new Set(cases.map(({ operation, error }) => `${operation} ${error}`));
  for (const pair of Object.keys(impossiblePairs)) {
    assert.ok(pairs.includes(pair), `${pair} is not documented`);
    assert.ok(!withCase.has(pair), `${pair} has a case`);
  }
  for (const error of Object.keys(impossibleErrors)) {
    assert.ok(
      pairs.some((pair) => pair.endsWith(` ${error}`)),
      `${error} is not documented`,
    );
    assert.ok(!cases.some((each) => each.error === error), `${error} has a case`);
  }
});
