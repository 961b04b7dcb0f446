/**
 * One pass over a request's headers: lower-case names, and what authentication itself needs.
 * Repeated headers are joined with a comma, in order, as HTTP (RFC 9110 §5.3) and SigV4 both do.
 */
export interface HeaderScan {
  /** Lower-case names, in order; the value of `names[i]` is `rawHeaders[2 * i + 1]`. */
  readonly names: readonly string[];
  readonly rawHeaders: readonly string[];
  readonly authorization: string | undefined;
  readonly amzDate: string | undefined;
  readonly date: string | undefined;
  readonly securityToken: string | undefined;
  readonly contentSha256: string | undefined;
  /** Positions in `names` of the `x-amz-*` headers, which have to be signed. */
  readonly amzPositions: readonly number[];
}

export function scanHeaders(rawHeaders: readonly string[]): HeaderScan {
  const names: string[] = [];
  const amzPositions: number[] = [];
  let authorization: string | undefined;
  let amzDate: string | undefined;
  let date: string | undefined;
  let securityToken: string | undefined;
  let contentSha256: string | undefined;

  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    if (name.startsWith('x-amz-')) {
      amzPositions.push(names.length);
      if (name === 'x-amz-date') amzDate = joined(amzDate, value);
      else if (name === 'x-amz-content-sha256') contentSha256 = joined(contentSha256, value);
      else if (name === 'x-amz-security-token') securityToken = joined(securityToken, value);
    } else if (name === 'authorization') authorization = joined(authorization, value);
    else if (name === 'date') date = joined(date, value);
    names.push(name);
  }
  return { names, rawHeaders, authorization, amzDate, date, securityToken, contentSha256, amzPositions };
}

const joined = (before: string | undefined, value: string): string =>
  before === undefined ? value : `${before},${value}`;
