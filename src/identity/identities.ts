/** The accounts of this installation and who in them can be named. Today an account has its root and nobody else. */
import type { NamedPrincipal } from '../policy/principal.ts';
import type { AccessKey, AccessKeys } from './access-key.ts';
import type { Principal } from './principal.ts';
import { rootPrincipal } from './principal.ts';

export class Identities implements AccessKeys {
  readonly #accessKeys = new Map<string, AccessKey>();
  /** The account whose root operates the installation: the first one it was set up with. */
  readonly operatorAccountId: string;

  constructor(operatorAccountId: string) {
    this.operatorAccountId = operatorAccountId;
  }

  find(accessKeyId: string): AccessKey | undefined {
    return this.#accessKeys.get(accessKeyId);
  }

  put(accessKey: AccessKey): void {
    this.#accessKeys.set(accessKey.accessKeyId, accessKey);
  }

  root(accountId: string): Principal {
    return rootPrincipal(accountId);
  }

  /**
   * Whether a principal that a policy names can be one. Accounts and services may be anyone's; users and
   * roles must exist, and none do yet, so a policy cannot name one that somebody creates later.
   */
  exists(principal: NamedPrincipal): boolean {
    return principal.kind === 'any' || principal.kind === 'account' || principal.kind === 'service';
  }

  get accountIds(): readonly string[] {
    return [...new Set([...this.#accessKeys.values()].map(({ principal }) => principal.accountId))];
  }
}
