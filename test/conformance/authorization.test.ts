/**
 * Which root principals may do what with a key, by the key's policy: every operation on the caller's own
 * key and on another account's, the denials word for word, in `golden/authorization.md`.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertGolden } from '../cli/golden.ts';
import {
  freshAliasName,
  type KeyOperation,
  keyOperations,
  newSubject,
  type Subject,
} from './key-operations.ts';
import {
  allow,
  allowing,
  type Credentials,
  deny,
  idOf,
  neighbour,
  operator,
  policy,
  refusalOf,
  rootOf,
  World,
} from './world.ts';

const world = await World.start();
after(() => world.stop());

interface Scenario {
  readonly title: string;
  readonly owner: Credentials;
  /** Undefined: the default policy. */
  readonly policy: object | undefined;
}

const [own, other] = [rootOf(operator), rootOf(neighbour)];
const everyone = [own, other];
const scenarios: readonly Scenario[] = [
  { title: 'own key, default policy', owner: operator, policy: undefined },
  { title: 'own key, its policy allows only another account', owner: operator, policy: allowing(other) },
  {
    title: 'own key, its policy allows and denies',
    owner: operator,
    policy: policy(allow(everyone, 'kms:*'), deny(own, 'kms:*')),
  },
  { title: "another account's key, default policy", owner: neighbour, policy: undefined },
  {
    title: "another account's key, its policy allows the caller",
    owner: neighbour,
    policy: allowing(...everyone),
  },
  {
    title: "another account's key, its policy allows the account by number",
    owner: neighbour,
    policy: allowing(other, operator.accountId),
  },
  { title: "another account's key, its policy allows everyone", owner: neighbour, policy: allowing('*') },
  {
    title: "another account's key, its policy allows and denies the caller",
    owner: neighbour,
    policy: policy(allow(everyone, 'kms:*'), deny(own, 'kms:*')),
  },
];

/** Beside the operations that name a key, those that reach it otherwise. */
const operations: readonly KeyOperation[] = [
  ...keyOperations,
  {
    title: 'Decrypt (without KeyId)',
    name: 'Decrypt',
    action: 'kms:Decrypt',
    input: ({ ciphertext }) => ({ CiphertextBlob: ciphertext }),
    crossAccount: true,
  },
  {
    title: 'ReEncrypt (source, without SourceKeyId)',
    name: 'ReEncrypt',
    action: 'kms:ReEncryptFrom',
    input: ({ ciphertext, other: target }) => ({ CiphertextBlob: ciphertext, DestinationKeyId: target }),
    crossAccount: true,
  },
];

interface Prepared {
  readonly subject: Subject & { readonly arn: string };
  /** An alias of the caller's own for the key; there can be none for another account's. */
  readonly alias: string | undefined;
}

async function prepare(scenario: Scenario, name = ''): Promise<Prepared> {
  const mine = await newSubject(world);
  const kms = world.kms(scenario.owner);
  const arn = scenario.owner === operator ? mine.arn : await world.newKey(scenario.owner);
  const alias = scenario.owner === operator ? freshAliasName() : undefined;
  if (alias !== undefined) await kms.createAlias({ AliasName: alias, TargetKeyId: arn });
  const { CiphertextBlob = new Uint8Array() } = await kms.encrypt({
    KeyId: arn,
    Plaintext: Buffer.from('x'),
  });
  if (name === 'CancelKeyDeletion') await kms.scheduleKeyDeletion({ KeyId: arn });
  if (scenario.policy !== undefined) {
    await kms.putKeyPolicy({
      KeyId: arn,
      Policy: JSON.stringify(scenario.policy),
      BypassPolicyLockoutSafetyCheck: true,
    });
  }
  return { subject: { ...mine, arn, reference: arn, ciphertext: Buffer.from(CiphertextBlob) }, alias };
}

async function outcome(name: string, input: object, { subject, alias = '' }: Prepared): Promise<string> {
  const refused = refusalOf(await world.raw(operator, name, input));
  if (refused === undefined) return 'allowed';
  assert.ok(
    refused.code === 'AccessDeniedException' || name === 'ListAliases',
    `${refused.code} is no denial`,
  );
  const text = (refused.message ?? '')
    .replaceAll(subject.arn, 'KEY')
    .replaceAll(idOf(subject.arn), 'KEY-ID')
    .replaceAll(alias === '' ? '\0' : alias, 'ALIAS')
    .replaceAll(own, 'CALLER');
  return refused.code === 'AccessDeniedException' ? text : `${refused.code}: ${text}`;
}

const sections: string[] = [];
for (const scenario of scenarios) {
  test(`${scenario.title}: every operation is decided alike by every run`, async () => {
    const results = new Map<string, string[]>();
    const note = (result: string, title: string): unknown =>
      results.set(result, [...(results.get(result) ?? []), title]);
    for (const operation of operations) {
      const prepared = await prepare(scenario, operation.name);
      const { subject } = prepared;
      // What is under the caller's own key is what the destination is tried with.
      const { ciphertext } =
        operation.title === 'ReEncrypt (destination)' ? await newSubject(world) : subject;
      const result = await outcome(operation.name, operation.input({ ...subject, ciphertext }), prepared);
      note(result.replaceAll(operation.action, 'kms:ACTION'), operation.title);
    }
    const prepared = await prepare(scenario);
    if (prepared.alias !== undefined) {
      const { alias, subject } = prepared;
      const moved = await outcome('UpdateAlias', { AliasName: alias, TargetKeyId: subject.other }, prepared);
      note(moved.replaceAll('kms:UpdateAlias', 'kms:ACTION'), "UpdateAlias (the alias's current key)");
      const again = await prepare(scenario);
      const gone = await outcome('DeleteAlias', { AliasName: again.alias }, again);
      note(gone.replaceAll('kms:DeleteAlias', 'kms:ACTION'), "DeleteAlias (the alias's key)");
    }
    const lines = [...results].map(([result, titles]) => `- **${result}**\n  ${titles.join(', ')}`);
    sections.push(`## ${scenario.title}\n\n${lines.join('\n')}\n`);
  });
}

test('what no key policy has a say in is allowed to the root of an account', async () => {
  const kms = world.kms(neighbour);
  await kms.createKey({});
  await kms.createKey({ Tags: [{ TagKey: 'team', TagValue: 'shop' }] });
  await kms.generateRandom({ NumberOfBytes: 8 });
  await kms.listKeys({});
  await kms.listAliases({});
});

test('the decisions are as people last read them', () => {
  const head = [
    '# What the root of an account may do, by the policy of the key',
    '',
    'Written by `authorization.test.ts`. CALLER is the ARN of the root that asks, KEY that of the key, ACTION the',
    'action of the operation at hand.',
    '',
  ];
  assertGolden(
    new URL('golden/authorization.md', import.meta.url),
    `${head.join('\n')}\n${sections.join('\n')}`,
  );
});
