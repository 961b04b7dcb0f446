/** Amazon Resource Names as this server writes and reads them. Only the `aws` partition is served. */
export const partition = 'aws';

export interface Arn {
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  /** Everything after the fifth colon. */
  readonly resource: string;
}

/** Splits an ARN; undefined when it does not have six segments or is of another partition. */
export function parseArn(text: string): Arn | undefined {
  const parts = text.split(':');
  if (parts.length < 6 || parts[0] !== 'arn' || parts[1] !== partition) return undefined;
  const [, , service = '', region = '', accountId = '', ...resource] = parts;
  return { service, region, accountId, resource: resource.join(':') };
}

export const keyArn = (region: string, accountId: string, keyId: string): string =>
  `arn:${partition}:kms:${region}:${accountId}:key/${keyId}`;

export const aliasArn = (region: string, accountId: string, aliasName: string): string =>
  `arn:${partition}:kms:${region}:${accountId}:${aliasName}`;

export const rootArn = (accountId: string): string => `arn:${partition}:iam::${accountId}:root`;

export const isAccountId = (text: string): boolean => /^[0-9]{12}$/.test(text);

/** The shape the API model gives for a Region name, anchored. */
export const isRegion = (text: string): boolean => text.length <= 32 && /^([a-z]+-){2,3}\d+$/.test(text);
