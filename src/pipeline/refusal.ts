import { AuditLogBusy } from '../audit/audit-log.ts';
import { Refusal } from '../base/refusal.ts';
import { StorageBusy } from '../storage/interface.ts';
import type { Call } from './call.ts';
import type { PipelineDependencies } from './dependencies.ts';

/** What a caller is told when more waits to be written than may wait. */
export const throttled = 'ThrottlingException';

/** What the caller is told of an error. What is no refusal is a bug or an outage: its detail stays here. */
export function refusalOf(error: unknown, call: Call, dependencies: PipelineDependencies): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof AuditLogBusy || error instanceof StorageBusy) {
    return new Refusal(throttled, 'Rate exceeded');
  }
  // That a store has failed was reported when it did: not once more for each request.
  if (error !== dependencies.failure()) dependencies.reportFailure(error, call.requestId);
  return new Refusal(
    'KMSInternalException',
    'The request failed because of an internal error. Try it again later.',
    500,
  );
}
