/**
 * Keys of a purpose of their own, for what the server seals for itself. They are derived from the
 * installation's domain keys, one per purpose and message, so that what was sealed for one purpose
 * opens for no other.
 *
 *     format (1) || version of the installation's domain key (4) || salt (16) || iv (12) || ciphertext || tag (16)
 */
import type { KeyObject } from 'node:crypto';
import { SaltedAesGcm, saltedOverheadBytes } from '../crypto/salted-aes-gcm.ts';
import { type DomainKeys, installationLine } from './domain-keys.ts';

const purposes = ['pagination marker', 'access key secret', 'log signing key'] as const;
export type Purpose = (typeof purposes)[number];

const format = 1;
const headerBytes = 5;

/** What a sealed value is longer than its plaintext. */
export const purposeOverheadBytes = headerBytes + saltedOverheadBytes;

export class PurposeKeys {
  readonly #domainKeys: DomainKeys;
  readonly #ciphers: ReadonlyMap<Purpose, SaltedAesGcm> = new Map(
    purposes.map((purpose) => [purpose, new SaltedAesGcm(`holdfast purpose: ${purpose}`)]),
  );
  #versions: ReadonlyMap<number, KeyObject>;
  #current: { readonly key: KeyObject; readonly header: Buffer };

  /** Opens the installation's line, which begins here if it has not yet. */
  static async load(domainKeys: DomainKeys): Promise<PurposeKeys> {
    return new PurposeKeys(domainKeys, await openLine(domainKeys));
  }

  private constructor(domainKeys: DomainKeys, line: Line) {
    this.#domainKeys = domainKeys;
    this.#versions = line.versions;
    this.#current = line.current;
  }

  /** `boundTo` is authenticated: the value opens only where the same is said again. */
  sealFor(purpose: Purpose, plaintext: Uint8Array, boundTo: Uint8Array): Buffer {
    return this.#cipher(purpose).seal(this.#current.key, this.#current.header, plaintext, boundTo);
  }

  /** The plaintext in a buffer of its own, or undefined for anything that was not sealed here for the same. */
  openFor(purpose: Purpose, sealed: Uint8Array, boundTo: Uint8Array): Buffer | undefined {
    const key = this.#versions.get(versionOf(sealed) ?? 0);
    return key === undefined ? undefined : this.#cipher(purpose).open(key, headerBytes, sealed, boundTo);
  }

  /** False for what was sealed before the last rotation, and has to be sealed anew before that version goes. */
  isCurrent(sealed: Uint8Array): boolean {
    return versionOf(sealed) === versionOf(this.#current.header);
  }

  /** A new version seals from now on; older ones still open. */
  async rotate(): Promise<number> {
    const version = await this.#domainKeys.rotate(installationLine);
    await this.refresh();
    return version;
  }

  /** Follows a change of the installation's line that was made elsewhere. */
  async refresh(): Promise<void> {
    const line = await openLine(this.#domainKeys);
    this.#versions = line.versions;
    this.#current = line.current;
  }

  #cipher(purpose: Purpose): SaltedAesGcm {
    const cipher = this.#ciphers.get(purpose);
    if (cipher === undefined) throw new RangeError(`there is no purpose \`${purpose}\``);
    return cipher;
  }
}

interface Line {
  readonly versions: ReadonlyMap<number, KeyObject>;
  readonly current: { readonly key: KeyObject; readonly header: Buffer };
}

async function openLine(domainKeys: DomainKeys): Promise<Line> {
  const { version, key } = await domainKeys.current(installationLine);
  const versions = new Map<number, KeyObject>();
  for (const each of domainKeys.versions(installationLine)) {
    versions.set(each, await domainKeys.get(installationLine, each));
  }
  const header = Buffer.alloc(headerBytes);
  header[0] = format;
  header.writeUInt32BE(version, 1);
  return { versions, current: { key, header } };
}

/** Versions count from 1. */
function versionOf(sealed: Uint8Array): number | undefined {
  if (sealed.length < headerBytes || sealed[0] !== format) return undefined;
  return Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).readUInt32BE(1);
}
