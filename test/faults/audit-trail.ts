/** The audit log of a data directory as a reader without the server has it: its records, verified. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRecords } from '../../src/audit/read-records.ts';
import { type LogVerification, verifyAuditLog } from '../../src/audit/verify-log.ts';
import { parseVerifierKey } from '../../src/tlog/note.ts';
import { type Facts, noFacts } from './journal.ts';

export interface AuditEvent {
  readonly eventID: string;
  readonly requestID?: string;
  readonly eventName: string;
  readonly eventType: string;
  readonly userAgent?: string;
  readonly awsRegion: string;
  readonly errorCode?: string;
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  readonly responseElements: Readonly<Record<string, unknown>> | null;
  readonly serviceEventDetails?: Readonly<Record<string, unknown>>;
  readonly resources?: readonly { readonly ARN: string }[];
  readonly recipientAccountId?: string;
}

export class AuditTrail {
  readonly events: AuditEvent[] = [];
  readonly #directory: string;
  readonly #eventIds = new Set<string>();
  readonly #byRequestId = new Map<string, AuditEvent[]>();
  readonly #byUserAgent = new Map<string, AuditEvent[]>();
  #keptCheckpoint: string | undefined;

  constructor(dataDirectory: string) {
    this.#directory = join(dataDirectory, 'log');
  }

  /** Reads what has come since. What was read before is proven to be there still by the checkpoint kept from then. */
  async read(logKey: string): Promise<LogVerification> {
    const verifier = parseVerifierKey(logKey);
    const verification = await verifyAuditLog({
      directory: this.#directory,
      origin: verifier.name,
      verifiers: [verifier],
      keptCheckpoints:
        this.#keptCheckpoint === undefined
          ? []
          : [{ source: 'the kept checkpoint', note: this.#keptCheckpoint }],
    });
    assert.deepEqual(verification.findings, []);
    assert.ok(verification.size >= this.events.length, 'the log became shorter');
    this.#keptCheckpoint = readFileSync(join(this.#directory, 'checkpoint'), 'utf8');
    for await (const { record } of readRecords(this.#directory, this.events.length, verification.size)) {
      this.#take(JSON.parse(record.toString()));
    }
    assert.equal(this.events.length, verification.size);
    return verification;
  }

  #take(event: AuditEvent): void {
    this.events.push(event);
    assert.ok(!this.#eventIds.has(event.eventID), `the event ${event.eventID} is in the log twice`);
    this.#eventIds.add(event.eventID);
    add(this.#byRequestId, event.requestID, event);
    add(this.#byUserAgent, event.userAgent, event);
  }

  /** All that tell of one request: two when it was refused for a failure of the server, and done all the same. */
  eventsOfRequest(requestId: string): readonly AuditEvent[] {
    return this.#byRequestId.get(requestId) ?? [];
  }

  eventsOf(userAgent: string): readonly AuditEvent[] {
    return this.#byUserAgent.get(userAgent) ?? [];
  }

  /** What keys and aliases must be, if the log tells everything that happened to them. */
  facts(): Facts {
    const facts = noFacts();
    for (const event of this.events) if (event.errorCode === undefined) applyEvent(facts, event);
    return facts;
  }

  /** The newest version of each line of domain keys that the log tells of, the installation's own left out. */
  domainKeyVersions(): Map<string, number> {
    const versions = new Map<string, number>();
    for (const { eventName, awsRegion, serviceEventDetails } of this.events) {
      if (eventName === 'CreateDomainKey') versions.set(awsRegion, Number(serviceEventDetails?.version));
    }
    return versions;
  }

  /** The root keys that domain keys were sealed anew under, in order. */
  rootKeyIds(): readonly string[] {
    return this.events
      .filter(({ eventName }) => eventName === 'RewrapDomainKeys')
      .map(({ serviceEventDetails }) => String(serviceEventDetails?.rootKeyId));
  }
}

function add(map: Map<string, AuditEvent[]>, name = '', event: AuditEvent): void {
  const known = map.get(name);
  if (known === undefined) map.set(name, [event]);
  else known.push(event);
}

function applyEvent(facts: Facts, event: AuditEvent): void {
  const { eventName, requestParameters: asked, resources } = event;
  const keyArn = resources?.[0]?.ARN ?? '';
  const key = facts.keys.get(keyArn);
  const account = `arn:aws:kms:${event.awsRegion}:${event.recipientAccountId}`;
  switch (eventName) {
    case 'CreateKey':
      facts.keys.set(keyArn, {
        state: 'Enabled',
        description: String(asked?.description ?? ''),
        tags: {},
        policy: undefined,
        rotations: 0,
      });
      return;
    case 'CreateAlias':
    case 'UpdateAlias':
      facts.aliases.set(`${account}:${asked?.aliasName}`, idOf(String(asked?.targetKeyId)));
      return;
    case 'DeleteAlias':
      facts.aliases.delete(`${account}:${asked?.aliasName}`);
      return;
  }
  if (key === undefined) return;
  switch (eventName) {
    case 'EnableKey':
      key.state = 'Enabled';
      return;
    case 'DisableKey':
    case 'CancelKeyDeletion':
      key.state = 'Disabled';
      return;
    case 'ScheduleKeyDeletion':
      key.state = 'PendingDeletion';
      return;
    case 'UpdateKeyDescription':
      key.description = String(asked?.description);
      return;
    case 'TagResource':
      for (const tag of listOf(asked?.tags)) key.tags[String(tag.tagKey)] = String(tag.tagValue);
      return;
    case 'PutKeyPolicy':
      key.policy = String(asked?.policy);
      return;
    case 'RotateKeyOnDemand':
      key.rotations += 1;
      return;
  }
}

export const idOf = (keyArnOrId: string): string => keyArnOrId.slice(keyArnOrId.lastIndexOf('/') + 1);

const listOf = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value : [];
