/** What the audit record of any request says, whatever became of it. */
import type { EventFacts } from '../audit/event.ts';
import { auditParameters } from '../audit/parameters.ts';
import type { Key } from '../keys/key.ts';
import type { Call } from './call.ts';

const eventSources = { kms: 'kms.amazonaws.com', holdfast: 'holdfast' } as const;

export function callFacts(
  call: Call,
  eventId: string,
  recipientAccountId: string,
  keys: readonly Key[],
): EventFacts {
  const { request, caller, service = 'kms', operation, declaration, input } = call;
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
      operation === undefined || input === undefined
        ? null
        : {
            ...declaration?.auditDefaults,
            ...auditParameters(service, operation, input, declaration?.redact),
          },
    responseElements: null,
    resources: keys,
    readOnly: declaration?.readOnly ?? false,
    recipientAccountId,
  };
}
