/**
 * Who made a request, once its signature has been verified. Only `root` can be produced today;
 * the other kinds are part of the type so that what decides about them is written once.
 */
export type Principal =
  | { readonly kind: 'root'; readonly accountId: string; readonly arn: string }
  | {
      readonly kind: 'user';
      readonly accountId: string;
      readonly arn: string;
      readonly userId: string;
      readonly userName: string;
    }
  | {
      readonly kind: 'assumedRole';
      readonly accountId: string;
      /** The session's ARN (`arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`). */
      readonly arn: string;
      readonly roleArn: string;
      readonly roleId: string;
      readonly sessionName: string;
    }
  | {
      readonly kind: 'federatedUser';
      readonly accountId: string;
      readonly arn: string;
      readonly userArn: string;
    }
  | { readonly kind: 'service'; readonly accountId: string; readonly arn: string; readonly service: string };

/** The unique id that `aws:userid` and CloudTrail's `principalId` give; a service has none. */
export function principalIdOf(principal: Principal): string | undefined {
  switch (principal.kind) {
    case 'root':
      return principal.accountId;
    case 'user':
      return principal.userId;
    case 'assumedRole':
      return `${principal.roleId}:${principal.sessionName}`;
    case 'federatedUser':
      return `${principal.accountId}:${principal.arn.slice(principal.arn.lastIndexOf('/') + 1)}`;
    case 'service':
      return undefined;
  }
}

export const rootPrincipal = (accountId: string): Principal => ({
  kind: 'root',
  accountId,
  arn: `arn:aws:iam::${accountId}:root`,
});
