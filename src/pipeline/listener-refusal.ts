/** What the audit log is told of requests and connections that the listener refused before they were requests. */
import type { EventFacts } from '../audit/event.ts';
import { uuid } from '../crypto/random.ts';

export const listenerRefusalFacts = (
  reason: string,
  sourceAddress: string,
  requestId: string | undefined,
  timeMs: number,
): EventFacts => ({
  eventId: uuid(),
  requestId: requestId ?? uuid(),
  timeMs,
  principal: undefined,
  eventSource: 'holdfast',
  eventName: 'Unknown',
  region: '',
  sourceAddress,
  userAgent: undefined,
  errorCode: reason,
  errorMessage: 'refused by the listener',
  requestParameters: null,
  responseElements: null,
  resources: [],
  readOnly: false,
  recipientAccountId: '',
});
