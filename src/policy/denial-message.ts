/**
 * What the caller is told of a denial: the service's own words (IAM User Guide, "Troubleshoot access denied
 * error messages"). They name one layer and neither policy nor statement, which are not the caller's to know.
 */
import type { Denied, Layer } from './decision.ts';

/** `principalArn`: for a role session, the session's. */
export const denialMessage = (
  decision: Denied,
  principalArn: string,
  action: string,
  resource: string,
): string => notAuthorized(principalArn, action, `resource: ${resource}`, because(decision, action));

/** The same where the request named its key only by a ciphertext. */
export const ciphertextDenialMessage = (decision: Denied, principalArn: string, action: string): string =>
  notAuthorized(principalArn, action, theKeyOfTheCiphertext, because(decision, action));

/**
 * What is said where not even the existence of the key is the caller's to know: it is another account's
 * and gives them nothing, or a ciphertext names a key that is nowhere.
 */
export const hiddenDenialMessage = (principalArn: string, action: string, byCiphertext: boolean): string =>
  notAuthorized(
    principalArn,
    action,
    byCiphertext ? theKeyOfTheCiphertext : 'this resource',
    'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access',
  );

const theKeyOfTheCiphertext = 'the resource associated with this ciphertext';

const notAuthorized = (principalArn: string, action: string, on: string, reason: string): string =>
  `User: ${principalArn} is not authorized to perform: ${action} on ${on} ${reason}`;

function because(decision: Denied, action: string): string {
  switch (decision.reason) {
    case 'explicitDeny':
      return `with an explicit deny in ${explicit[decision.layer]}`;
    case 'implicitDeny':
      return `because no ${policyType[decision.layer]} allows the ${action} action`;
    case 'tooComplex':
      // The service has no words for this: its policies are bounded elsewhere.
      return `because the policies are too complex to evaluate for the ${action} action`;
  }
}

const policyType: Readonly<Record<Layer, string>> = {
  serviceControlPolicy: 'service control policy',
  resourceControlPolicy: 'resource control policy',
  resourcePolicy: 'resource-based policy',
  grant: 'resource-based policy',
  identityPolicy: 'identity-based policy',
  permissionsBoundary: 'permissions boundary',
  sessionPolicy: 'session policy',
};

const explicit: Readonly<Record<Layer, string>> = {
  serviceControlPolicy: 'a service control policy',
  resourceControlPolicy: 'a resource control policy',
  resourcePolicy: 'a resource-based policy',
  grant: 'a resource-based policy',
  identityPolicy: 'an identity-based policy',
  permissionsBoundary: 'a permissions boundary',
  sessionPolicy: 'a session policy',
};
