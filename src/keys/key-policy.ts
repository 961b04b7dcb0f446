/**
 * A key policy as it was given, with its compiled form. Keys with the same text share one object,
 * and it is compiled when first evaluated: a server with many keys starts without parsing them all.
 * A compiled policy takes up to 70 times the memory of its text, so only so many stay compiled.
 */
import { rootArn } from '../base/arn.ts';
import { type Policy, parsePolicy } from '../policy/parse.ts';

export class KeyPolicy {
  readonly text: string;
  readonly #compiledPolicies: CompiledPolicies;
  #compiled: Policy | undefined;
  #isUsed = false;

  constructor(text: string, compiledPolicies: CompiledPolicies) {
    this.text = text;
    this.#compiledPolicies = compiledPolicies;
  }

  /** Throws `MalformedPolicy`; never for a policy that was accepted once. */
  get compiled(): Policy {
    if (this.#compiled !== undefined) {
      this.#isUsed = true;
      return this.#compiled;
    }
    const compiled = parsePolicy(this.text, 'keyPolicy');
    this.#compiled = compiled;
    this.#compiledPolicies.add(this);
    return compiled;
  }

  /** Lets go of the compiled form, unless it was used again since it was compiled or last asked to go: then false. */
  forget(): boolean {
    const isForgotten = !this.#isUsed;
    this.#isUsed = false;
    if (isForgotten) this.#compiled = undefined;
    return isForgotten;
  }
}

/** Those that are compiled, of no more than `charactersMax` of text together: who was not used lately goes first. */
class CompiledPolicies {
  readonly #kept = new Set<KeyPolicy>();
  readonly #charactersMax: number;
  #characters = 0;

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  get characters(): number {
    return this.#characters;
  }

  add(policy: KeyPolicy): void {
    // Second chance: one round over all of them clears every mark, so a second finds whom to let go.
    for (const oldest of this.#kept) {
      if (this.#characters + policy.text.length <= this.#charactersMax) break;
      this.#kept.delete(oldest);
      if (oldest.forget()) this.#characters -= oldest.text.length;
      else this.#kept.add(oldest);
    }
    this.#kept.add(policy);
    this.#characters += policy.text.length;
  }
}

/** Shares one `KeyPolicy` between keys with the same text. Holds so much text at most; the oldest goes first. */
export class KeyPolicies {
  readonly #byText = new Map<string, KeyPolicy>();
  readonly #compiled: CompiledPolicies;
  readonly #charactersMax: number;
  #characters = 0;

  constructor(charactersMax = 4_194_304) {
    this.#charactersMax = charactersMax;
    this.#compiled = new CompiledPolicies(charactersMax);
  }

  of(text: string): KeyPolicy {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const policy = new KeyPolicy(text, this.#compiled);
    for (const oldest of this.#byText.keys()) {
      if (this.#characters + text.length <= this.#charactersMax) break;
      this.#byText.delete(oldest);
      this.#characters -= oldest.length;
    }
    this.#byText.set(text, policy);
    this.#characters += text.length;
    return policy;
  }

  /** How much is held, in characters of text: for sharing, and compiled. */
  get held(): { readonly shared: number; readonly compiled: number } {
    return { shared: this.#characters, compiled: this.#compiled.characters };
  }
}

/** The policy of a key created without one, laid out as the service lays it out (KMS Developer Guide, "Default key policy"). */
export const defaultKeyPolicy = (accountId: string): string => `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "${rootArn(accountId)}"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`;
