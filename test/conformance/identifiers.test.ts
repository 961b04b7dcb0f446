/**
 * Every form in which a request can identify a key, at every operation that takes one: what is answered,
 * written down for people in `golden/identifiers.md`.
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
import { allowing, away, home, idOf, neighbour, operator, refusalOf, rootOf, World } from './world.ts';

const world = await World.start();
after(() => world.stop());

const unknownId = '1234abcd-12ab-34cd-56ef-1234567890ab';
const arnIn = (region: string, accountId: string, resource: string): string =>
  `arn:aws:kms:${region}:${accountId}:${resource}`;

const awayKey = await world.newKey(operator, away);
await world.kms(operator, away).createAlias({ AliasName: 'alias/away', TargetKeyId: awayKey });
const closed = await world.newKey(neighbour);
await world.kms(neighbour).createAlias({ AliasName: 'alias/closed', TargetKeyId: closed });
const open = await world.newKey(neighbour, home, allowing(rootOf(neighbour), rootOf(operator)));
await world.kms(neighbour).createAlias({ AliasName: 'alias/open', TargetKeyId: open });

type OwnKey = Subject & { readonly arn: string; readonly alias: string };

interface Form {
  readonly title: string;
  readonly reference: (own: OwnKey) => string;
  /** It names the caller's own key: a request may succeed and change it, so each gets a new one. */
  readonly ofOwn?: true;
  /** Made by the key that is named, when that is not the caller's own new key. */
  readonly ciphertextOf?: string;
}

const own = operator.accountId;
const other = neighbour.accountId;
const forms: readonly Form[] = [
  { title: 'key id', reference: ({ arn }) => idOf(arn), ofOwn: true },
  { title: 'key ARN', reference: ({ arn }) => arn, ofOwn: true },
  { title: 'alias name', reference: ({ alias }) => alias, ofOwn: true },
  { title: 'alias ARN', reference: ({ alias }) => arnIn(home, own, alias), ofOwn: true },
  { title: 'unknown key id', reference: () => unknownId },
  { title: 'unknown multi-Region key id', reference: () => `mrk-${unknownId.replaceAll('-', '')}` },
  { title: 'unknown key ARN', reference: () => arnIn(home, own, `key/${unknownId}`) },
  { title: 'unknown alias name', reference: () => 'alias/unknown' },
  { title: 'unknown alias ARN', reference: () => arnIn(home, own, 'alias/unknown') },
  { title: "key id of the caller's key in another Region", reference: () => idOf(awayKey) },
  { title: "ARN of the caller's key in another Region", reference: () => awayKey },
  { title: "ARN of the caller's alias in another Region", reference: () => arnIn(away, own, 'alias/away') },
  { title: "id of another account's key that gives access", reference: () => idOf(open), ciphertextOf: open },
  { title: "ARN of another account's key that gives access", reference: () => open, ciphertextOf: open },
  {
    title: "ARN of an alias of another account's key that gives access",
    reference: () => arnIn(home, other, 'alias/open'),
    ciphertextOf: open,
  },
  { title: "ARN of another account's key that gives none", reference: () => closed, ciphertextOf: closed },
  {
    title: "ARN of an alias of another account's key that gives none",
    reference: () => arnIn(home, other, 'alias/closed'),
    ciphertextOf: closed,
  },
  { title: 'unknown key ARN of another account', reference: () => arnIn(home, other, `key/${unknownId}`) },
  { title: 'unknown alias ARN of another account', reference: () => arnIn(home, other, 'alias/unknown') },
  { title: 'neither id, ARN nor alias', reference: () => 'orders' },
  { title: 'key id without its hyphens', reference: ({ arn }) => idOf(arn).replaceAll('-', '') },
  { title: 'key id in upper case', reference: ({ arn }) => idOf(arn).toUpperCase() },
  { title: 'key ARN whose id is malformed', reference: () => arnIn(home, own, 'key/orders') },
  { title: 'key ARN that holds an alias', reference: ({ alias }) => arnIn(home, own, `key/${alias}`) },
  { title: 'ARN that is cut short', reference: () => 'arn:aws:kms:us-east-1' },
  { title: 'ARN without an account', reference: () => `arn:aws:kms:${home}::key/${unknownId}` },
  { title: 'ARN of another service', reference: () => `arn:aws:iam::${own}:root` },
  { title: 'ARN of another partition', reference: ({ arn }) => arn.replace('arn:aws:', 'arn:aws-cn:') },
];

