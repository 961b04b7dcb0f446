/**
 * A seal whose root keys lie in one small file, in the form that its provider gives them. The file is
 * only ever replaced whole, so each step of a rotation leaves either the state before it or after it:
 *
 *     [old]  --beginRotation-->  [new, old]  --finishRotation-->  [new]
 *
 * A crash in between leaves the middle state: both open, `rootKeyIds` tells, and whoever rotates goes on.
 */
import { lstat, open } from 'node:fs/promises';
import { type Faults, removeIfPresent, replaceFile } from '../base/durable-file.ts';
import { equalConstantTime } from '../crypto/constant-time.ts';
import { sha256 } from '../crypto/hash.ts';
import { type Seal, SealBroken } from './interface.ts';
import {
  encodeRootList,
  newRootKey,
  openUnderRoot,
  type RootKey,
  rootKeysMax,
  rootListBytesMax,
  sealUnderRoot,
} from './root-keys.ts';

const checksumBytes = 32;
const fileBytesMax = rootListBytesMax + 1024;

/** The file's content for a list of root keys, which this must not keep. */
export type EncodeSealFile = (rootList: Uint8Array) => Buffer;

export class StoredSeal implements Seal {
  readonly kind: string;
  readonly #path: string;
  readonly #faults: Faults | undefined;
  #encode: EncodeSealFile;
  #roots: readonly RootKey[];
  /** Of the file as it was last read or written here; undefined once a write failed. */
  #checksum: Buffer | undefined;
  #changes: Promise<void> = Promise.resolve();

  constructor(
    kind: string,
    path: string,
    encode: EncodeSealFile,
    roots: readonly RootKey[],
    checksum: Buffer | undefined,
    faults?: Faults,
  ) {
    this.kind = kind;
    this.#path = path;
    this.#encode = encode;
    this.#roots = roots;
    this.#checksum = checksum;
    this.#faults = faults;
  }

  get rootKeyId(): string {
    return this.#current().id;
  }

  get rootKeyIds(): readonly string[] {
    return this.#roots.map(({ id }) => id);
  }

  async seal(purpose: string, plaintext: Uint8Array): Promise<{ rootKeyId: string; sealed: Uint8Array }> {
    const root = this.#current();
    return { rootKeyId: root.id, sealed: sealUnderRoot(root, purpose, plaintext) };
  }

  async open(purpose: string, rootKeyId: string, sealed: Uint8Array): Promise<Buffer> {
    const root = this.#roots.find(({ id }) => id === rootKeyId);
    if (root === undefined) {
      throw new SealBroken(`the root key ${rootKeyId} that sealed \`${purpose}\` is not in ${this.#path}`);
    }
    return openUnderRoot(root, purpose, sealed);
  }

  beginRotation(): Promise<string> {
    return this.#change(async () => {
      if (this.#roots.length >= rootKeysMax) {
        throw new SealBroken(`${this.#path} holds ${rootKeysMax} root keys: finish a rotation first`);
      }
      const root = newRootKey();
      await this.#write([root, ...this.#roots], this.#encode);
      return root.id;
    });
  }

  async finishRotation(): Promise<void> {
    const current = this.#current();
    await this.#change(async () => {
      const kept = this.#roots.slice(0, this.#roots.indexOf(current) + 1);
      if (kept.length > 0 && kept.length < this.#roots.length) await this.#write(kept, this.#encode);
    });
  }

  /** The same root keys, from now on stored in another form. */
  protected reencode(encode: EncodeSealFile): Promise<void> {
    return this.#change(() => this.#write(this.#roots, encode));
  }

  #current(): RootKey {
    const root = this.#roots[0];
    if (root === undefined) throw new SealBroken(`${this.#path} holds no root key`);
    return root;
  }

  /** Changes wait for each other: each writes the file that the one before it left. */
  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(change);
    this.#changes = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  async #write(roots: readonly RootKey[], encode: EncodeSealFile): Promise<void> {
    await this.#checkUnchanged();
    this.#checksum = undefined;
    const checksum = await writeSealFile(this.#path, roots, encode, this.#faults);
    // A crash or failure up to here: the file has the list before or after this change, and each can
    // open all that was sealed, because nothing has been sealed under a root that came with it.
    this.#checksum = checksum;
    this.#roots = roots;
    this.#encode = encode;
  }

  /** Someone else's change (a new passphrase, say) must not be undone, and a failed write not be built upon. */
  async #checkUnchanged(): Promise<void> {
    if (this.#checksum === undefined) {
      throw new SealBroken(`an earlier change of ${this.#path} failed: restart before changing it again`);
    }
    const content = await readSealFile(this.#path);
    const same = equalConstantTime(content.checksum, this.#checksum);
    content.payload.fill(0);
    if (!same) throw new SealBroken(`${this.#path} was changed by someone else: restart to read it again`);
  }
}

/** Writes the file for the first time. There must be none: it would take its keys with it. */
export async function createSealFile(
  path: string,
  encode: EncodeSealFile,
  faults?: Faults,
): Promise<{ roots: readonly RootKey[]; checksum: Buffer }> {
  if (await exists(path)) {
    throw new SealBroken(`${path} exists already: it is the only way to open what was sealed with it`);
  }
  const roots = [newRootKey()];
  return { roots, checksum: await writeSealFile(path, roots, encode, faults) };
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );

/** What `encode` made, and the checksum behind it. The caller wipes `payload`. */
export async function readSealFile(
  path: string,
): Promise<{ payload: Buffer; checksum: Buffer; mode: number }> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new SealBroken(`the seal file ${path} cannot be read (${cause.code ?? 'unknown error'})`);
  });
  try {
    const { size, mode } = await file.stat();
    if (size <= checksumBytes || size > fileBytesMax) throw notASealFile(path);
    const content = Buffer.allocUnsafeSlow(size);
    const { bytesRead } = await file.read(content, 0, size, 0);
    const payload = content.subarray(0, size - checksumBytes);
    const checksum = Buffer.from(content.subarray(size - checksumBytes));
    if (bytesRead !== size || !equalConstantTime(sha256(payload), checksum)) {
      content.fill(0);
      throw new SealBroken(`the seal file ${path} is damaged: restore it from a backup`);
    }
    return { payload, checksum, mode };
  } finally {
    await file.close();
  }
}

/** Reads what was written by `createSealFile`, after clearing what an interrupted change left beside it. */
export async function openSealFile(
  path: string,
): Promise<{ payload: Buffer; checksum: Buffer; mode: number }> {
  const content = await readSealFile(path);
  await removeIfPresent(`${path}.new`);
  return content;
}

export const notASealFile = (path: string): SealBroken =>
  new SealBroken(`${path} is not a seal file of the kind that was asked for`);

async function writeSealFile(
  path: string,
  roots: readonly RootKey[],
  encode: EncodeSealFile,
  faults: Faults | undefined,
): Promise<Buffer> {
  const list = encodeRootList(roots);
  const payload = encode(list);
  list.fill(0);
  const checksum = sha256(payload);
  const content = Buffer.allocUnsafeSlow(payload.length + checksumBytes);
  content.set(payload, 0);
  content.set(checksum, payload.length);
  payload.fill(0);
  try {
    await replaceFile(path, content, faults);
  } finally {
    content.fill(0);
  }
  return checksum;
}
