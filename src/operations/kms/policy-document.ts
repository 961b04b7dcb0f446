/** What CreateKey and PutKeyPolicy check of a key policy before it becomes one. */
import type { Caller } from '../../authz/caller.ts';
import { mayPutKeyPolicy } from '../../authz/lockout.ts';
import { Refusal } from '../../base/refusal.ts';
import type { Key } from '../../keys/key.ts';
import type { KeyPolicy } from '../../keys/key-policy.ts';
import { MalformedPolicy } from '../../policy/malformed-policy.ts';
import { type Policy, principalsOf } from '../../policy/parse.ts';
import type { Services } from '../operation.ts';

type Subject = Pick<Key, 'accountId' | 'arn' | 'spec' | 'usage' | 'origin' | 'multiRegion' | 'tags'>;

/**
 * The compiled policy of `text`. It is refused when it is malformed or too long, when it names a
 * principal that does not exist, and, unless bypassed, when it would not let this caller change it
 * again: the lockout safety check.
 */
export function acceptKeyPolicy(
  services: Services,
  caller: Caller,
  subject: Subject,
  text: string,
  bypassLockoutSafetyCheck: boolean,
): KeyPolicy {
  if (Buffer.byteLength(text) > services.quotas.keyPolicyBytes) {
    throw new Refusal(
      'LimitExceededException',
      `The key policy exceeds the limit of ${services.quotas.keyPolicyBytes} bytes.`,
    );
  }
  const policy = services.policies.of(text);
  const compiled = compile(policy);
  checkPrincipals(services, compiled);
  if (!bypassLockoutSafetyCheck && !mayPutKeyPolicy(caller, subject, compiled)) {
    throw new Refusal(
      'MalformedPolicyDocumentException',
      'The new key policy will not allow you to update the key policy in the future.',
    );
  }
  return policy;
}

function compile(policy: KeyPolicy): Policy {
  try {
    return policy.compiled;
  } catch (error) {
    if (error instanceof MalformedPolicy)
      throw new Refusal('MalformedPolicyDocumentException', error.message);
    throw error;
  }
}

/** Only what exists can be named; the service refuses the rest in these words. Accounts may be anyone's. */
function checkPrincipals(services: Services, policy: Policy): void {
  if (principalsOf(policy).some((principal) => !services.identities.exists(principal))) {
    throw new Refusal(
      'MalformedPolicyDocumentException',
      'Policy contains a statement with one or more invalid principals.',
    );
  }
}
