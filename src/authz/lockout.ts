/**
 * The policy lockout safety check: would this caller be allowed to change the key policy again under the
 * new one? (API reference, PutKeyPolicy.)
 */
import type { Key } from '../keys/key.ts';
import { decide } from '../policy/evaluate.ts';
import type { Policy } from '../policy/parse.ts';
import type { Caller } from './caller.ts';
import { RequestConditions } from './condition-context.ts';

/** `subject` may be a key that is about to be made. */
export function mayPutKeyPolicy(
  caller: Caller,
  subject: Pick<Key, 'accountId' | 'arn' | 'spec' | 'usage' | 'origin' | 'multiRegion' | 'tags'>,
  policy: Policy,
): boolean {
  const decision = decide(
    {
      principal: caller.principal,
      action: 'kms:PutKeyPolicy',
      resource: subject.arn,
      resourceAccountId: subject.accountId,
      context: new RequestConditions({
        caller,
        resourceAccountId: subject.accountId,
        key: subject,
        facts: { policyName: 'default' },
      }),
    },
    {
      identity: caller.principal.kind === 'root' ? 'root' : [],
      resource: { policy },
    },
  );
  return decision.effect === 'Allow';
}
