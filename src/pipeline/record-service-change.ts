import { buildEvent } from '../audit/event.ts';
import type { Caller } from '../authz/caller.ts';
import { uuid } from '../crypto/random.ts';
import type { Key } from '../keys/key.ts';
import type { StateChange } from '../keys/state-change.ts';
import type { Call } from './call.ts';
import { callFacts } from './call-facts.ts';
import { commitChange } from './commit-change.ts';
import type { PipelineDependencies } from './dependencies.ts';

/** A change that the service makes by itself while it serves a request (an AWS managed key on first sight). */
export async function recordServiceChange(
  call: Call,
  caller: Caller,
  key: Key,
  change: StateChange,
  dependencies: PipelineDependencies,
): Promise<void> {
  const eventId = uuid();
  const record = buildEvent({
    ...callFacts(call, eventId, caller.principal.accountId, [key]),
    eventName: 'CreateKey',
    readOnly: false,
    requestParameters: null,
    responseElements: null,
    serviceEvent: { serviceEventDetails: { keyId: key.keyId } },
  });
  await commitChange(change, [{ eventId, record }], dependencies);
}
