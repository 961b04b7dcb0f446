/** The audit record of a request: made durable, with the change it tells of, before any answer. */
import { AuditLogBusy } from '../audit/audit-log.ts';
import { buildEvent, type EventFacts } from '../audit/event.ts';
import type { RecordedEvent } from '../audit/recorder.ts';
import type { Refusal } from '../base/refusal.ts';
import { uuid } from '../crypto/random.ts';
import type { Call } from './call.ts';
import { callFacts } from './call-facts.ts';
import { commitChange } from './commit-change.ts';
import type { PipelineDependencies } from './dependencies.ts';
import type { PerformedCall } from './operate.ts';
import { throttled } from './refusal.ts';

export interface RecordedCall extends Pick<PerformedCall, 'call' | 'declaration' | 'outcome'> {
  readonly recorded: true;
}

interface AccountEvent extends RecordedEvent {
  readonly recipientAccountId: string;
}

export async function recordCall(
  performed: PerformedCall,
  dependencies: PipelineDependencies,
): Promise<RecordedCall> {
  const { outcome } = performed;
  const { recorder } = dependencies;
  const events = successEvents(performed);
  if (outcome.change === undefined) await recorder.append(events.map(({ record }) => record));
  else await commitChange(outcome.change, events, dependencies);
  noteUsage(performed, events, dependencies);
  return { call: performed.call, declaration: performed.declaration, outcome, recorded: true };
}

/** One record for the caller's account, and one for each other account whose key was used. */
function successEvents({ call, caller, outcome }: PerformedCall): AccountEvent[] {
  const keys = outcome.audit?.resources ?? call.keys;
  const owners = [caller.principal.accountId];
  for (const { accountId } of keys) if (!owners.includes(accountId)) owners.push(accountId);
  const sharedEventId = owners.length > 1 ? uuid() : undefined;
  return owners.map((recipientAccountId) => {
    const eventId = uuid();
    const facts = callFacts(call, eventId, recipientAccountId, keys, outcome.audit, sharedEventId);
    return { recipientAccountId, eventId, record: buildEvent(facts) };
  });
}

/** A refusal that reached a decision is recorded like a success; one that did not, in bounded form and number. */
export async function recordRefusal(
  call: Call,
  refusal: Refusal,
  { recorder, sampler }: Pick<PipelineDependencies, 'recorder' | 'sampler'>,
): Promise<void> {
  const facts: EventFacts = {
    ...callFacts(call, uuid(), call.caller?.principal.accountId ?? '', call.keys),
    errorCode: auditErrorCode(refusal),
    errorMessage: refusal.message,
    responseElements: null,
  };
  const records = call.caller === undefined ? sampler.sample(facts) : [buildEvent(facts)];
  try {
    await recorder.append(records);
  } catch (error) {
    // Answered all the same, to slow down whoever asks so much: a later record says how many there were.
    if (error instanceof AuditLogBusy) sampler.count({ ...facts, errorCode: throttled });
    throw error;
  }
}

/** CloudTrail names a denial without the suffix that the API's answer has. */
const auditErrorCode = (refusal: Refusal): string =>
  refusal.code === 'AccessDeniedException' ? 'AccessDenied' : refusal.code;

/** What GetKeyLastUsage answers: the last success of a cryptographic operation, by its event in the key's own account. */
function noteUsage(
  { call, declaration }: PerformedCall,
  events: readonly AccountEvent[],
  { services }: PipelineDependencies,
): void {
  if (declaration.cryptographic !== true) return;
  for (const key of call.keys) {
    const event = events.find(({ recipientAccountId }) => recipientAccountId === key.accountId);
    if (event === undefined) continue;
    services.lastUsage.note(key.arn, {
      operation: declaration.name,
      timeMs: call.timeMs,
      eventId: event.eventId,
      requestId: call.requestId,
    });
  }
}
