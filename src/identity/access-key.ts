/**
 * An access key: what a client signs requests with, and whom its signature stands for. The secret
 * is held in the only form that verification needs, as a native key object, and never as a string.
 */
import type { KeyObject } from 'node:crypto';
import type { Principal } from './principal.ts';

export interface AccessKey {
  readonly accessKeyId: string;
  readonly principal: Principal;
  /** False for a key that was deactivated: it is answered as one that does not exist. */
  readonly active: boolean;
  /** Secret key of the bytes `AWS4` + secret access key: the root of SigV4's key derivation. */
  readonly signingSecret: KeyObject;
  /**
   * Long-term keys have no session token and a request that brings one is refused. Temporary keys
   * (`ASIA...`) will carry here what the presented token has to match.
   */
  readonly sessionToken?: never;
}

export interface AccessKeys {
  /** Asked once for each request, so it answers from memory; a revoked key is gone with the next request. */
  find(accessKeyId: string): AccessKey | undefined;
}
