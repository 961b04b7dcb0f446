/** The audit record of what the service does by itself (CloudTrail type AwsServiceEvent). */
import { buildEvent } from '../audit/event.ts';
import type { RecordedEvent } from '../audit/recorder.ts';
import { uuid } from '../crypto/random.ts';
import type { Key } from '../keys/key.ts';

export interface ServiceEvent {
  readonly eventSource: 'kms.amazonaws.com' | 'holdfast';
  readonly eventName: string;
  readonly accountId: string;
  readonly region: string;
  readonly timeMs: number;
  readonly keys: readonly Key[];
  readonly details: object;
}

export function serviceEvent({
  eventSource,
  eventName,
  accountId,
  region,
  timeMs,
  keys,
  details,
}: ServiceEvent): RecordedEvent {
  const eventId = uuid();
  const record = buildEvent({
    eventId,
    requestId: uuid(),
    timeMs,
    principal: undefined,
    eventSource,
    eventName,
    region,
    sourceAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    requestParameters: null,
    responseElements: null,
    resources: keys,
    readOnly: false,
    recipientAccountId: accountId,
    serviceEvent: { serviceEventDetails: details },
  });
  return { eventId, record };
}

/** What happened to one key, told to its account. */
export const keyEvent = (eventName: string, key: Key, timeMs: number, details: object): RecordedEvent =>
  serviceEvent({
    eventSource: 'kms.amazonaws.com',
    eventName,
    accountId: key.accountId,
    region: key.region,
    timeMs,
    keys: [key],
    details,
  });

/** An access key was kept that nobody called for: by `init`, or by a start that found none. */
export const accessKeyEvent = (accessKeyId: string, accountId: string, timeMs: number): RecordedEvent =>
  serviceEvent({
    eventSource: 'holdfast',
    eventName: 'CreateAccessKey',
    accountId,
    region: '',
    timeMs,
    keys: [],
    details: { accessKeyId },
  });