const ciphertexts = new Map<string, Buffer>();
for (const key of [open, closed]) {
  const { CiphertextBlob = new Uint8Array() } = await world.kms(neighbour).encrypt({
    KeyId: key,
    Plaintext: Buffer.from('a plaintext'),
  });
  ciphertexts.set(key, Buffer.from(CiphertextBlob));
}

async function ownKey(): Promise<OwnKey> {
  const subject = await newSubject(world);
  const alias = freshAliasName();
  await world.kms().createAlias({ AliasName: alias, TargetKeyId: subject.arn });
  return { ...subject, alias };
}

/** One subject serves all requests that leave the key as it is. */
const shared = await ownKey();

async function outcome(operation: KeyOperation, form: Form): Promise<string> {
  const subject = operation.changes && form.ofOwn ? await ownKey() : shared;
  const cancels = operation.name === 'CancelKeyDeletion';
  if (cancels && form.ofOwn) await world.kms().scheduleKeyDeletion({ KeyId: subject.arn });
  const reference = form.reference(subject);
  const ciphertext = ciphertexts.get(form.ciphertextOf ?? '') ?? subject.ciphertext;
  const answer = await world.raw(
    operator,
    operation.name,
    operation.input({ ...subject, reference, ciphertext }),
  );
  const refused = refusalOf(answer);
  if (refused === undefined) return 'ok';
  assert.equal(refused.status, 400);
  return `${refused.code}: ${named(refused.message ?? '(no message)', subject, reference)}`;
}

/** Identifiers that differ from run to run, by what they are. */
function named(text: string, subject: OwnKey, reference: string): string {
  const names: readonly (readonly [string, string])[] = [
    [operator.accountId, 'OWN'],
    [neighbour.accountId, 'OTHER'],
    [reference, 'SENT'],
    [subject.arn, 'KEY'],
    [idOf(subject.arn), 'KEY-ID'],
    [subject.alias, 'ALIAS'],
    [idOf(awayKey), 'AWAY-KEY-ID'],
    [idOf(open), 'OPEN-KEY-ID'],
    [idOf(closed), 'CLOSED-KEY-ID'],
  ];
  const order = [...names].sort(([a], [b]) => b.length - a.length);
  return order.reduce((result, [value, name]) => result.replaceAll(value, name), text);
}

const sections: string[] = [];
for (const form of forms) {
  test(`a key identified by ${form.title} is answered alike by every run`, async () => {
    const titles = new Map<string, string[]>();
    for (const operation of keyOperations) {
      const result = (await outcome(operation, form)).replaceAll(operation.action, 'kms:ACTION');
      titles.set(result, [...(titles.get(result) ?? []), operation.title]);
    }
    const lines = [...titles].map(([result, operations]) => {
      const who = operations.length === keyOperations.length ? 'every operation' : operations.join(', ');
      return `- **${result}**\n  ${who}`;
    });
    sections.push(`## ${form.title}\n\n${lines.join('\n')}\n`);
  });
}

test('key ids and key ARNs are taken by every operation, aliases by those whose reference page says so', async () => {
  for (const operation of keyOperations) {
    for (const [form, taken] of [
      [0, true],
      [1, true],
      [2, operation.aliases === true],
      [3, operation.aliases === true],
    ] as const) {
      const chosen = forms[form];
      assert.ok(chosen);
      const result = await outcome(operation, chosen);
      assert.equal(result === 'ok', taken, `${operation.title} by ${chosen.title}: ${result}`);
    }
  }
});

test('the answers to each form of identifier are as people last read them', () => {
  const head = [
    '# What each form of key identifier is answered with',
    '',
    `Written by \`identifiers.test.ts\`. The caller is the root of account OWN in ${home}; OTHER is another account,`,
    'SENT the identifier as sent, ACTION the action of the operation at hand.',
    '',
  ];
  assertGolden(
    new URL('golden/identifiers.md', import.meta.url),
    `${head.join('\n')}\n${sections.join('\n')}`,
  );
});
