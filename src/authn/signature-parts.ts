/** What a signed request says about its signature, whichever form it was signed in. */
export interface SignatureParts {
  /** True for the query-string form, which can outlive the clock skew by `expires`. */
  readonly presigned: boolean;
  readonly algorithm: string;
  /** `keyid/date/region/service/aws4_request`. */
  readonly credential: string;
  /** As sent: lower-case names joined with semicolons. */
  readonly signedHeaders: string;
  /** As sent: should be 64 lower-case hexadecimal digits. */
  readonly signature: string;
  /** As sent, from `X-Amz-Date` or, in the header form, from `Date`. */
  readonly date: string;
  /** `X-Amz-Expires` as sent. */
  readonly expires?: string;
  /** `X-Amz-Security-Token`, from the header or the query. */
  readonly securityToken?: string;
}

export const algorithm = 'AWS4-HMAC-SHA256';
export const terminator = 'aws4_request';
