/** What is asked of the policies: who wants to do what to which resource, and under which circumstances. */

/**
 * The condition keys of one request. A key is computed when a policy first asks for it, so a request
 * pays only for what its policies look at.
 */
export interface ConditionContext {
  /**
   * The values of a condition key, asked by its lower-case name (names are case-insensitive, that of
   * a tag or of an encryption-context pair included). Undefined or empty: the key is not in the request.
   */
  get(lowerCaseKey: string): readonly string[] | undefined;
}

/** What matching a `Principal` element needs to know of the one who asks. */
export type PolicyPrincipal =
  | { readonly kind: 'root'; readonly accountId: string; readonly arn: string }
  | { readonly kind: 'user'; readonly accountId: string; readonly arn: string; readonly userId: string }
  | {
      readonly kind: 'assumedRole';
      readonly accountId: string;
      /** The session's ARN. */
      readonly arn: string;
      readonly roleArn: string;
      readonly roleId: string;
    }
  | {
      readonly kind: 'federatedUser';
      readonly accountId: string;
      /** The session's ARN. */
      readonly arn: string;
      /** The user (or account root) that asked for the session. */
      readonly userArn: string;
    }
  | { readonly kind: 'service'; readonly accountId: string; readonly arn: string; readonly service: string };

export interface PolicyRequest {
  readonly principal: PolicyPrincipal;
  /** `kms:Encrypt`, spelled as the service spells it. */
  readonly action: string;
  /** The ARN of the resource, or `*` where the action has none. */
  readonly resource: string;
  /** The account that owns the resource; the caller's own where the action has none. */
  readonly resourceAccountId: string;
  readonly context: ConditionContext;
}
