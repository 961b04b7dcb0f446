/** The key that signs the log's checkpoints: made once, kept sealed under a key of its own purpose. */
import {
  exposeEd25519PrivateKey,
  generateEd25519PrivateKey,
  importEd25519PrivateKey,
} from '../crypto/ed25519.ts';
import type { PurposeKeys } from '../keys/purpose-keys.ts';
import type { MetaRow } from '../storage/interface.ts';
import { ed25519NoteSigner, type NoteSigner } from '../tlog/note.ts';

const purpose = 'log signing key';
export const logSigningKeyName = 'log-signing-key';

export class LogSigningKeyBroken extends Error {
  constructor() {
    super('the stored log signing key does not open: the database was changed or belongs to other data');
    this.name = 'LogSigningKeyBroken';
  }
}

/** The log's name in its checkpoints (C2SP tlog-checkpoint, "origin"): no URL, because nothing has to be served there. */
export const logOrigin = (installationId: string): string => `holdfast/${installationId}`;

/** A new signing key, and the row that stores it. */
export function newLogSigner(
  purposeKeys: PurposeKeys,
  installationId: string,
): { signer: NoteSigner; row: MetaRow } {
  const key = generateEd25519PrivateKey();
  const pkcs8 = exposeEd25519PrivateKey(key);
  try {
    const value = purposeKeys.sealFor(purpose, pkcs8, Buffer.from(installationId));
    return {
      signer: ed25519NoteSigner(logOrigin(installationId), key),
      row: { name: logSigningKeyName, value },
    };
  } finally {
    pkcs8.fill(0);
  }
}

/** Throws `LogSigningKeyBroken`. */
export function openLogSigner(purposeKeys: PurposeKeys, installationId: string, row: MetaRow): NoteSigner {
  const pkcs8 = exposeSigningKey(purposeKeys, installationId, row);
  try {
    return ed25519NoteSigner(logOrigin(installationId), importEd25519PrivateKey(pkcs8));
  } finally {
    pkcs8.fill(0);
  }
}

/** The same signing key under the newest key of its purpose. Throws `LogSigningKeyBroken`. */
export function resealLogSigner(purposeKeys: PurposeKeys, installationId: string, row: MetaRow): MetaRow {
  const pkcs8 = exposeSigningKey(purposeKeys, installationId, row);
  try {
    return { ...row, value: purposeKeys.sealFor(purpose, pkcs8, Buffer.from(installationId)) };
  } finally {
    pkcs8.fill(0);
  }
}

/** The caller wipes the buffer. */
function exposeSigningKey(purposeKeys: PurposeKeys, installationId: string, row: MetaRow): Buffer {
  const pkcs8 = purposeKeys.openFor(purpose, row.value, Buffer.from(installationId));
  if (pkcs8 === undefined) throw new LogSigningKeyBroken();
  return pkcs8;
}
