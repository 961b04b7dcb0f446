/**
 * A CloudTrail record as the service writes it, member for member and in its order: the "CloudTrail
 * record contents" of the CloudTrail user guide and the log entries of the KMS developer guide.
 * It is told facts; what must not be recorded (plaintext, key material, signatures) must not be among them.
 */
import { type Principal, principalIdOf } from '../identity/principal.ts';

export interface EventResource {
  readonly arn: string;
  readonly accountId: string;
}

export interface EventFacts {
  /** A UUID of this record. */
  readonly eventId: string;
  /** A UUID of the request. Left out of service events, which have none. */
  readonly requestId: string;
  readonly timeMs: number;
  /** Undefined when nobody was authenticated. */
  readonly principal: Principal | undefined;
  /** As verified or, without a principal, as claimed. */
  readonly accessKeyId?: string | undefined;
  readonly eventSource: string;
  readonly eventName: string;
  readonly region: string;
  readonly sourceAddress: string;
  readonly userAgent: string | undefined;
  /** The Host header as sent. */
  readonly host?: string | undefined;
  readonly tls?:
    | { readonly version: string; readonly cipherSuite: string; readonly keyExchange?: string }
    | undefined;
  readonly errorCode?: string | undefined;
  readonly errorMessage?: string | undefined;
  readonly requestParameters: object | null;
  readonly responseElements: object | null;
  readonly additionalEventData?: object | undefined;
  /** KMS keys, in the order in which the operation names them. */
  readonly resources: readonly EventResource[];
  readonly readOnly: boolean;
  /** The account whose log this record is in. Empty when no account is concerned. */
  readonly recipientAccountId: string;
  /** The same in the records of all accounts that one request is told to. */
  readonly sharedEventId?: string | undefined;
  /** Makes this an event of the service itself, without a caller. */
  readonly serviceEvent?: { readonly serviceEventDetails?: object } | undefined;
}

const kilobyte = 1024;
/** As documented; what is longer is cut or left out. */
export const errorMessageBytesMax = 1 * kilobyte;
export const userAgentBytesMax = 1 * kilobyte;
export const elementsBytesMax = 100 * kilobyte;
export const additionalEventDataBytesMax = 28 * kilobyte;
/** Not documented; no legitimate value is longer. */
const nameBytesMax = 256;

const serviceInternal = 'AWS Internal';

export function buildEvent(facts: EventFacts): string {
  const record = recordOf(facts, facts.requestParameters, facts.responseElements, facts.additionalEventData);
  const text = JSON.stringify(record);
  // Three bytes are the most that a character of a string takes: so short a record exceeds no limit.
  if (text.length * 3 <= additionalEventDataBytesMax) return text;
  return JSON.stringify(
    recordOf(
      facts,
      withinLimit(facts.requestParameters, elementsBytesMax, 'requestParameters'),
      withinLimit(facts.responseElements, elementsBytesMax, 'responseElements'),
      withinLimit(facts.additionalEventData ?? null, additionalEventDataBytesMax, 'additionalEventData') ??
        undefined,
    ),
  );
}

/** Members that are undefined are left out of the text. */
function recordOf(
  facts: EventFacts,
  requestParameters: object | null,
  responseElements: object | null,
  additionalEventData: object | undefined,
): object {
  const isServiceEvent = facts.serviceEvent !== undefined;
  return {
    eventVersion: '1.11',
    userIdentity: isServiceEvent
      ? { accountId: facts.recipientAccountId, invokedBy: serviceInternal }
      : userIdentity(facts),
    eventTime: eventTime(facts.timeMs),
    eventSource: facts.eventSource,
    eventName: cut(facts.eventName, nameBytesMax),
    awsRegion: cut(facts.region, nameBytesMax),
    sourceIPAddress: isServiceEvent ? serviceInternal : cut(facts.sourceAddress, nameBytesMax),
    userAgent: isServiceEvent ? serviceInternal : cut(facts.userAgent, userAgentBytesMax),
    errorCode: cut(facts.errorCode, nameBytesMax),
    errorMessage: facts.errorMessage === '' ? undefined : cut(facts.errorMessage, errorMessageBytesMax),
    requestParameters,
    responseElements,
    additionalEventData,
    requestID: isServiceEvent ? undefined : facts.requestId,
    eventID: facts.eventId,
    readOnly: facts.readOnly,
    resources: facts.resources.map(({ accountId, arn }) => ({ accountId, type: 'AWS::KMS::Key', ARN: arn })),
    eventType: isServiceEvent ? 'AwsServiceEvent' : 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: facts.recipientAccountId === '' ? undefined : facts.recipientAccountId,
    sharedEventID: facts.sharedEventId,
    serviceEventDetails: facts.serviceEvent?.serviceEventDetails,
    eventCategory: 'Management',
    tlsDetails: isServiceEvent ? undefined : tlsDetails(facts),
  };
}

function userIdentity({ principal, accessKeyId, recipientAccountId }: EventFacts): object {
  if (principal === undefined) return { type: 'Unknown', accessKeyId: cut(accessKeyId, nameBytesMax) };
  if (principal.kind === 'service') return { type: 'AWSService', invokedBy: principal.service };
  const { accountId, arn } = principal;
  const principalId = principalIdOf(principal);
  // Another account is told who called, not with which key.
  if (accountId !== recipientAccountId) return { type: 'AWSAccount', principalId, accountId };
  const who = { principalId, arn, accountId, accessKeyId };
  switch (principal.kind) {
    case 'root':
      return { type: 'Root', ...who };
    case 'user':
      return { type: 'IAMUser', ...who, userName: principal.userName };
    case 'assumedRole':
      return {
        type: 'AssumedRole',
        ...who,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: principal.roleId,
            arn: principal.roleArn,
            accountId,
            userName: lastSegment(principal.roleArn),
          },
        },
      };
    case 'federatedUser':
      return {
        type: 'FederatedUser',
        ...who,
        sessionContext: {
          sessionIssuer: {
            type: 'IAMUser',
            arn: principal.userArn,
            accountId,
            userName: lastSegment(principal.userArn),
          },
        },
      };
    default:
      return principal satisfies never;
  }
}

/** Without TLS only the host that the client named is known; without that there is nothing to tell. */
function tlsDetails({ tls, host }: EventFacts): object | undefined {
  if (tls === undefined && host === undefined) return undefined;
  return {
    tlsVersion: tls?.version,
    cipherSuite: tls?.cipherSuite,
    clientProvidedHostHeader: cut(host, nameBytesMax),
    keyExchange: tls?.keyExchange,
  };
}

let cachedSecond = Number.NaN;
let cachedText = '';

/** `2025-05-20T20:46:16Z`. Kept for the second that it is true for: formatting a date costs as much as the record. */
function eventTime(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
  }
  return cachedText;
}

/** What the service records in the place of something too large. */
function withinLimit(value: object | null, bytesMax: number, name: string): object | null {
  if (value === null) return null;
  const originalSize = Buffer.byteLength(JSON.stringify(value));
  return originalSize <= bytesMax ? value : { omitted: true, originalSize, reason: `${name} too large` };
}

/** The beginning of a text that has at most so many bytes, without a character cut in two. */
function cut<T extends string | undefined>(text: T, bytesMax: number): T | string {
  if (text === undefined || text.length * 3 <= bytesMax) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

const lastSegment = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);
