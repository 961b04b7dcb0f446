/**
 * Signing keys (SigV4's kSigning) by credential scope, each as a prepared HMAC of the string to
 * sign. Deriving one costs four HMACs; a client uses the same one all day.
 */
import type { KeyObject } from 'node:crypto';
import { hmacSha256 } from '../crypto/hmac.ts';
import { FixedLengthHmac } from '../crypto/hmac-fast.ts';
import { algorithm, terminator } from './signature-parts.ts';

export interface CredentialScope {
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** Signs in one scope. Its buffers are reused: one signature at a time, which synchronous code gives. */
export class ScopedSigner {
  readonly scope: CredentialScope;
  /** What the key was derived from: another object means that the access key has changed. */
  readonly signingSecret: KeyObject;
  readonly #hmac: FixedLengthHmac;
  readonly #hashAt: number;

  constructor(signingSecret: KeyObject, scope: CredentialScope) {
    this.scope = scope;
    this.signingSecret = signingSecret;
    const suffix = `\n${scope.date}/${scope.region}/${scope.service}/${terminator}\n`;
    this.#hashAt = timeAt + timeBytes + suffix.length;
    const key = deriveSigningKey(signingSecret, scope);
    this.#hmac = new FixedLengthHmac(key, this.#hashAt + hashHexBytes);
    key.fill(0);
    this.#hmac.message.write(`${algorithm}\n`, 0, 'latin1');
    this.#hmac.message.write(suffix, timeAt + timeBytes, 'latin1');
  }

  /** Writes to `out` the signature of a request sent at `time` (`YYYYMMDDTHHMMSSZ`) of that canonical hash. */
  signInto(out: Buffer, time: string, canonicalRequestHash: string): void {
    this.#hmac.message.write(time, timeAt, timeBytes, 'latin1');
    this.#hmac.message.write(canonicalRequestHash, this.#hashAt, hashHexBytes, 'latin1');
    this.#hmac.digestInto(out);
  }

  wipe(): void {
    this.#hmac.wipe();
  }
}

/** Where the parts of a string to sign lie: algorithm, time, scope and hash, between line feeds. */
const timeAt = algorithm.length + 1;
const timeBytes = 16;
const hashHexBytes = 64;

function deriveSigningKey(signingSecret: KeyObject, { date, region, service }: CredentialScope): Buffer {
  const dateKey = hmacSha256(signingSecret, date);
  const regionKey = hmacSha256(dateKey, region);
  const serviceKey = hmacSha256(regionKey, service);
  const signingKey = hmacSha256(serviceKey, terminator);
  for (const key of [dateKey, regionKey, serviceKey]) key.fill(0);
  return signingKey;
}

const entriesMax = 1024;
const dayMs = 86_400_000;

/** Bounded, oldest out first, and empty again at midnight UTC, when scopes change anyway. */
export class SigningKeyCache {
  readonly #signers = new Map<string, ScopedSigner>();
  #day = 0;

  get(credential: string, nowMs: number): ScopedSigner | undefined {
    const day = Math.floor(nowMs / dayMs);
    if (day !== this.#day) {
      this.#clear();
      this.#day = day;
    }
    return this.#signers.get(credential);
  }

  /** To be called once a signature has held, or whoever knows a key's id could fill the cache. */
  add(credential: string, signer: ScopedSigner): void {
    this.#remove(credential);
    const oldest = this.#signers.size >= entriesMax ? this.#signers.keys().next().value : undefined;
    if (oldest !== undefined) this.#remove(oldest);
    this.#signers.set(credential, signer);
  }

  get size(): number {
    return this.#signers.size;
  }

  #remove(credential: string): void {
    this.#signers.get(credential)?.wipe();
    this.#signers.delete(credential);
  }

  #clear(): void {
    for (const signer of this.#signers.values()) signer.wipe();
    this.#signers.clear();
  }
}
