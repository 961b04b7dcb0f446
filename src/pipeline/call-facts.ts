/** What the audit record of any request says, whatever became of it. */
import type { EventFacts } from '../audit/event.ts';
import { auditElements, auditParameters } from '../audit/parameters.ts';
import type { Key } from '../keys/key.ts';
import type { AuditDetail } from '../operations/operation.ts';
import type { Call } from './call.ts';

const eventSources = { kms: 'kms.amazonaws.com', holdfast: 'holdfast' } as const;

export function callFacts(
  call: Call,
  eventId: string,
  recipientAccountId: string,
  keys: readonly Key[],
  detail: AuditDetail = {},
  sharedEventId?: string,
): EventFacts {
  const { request, caller, service = 'kms', operation } = call;
  return {
    eventId,
    requestId: call.requestId,
    timeMs: call.timeMs,
    principal: caller?.principal,
    accessKeyId: caller?.accessKeyId,
    eventSource: eventSources[service],
    eventName: operation ?? 'Unknown',
    region: caller?.region ?? '',
    sourceAddress: request.sourceAddress,
    userAgent: call.header('user-agent'),
    host: call.header('host'),
    tls: request.tls,
    requestParameters:
      detail.requestParameters === undefined ? requestParameters(call) : detail.requestParameters,
    responseElements:
      operation === undefined || detail.responseElements === undefined
        ? null
        : auditElements(service, operation, detail.responseElements),
    additionalEventData: detail.additionalEventData,
    resources: keys,
    readOnly: call.declaration?.readOnly ?? false,
    recipientAccountId,
    sharedEventId,
  };
}

function requestParameters({ service, operation, input, declaration }: Call): object | null {
  if (service === undefined || operation === undefined || input === undefined) return null;
  return {
    ...declaration?.auditDefaults,
    ...auditParameters(service, operation, input, declaration?.redact),
  };
}
