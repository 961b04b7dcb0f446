/** The audit record of what the service does by itself (CloudTrail type AwsServiceEvent). */
import { buildEvent } from '../audit/event.ts';
import type { RecordedEvent } from '../audit/recorder.ts';
import { uuid } from '../crypto/random.ts';
import type { Key } from '../keys/key.ts';

export function serviceEvent(eventName: string, key: Key, timeMs: number, serviceEventDetails: object): RecordedEvent {
  const eventId = uuid();
  const record = buildEvent({
    eventId,
    requestId: uuid(),
    timeMs,
    principal: undefined,
    eventSource: 'kms.amazonaws.com',
    eventName,
    region: key.region,
    sourceAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    requestParameters: null,
    responseElements: null,
    resources: [key],
    readOnly: false,
    recipientAccountId: key.accountId,
    serviceEvent: { serviceEventDetails },
  });
  return { eventId, record };
}
