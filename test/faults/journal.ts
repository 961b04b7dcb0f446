/**
 * What a client knows of an installation: what each answer told it, and of each request that was not answered
 * that it may have been done. Keys and aliases in one form, whether a client, the server or the
 * audit log says what they are, so that the three can be compared.
 */

export interface KeyFacts {
  state: string;
  description: string;
  tags: Record<string, string>;
  /** Undefined for the policy that a key gets by itself. */
  policy: string | undefined;
  /** On demand, completed. */
  rotations: number;
}

/** Keys by ARN, and the key id that each alias (by ARN) points to. */
export interface Facts {
  readonly keys: Map<string, KeyFacts>;
  readonly aliases: Map<string, string>;
}

export const noFacts = (): Facts => ({ keys: new Map(), aliases: new Map() });

/** In one order, for comparing. */
export const ordered = ({ keys, aliases }: Facts): object => ({
  keys: Object.fromEntries([...keys].sort(([a], [b]) => (a < b ? -1 : 1))),
  aliases: Object.fromEntries([...aliases].sort(([a], [b]) => (a < b ? -1 : 1))),
});

export interface Ciphertext {
  readonly accountId: string;
  readonly region: string;
  readonly blob: string;
  readonly context: Readonly<Record<string, string>>;
  /** Base64; undefined where only the server has seen it. */
  readonly plaintext: string | undefined;
}

export interface Acknowledged {
  readonly requestId: string;
  readonly operation: string;
  readonly userAgent: string;
  readonly status: number;
}

/** A change that was asked for and not answered. */
export interface Unanswered {
  readonly operation: string;
  readonly userAgent: string;
  /** What the facts are if it was done. For `CreateKey` the ARN is not known before: it is given. */
  apply(facts: Facts, keyArn: string): void;
}

export class Journal {
  facts = noFacts();
  acknowledged: Acknowledged[] = [];
  ciphertexts: Ciphertext[] = [];
  /** Every request whose connection ended before an answer. */
  notAnswered: { readonly operation: string; readonly userAgent: string }[] = [];
  unanswered: Unanswered[] = [];
  /** By Region, as answered. */
  domainKeyVersions = new Map<string, number>();
  rootKeyId: string | undefined;

  /** Of a journal in which nothing is open. */
  copy(): Journal {
    const { facts, acknowledged, ciphertexts, notAnswered, domainKeyVersions, rootKeyId } = this;
    return Object.assign(
      new Journal(),
      structuredClone({ facts, acknowledged, ciphertexts, notAnswered, domainKeyVersions, rootKeyId }),
    );
  }
}
