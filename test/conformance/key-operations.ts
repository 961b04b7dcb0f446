/**
 * The operations that are about a key, each with a request that succeeds on an enabled key of the
 * caller's own account: what the tables of states, identifiers and permissions are made from.
 */
import { home, idOf, operator, type World } from './world.ts';

/** What the requests are made of. */
export interface Subject {
  /** The key as the request identifies it. */
  readonly reference: string;
  /** A ciphertext made by that key. */
  readonly ciphertext: Buffer;
  /** An enabled key of the caller's own, where a second one is needed. */
  readonly other: string;
  /** An alias of the caller's own that points to `other`. */
  readonly otherAlias: string;
  /** A name that no alias has. */
  readonly freshAlias: string;
}

export interface KeyOperation {
  /** `ReEncrypt (source)` is the operation ReEncrypt, with the key as its source. */
  readonly title: string;
  readonly name: string;
  /** As a denial names it. */
  readonly action: string;
  readonly input: (subject: Subject) => object;
  /** Whether alias names and alias ARNs are taken (API reference, `KeyId` of each operation). */
  readonly aliases?: true;
  /** Whether a key of another account is taken (API reference, "Cross-account use"). */
  readonly crossAccount?: true;
  /** Success leaves the key in another state. */
  readonly changes?: true;
}

const plaintext = Buffer.from('a plaintext');

const onKey = (name: string, more: object = {}, traits: Partial<KeyOperation> = {}): KeyOperation => ({
  title: name,
  name,
  action: `kms:${name}`,
  input: ({ reference }) => ({ KeyId: reference, ...more }),
  ...traits,
});

const everywhere = { aliases: true, crossAccount: true } as const;
const changes = { changes: true } as const;

export const keyOperations: readonly KeyOperation[] = [
  onKey('CancelKeyDeletion', {}, changes),
  {
    ...onKey('CreateAlias', {}, changes),
    input: ({ reference, freshAlias }) => ({ AliasName: freshAlias, TargetKeyId: reference }),
  },
  {
    ...onKey('Decrypt', {}, everywhere),
    input: ({ reference, ciphertext }) => ({ KeyId: reference, CiphertextBlob: ciphertext }),
  },
  onKey('DescribeKey', {}, everywhere),
  onKey('DisableKey', {}, changes),
  onKey('DisableKeyRotation', {}, changes),
  onKey('EnableKey', {}, changes),
  onKey('EnableKeyRotation', {}, changes),
  onKey('Encrypt', { Plaintext: plaintext }, everywhere),
  onKey('GenerateDataKey', { KeySpec: 'AES_256' }, everywhere),
  onKey('GenerateDataKeyWithoutPlaintext', { KeySpec: 'AES_256' }, everywhere),
  onKey('GetKeyLastUsage'),
  onKey('GetKeyPolicy'),
  onKey('GetKeyRotationStatus', {}, { crossAccount: true }),
  onKey('ListAliases'),
  onKey('ListKeyPolicies'),
  onKey('ListKeyRotations'),
  onKey('ListResourceTags'),
  onKey('PutKeyPolicy', { Policy: openPolicy() }, changes),
  {
    ...onKey('ReEncrypt', {}, everywhere),
    title: 'ReEncrypt (source)',
    action: 'kms:ReEncryptFrom',
    input: ({ reference, ciphertext, other }) => ({
      SourceKeyId: reference,
      DestinationKeyId: other,
      CiphertextBlob: ciphertext,
    }),
  },
  {
    ...onKey('ReEncrypt', {}, everywhere),
    title: 'ReEncrypt (destination)',
    action: 'kms:ReEncryptTo',
    // The ciphertext says which key opens it; here that is the same key.
    input: ({ reference, ciphertext }) => ({ DestinationKeyId: reference, CiphertextBlob: ciphertext }),
  },
  onKey('RotateKeyOnDemand', {}, changes),
  onKey('ScheduleKeyDeletion', {}, changes),
  onKey('TagResource', { Tags: [{ TagKey: 'team', TagValue: 'shop' }] }, changes),
  onKey('UntagResource', { TagKeys: ['team'] }, changes),
  {
    ...onKey('UpdateAlias', {}, changes),
    input: ({ reference, otherAlias }) => ({ AliasName: otherAlias, TargetKeyId: reference }),
  },
  onKey('UpdateKeyDescription', { Description: 'orders' }, changes),
];

/** Operations that name no key: one that makes a key, and those on the account or an alias. */
export const otherOperations = ['CreateKey', 'DeleteAlias', 'GenerateRandom', 'ListKeys'] as const;

function openPolicy(): string {
  const root = { AWS: `arn:aws:iam::${operator.accountId}:root` };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: root, Action: 'kms:*', Resource: '*' }],
  });
}

let aliasesMade = 0;
export const freshAliasName = (): string => {
  aliasesMade += 1;
  return `alias/made-${aliasesMade}`;
};

/** A new key of the operator's with all that its requests need. `reference` is its id. */
export async function newSubject(
  world: World,
  region: string = home,
): Promise<Subject & { readonly arn: string }> {
  const kms = world.kms(operator, region);
  const arn = await world.newKey(operator, region);
  const other = await world.newKey(operator, region);
  const otherAlias = freshAliasName();
  await kms.createAlias({ AliasName: otherAlias, TargetKeyId: other });
  const { CiphertextBlob = new Uint8Array() } = await kms.encrypt({ KeyId: arn, Plaintext: plaintext });
  const ciphertext = Buffer.from(CiphertextBlob);
  return { arn, reference: idOf(arn), ciphertext, other, otherAlias, freshAlias: freshAliasName() };
}
