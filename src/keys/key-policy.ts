/**
 * A key policy as it was given, with its compiled form. Keys with the same text share one object,
 * and it is compiled when first evaluated: a server with many keys starts without parsing them all.
 */
import { rootArn } from '../base/arn.ts';
import { type Policy, parsePolicy } from '../policy/parse.ts';

export class KeyPolicy {
  readonly text: string;
  #compiled: Policy | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Throws `MalformedPolicy`; never for a policy that was accepted once. */
  get compiled(): Policy {
    this.#compiled ??= parsePolicy(this.text, 'keyPolicy');
    return this.#compiled;
  }
}

/** Shares one `KeyPolicy` between keys with the same text. Holds at most `max`; the oldest goes first. */
export class KeyPolicies {
  readonly #byText = new Map<string, KeyPolicy>();
  readonly #max: number;

  constructor(max = 10_000) {
    this.#max = max;
  }

  of(text: string): KeyPolicy {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const policy = new KeyPolicy(text);
    if (this.#byText.size >= this.#max) {
      for (const oldest of this.#byText.keys()) {
        this.#byText.delete(oldest);
        break;
      }
    }
    this.#byText.set(text, policy);
    return policy;
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
