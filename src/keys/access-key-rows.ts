/**
 * Access keys as stored rows: the secret sealed under a key of its own purpose and bound to its id and
 * account, so that a row moved to another account, or under another id, does not open.
 */
import { takeSecretKey } from '../crypto/secret-key.ts';
import type { AccessKey } from '../identity/access-key.ts';
import type { Identities } from '../identity/identities.ts';
import type { AccessKeyRow, Write } from '../storage/interface.ts';
import type { PurposeKeys } from './purpose-keys.ts';

const purpose = 'access key secret';
const boundTo = (accessKeyId: string, accountId: string): Buffer =>
  Buffer.from(`${accessKeyId} ${accountId}`);
const signingPrefix = Buffer.from('AWS4');

export class AccessKeyBroken extends Error {
  constructor(accessKeyId: string) {
    super(
      `the stored secret of the access key ${accessKeyId} does not open: its row was changed or belongs to other data`,
    );
    this.name = 'AccessKeyBroken';
  }
}

/** The access key of an account's root. `secret` is wiped. */
export function rootAccessKey(
  identities: Identities,
  accessKeyId: string,
  accountId: string,
  secret: Buffer,
): AccessKey {
  const signing = Buffer.allocUnsafeSlow(signingPrefix.length + secret.length);
  signing.set(signingPrefix, 0);
  signing.set(secret, signingPrefix.length);
  secret.fill(0);
  return {
    accessKeyId,
    principal: identities.root(accountId),
    active: true,
    signingSecret: takeSecretKey(signing),
  };
}

/** The write that stores it. `secret` is not kept; the caller wipes it. */
export function insertAccessKey(
  purposeKeys: PurposeKeys,
  accessKeyId: string,
  accountId: string,
  secret: Buffer,
  createdMs: number,
): Extract<Write, { do: 'insertAccessKey' }> {
  const sealedSecret = purposeKeys.sealFor(purpose, secret, boundTo(accessKeyId, accountId));
  const row: AccessKeyRow = {
    accessKeyId,
    accountId,
    version: 1,
    sealedSecret,
    body: JSON.stringify({ createdMs }),
  };
  return { do: 'insertAccessKey', row };
}

/** The same secret under the newest key, as the next version of its row. Throws `AccessKeyBroken`. */
export function resealAccessKey(purposeKeys: PurposeKeys, row: AccessKeyRow): AccessKeyRow {
  const secret = exposeSecretAccessKey(purposeKeys, row);
  try {
    const sealedSecret = purposeKeys.sealFor(purpose, secret, boundTo(row.accessKeyId, row.accountId));
    return { ...row, version: row.version + 1, sealedSecret };
  } finally {
    secret.fill(0);
  }
}

/** Throws `AccessKeyBroken`. */
export const openAccessKey = (
  purposeKeys: PurposeKeys,
  identities: Identities,
  row: AccessKeyRow,
): AccessKey =>
  rootAccessKey(identities, row.accessKeyId, row.accountId, exposeSecretAccessKey(purposeKeys, row));

/** The secret in the clear, to be shown to whoever just made it. The caller wipes the buffer. Throws `AccessKeyBroken`. */
export function exposeSecretAccessKey(purposeKeys: PurposeKeys, row: AccessKeyRow): Buffer {
  const secret = purposeKeys.openFor(purpose, row.sealedSecret, boundTo(row.accessKeyId, row.accountId));
  if (secret === undefined) throw new AccessKeyBroken(row.accessKeyId);
  return secret;
}
