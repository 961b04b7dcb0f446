/** What the audit log is told of changes of domain keys; the secrets in them stay out of it. */
import type { RecordedEvent } from '../audit/recorder.ts';
import type { DomainKeyRow, Write } from '../storage/interface.ts';
import { serviceEvent } from './service-event.ts';

export function domainKeyEvents(
  writes: readonly Write[],
  operatorAccountId: string,
  timeMs: number,
): readonly RecordedEvent[] {
  const event = (eventName: string, region: string, details: object): RecordedEvent =>
    serviceEvent({
      eventSource: 'holdfast',
      eventName,
      accountId: operatorAccountId,
      region,
      timeMs,
      keys: [],
      details,
    });
  const rewrapped: DomainKeyRow[] = [];
  const events: RecordedEvent[] = [];
  for (const write of writes) {
    if (write.do === 'insertDomainKey') {
      events.push(event('CreateDomainKey', write.row.region, { version: write.row.version }));
    } else if (write.do === 'deleteDomainKey') {
      events.push(event('DeleteDomainKey', write.region, { version: write.version }));
    } else if (write.do === 'updateDomainKey') rewrapped.push(write.row);
  }
  const [first] = rewrapped;
  if (first !== undefined) {
    const domainKeys = rewrapped.map(({ region, version }) => ({ region, version }));
    events.push(event('RewrapDomainKeys', '', { rootKeyId: first.rootKeyId, domainKeys }));
  }
  return events;
}
