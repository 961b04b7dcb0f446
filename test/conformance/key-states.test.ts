/**
 * Every operation on a key in every state that a key can reach. What each must answer is copied from the
 * guide's table ("Key states of AWS KMS keys") below, apart from the server's own table, and the outcome
 * is written down for people in `golden/key-states.md`.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertGolden } from '../cli/golden.ts';
import { keyOperations, newSubject } from './key-operations.ts';
import { operator, type Refused, refusal, refusalOf, World } from './world.ts';

const states = ['Enabled', 'Disabled', 'PendingDeletion'] as const;
type State = (typeof states)[number];

/** `ok`; `D`: DisabledException; `S`: KMSInvalidStateException. In the order of `states`. */
const guide: Readonly<Record<string, readonly [string, string, string]>> = {
  CancelKeyDeletion: ['S', 'S', 'ok'],
  CreateAlias: ['ok', 'ok', 'S'],
  Decrypt: ['ok', 'D', 'S'],
  DescribeKey: ['ok', 'ok', 'ok'],
  DisableKey: ['ok', 'ok', 'S'],
  DisableKeyRotation: ['ok', 'D', 'S'],
  EnableKey: ['ok', 'ok', 'S'],
  EnableKeyRotation: ['ok', 'D', 'S'],
  Encrypt: ['ok', 'D', 'S'],
  GenerateDataKey: ['ok', 'D', 'S'],
  GenerateDataKeyWithoutPlaintext: ['ok', 'D', 'S'],
  GetKeyLastUsage: ['ok', 'ok', 'ok'],
  GetKeyPolicy: ['ok', 'ok', 'ok'],
  GetKeyRotationStatus: ['ok', 'ok', 'ok'],
  ListAliases: ['ok', 'ok', 'ok'],
  ListKeyPolicies: ['ok', 'ok', 'ok'],
  ListKeyRotations: ['ok', 'ok', 'ok'],
  ListResourceTags: ['ok', 'ok', 'ok'],
  PutKeyPolicy: ['ok', 'ok', 'ok'],
  'ReEncrypt (source)': ['ok', 'D', 'S'],
  'ReEncrypt (destination)': ['ok', 'D', 'S'],
  RotateKeyOnDemand: ['ok', 'D', 'S'],
  ScheduleKeyDeletion: ['ok', 'ok', 'S'],
  TagResource: ['ok', 'ok', 'S'],
  UntagResource: ['ok', 'ok', 'S'],
  UpdateAlias: ['ok', 'ok', 'S'],
  UpdateKeyDescription: ['ok', 'ok', 'S'],
};

function expected(title: string, state: State, arn: string): Refused | undefined {
  switch (guide[title]?.[states.indexOf(state)]) {
    case 'ok':
      return undefined;
    case 'D':
      return refusal('DisabledException', `${arn} is disabled.`);
    case 'S':
      return refusal(
        'KMSInvalidStateException',
        title === 'CancelKeyDeletion' ? `${arn} is not pending deletion.` : `${arn} is pending deletion.`,
      );
    default:
      return assert.fail(`the guide's table has no entry for ${title} in state ${state}`);
  }
}

const world = await World.start();
after(() => world.stop());
const outcomes = new Map<string, string[]>();

async function put(keyId: string, state: State): Promise<void> {
  const kms = world.kms();
  if (state === 'Disabled') await kms.disableKey({ KeyId: keyId });
  if (state === 'PendingDeletion') await kms.scheduleKeyDeletion({ KeyId: keyId });
}

for (const { title, name, input } of keyOperations) {
  for (const state of states) {
    const verdict = guide[title]?.[states.indexOf(state)];
    test(`${title} on a key in state ${state} ${verdict === 'ok' ? 'is served' : 'is refused'}`, async () => {
      const subject = await newSubject(world);
      await put(subject.arn, state);
      const answer = refusalOf(await world.raw(operator, name, input(subject)));
      assert.deepEqual(answer, expected(title, state, subject.arn));
      const row = outcomes.get(title) ?? [];
      outcomes.set(title, row);
      row.push(
        answer === undefined ? 'ok' : `${answer.code}: ${answer.message?.replace(subject.arn, 'KEY')}`,
      );
    });
  }
}

test('the current target of an alias may be pending deletion when the alias leaves it', async () => {
  const { arn, other, otherAlias } = await newSubject(world);
  await put(other, 'PendingDeletion');
  await world.kms().updateAlias({ AliasName: otherAlias, TargetKeyId: arn });
});

test('an alias of a key pending deletion can be deleted', async () => {
  const { other, otherAlias } = await newSubject(world);
  await put(other, 'PendingDeletion');
  await world.kms().deleteAlias({ AliasName: otherAlias });
});

test('the table of key states is as people last read it', () => {
  const rows = [...outcomes].map(([title, row]) => `| ${[title, ...row].join(' | ')} |`);
  const text = [
    '# What each operation answers for a key in each state',
    '',
    'Written by `key-states.test.ts` from the answers of a server; `KEY` is the key ARN. States that no key',
    'reaches yet (PendingImport, Unavailable, Creating, Updating, PendingReplicaDeletion) are not here.',
    '',
    `| Operation | ${states.join(' | ')} |`,
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ];
  assertGolden(new URL('golden/key-states.md', import.meta.url), text.join('\n'));
});
