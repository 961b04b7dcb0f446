/** What the tests of signatures share: keys, an authenticator on a fixed clock, and requests as sent. */
import { createSecretKey } from 'node:crypto';
import { type Authenticate, createAuthenticator } from '../../src/authn/authenticate.ts';
import { jsonSignatureErrors, type SignedService } from '../../src/authn/signed-service.ts';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { Refusal } from '../../src/base/refusal.ts';
import type { AccessKey } from '../../src/identity/access-key.ts';
import { rootPrincipal } from '../../src/identity/principal.ts';

export const clockSkewMs = 5 * 60_000;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const alice: Credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
export const bob: Credentials = {
  accessKeyId: 'AKIAI44QH8DHBEXAMPLE',
  secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
};

export const accessKey = (
  credentials: Credentials,
  accountId = '111122223333',
  active = true,
): AccessKey => ({
  accessKeyId: credentials.accessKeyId,
  principal: rootPrincipal(accountId),
  active,
  signingSecret: createSecretKey(Buffer.from(`AWS4${credentials.secretAccessKey}`)),
});

export const kms: SignedService = { signingName: 'kms', errors: jsonSignatureErrors };

export interface AuthenticatorUnderTest {
  readonly authenticate: Authenticate;
  /** The keys it knows, to be changed while it runs. */
  readonly keys: Map<string, AccessKey>;
  nowMs: number;
}

/** An authenticator that knows alice and bob, with a clock that stands still. */
export function authenticatorAt(
  nowMs: number,
  options: { services?: readonly [SignedService, ...SignedService[]]; regions?: ReadonlySet<string> } = {},
): AuthenticatorUnderTest {
  const keys = new Map<string, AccessKey>([
    [alice.accessKeyId, accessKey(alice)],
    [bob.accessKeyId, accessKey(bob, '444455556666')],
  ]);
  const state = { nowMs };
  const authenticate = createAuthenticator({
    accessKeys: { find: (id) => keys.get(id) },
    clock: { nowMs: () => state.nowMs },
    services: options.services ?? [kms],
    ...(options.regions && { regions: options.regions }),
    clockSkewMs,
  });
  return Object.assign(state, { authenticate, keys });
}

/** Text as its UTF-8 bytes arrive: one Latin-1 character for each byte, which is how Node hands them over. */
export const wire = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export function httpRequest(
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
  body: string | Uint8Array = '',
): HttpRequest {
  return {
    method,
    target,
    rawHeaders: headers.flat(),
    body: Buffer.from(body),
    sourceAddress: '127.0.0.1',
  };
}

/** The refusal of a request; fails when it is accepted, or when anything else is thrown. */
export function refusalOf(authenticate: Authenticate, request: HttpRequest, service?: string): Refusal {
  try {
    authenticate(request, service);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error(`accepted: ${request.method} ${request.target} ${JSON.stringify(request.rawHeaders)}`);
}

/** A seed for random tests: `HOLDFAST_SEED`, or a fresh one. Print it. */
export const seed = Number(process.env.HOLDFAST_SEED ?? Math.floor(Math.random() * 2 ** 32));

/** Mulberry32: small, fast, and the same on every machine. Not for secrets. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 up to, but not including, `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  shuffle<T>(items: readonly T[]): T[] {
    return items
      .map((item) => [this.next(), item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  }
}
