import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildEvent, type EventFacts } from '../../src/audit/event.ts';
import { recordBytesMax } from '../../src/audit/segment.ts';
import type { Principal } from '../../src/identity/principal.ts';

const alice: Principal = {
  kind: 'user',
  accountId: '111122223333',
  arn: 'arn:aws:iam::111122223333:user/Alice',
  userId: 'EX_PRINCIPAL_ID',
  userName: 'Alice',
};
const keyArn = 'arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const key = { arn: keyArn, accountId: '111122223333' };

const encrypt: EventFacts = {
  eventId: '91235988-eb87-476a-ac2c-0cdc244e6dca',
  requestId: 'f3423043-63bc-11e4-bc2b-4198b6150d5c',
  timeMs: Date.parse('2025-05-20T20:46:16.789Z'),
  principal: alice,
  accessKeyId: 'EXAMPLE_KEY_ID',
  eventSource: 'kms.amazonaws.com',
  eventName: 'Encrypt',
  region: 'us-west-2',
  sourceAddress: '192.0.2.0',
  userAgent: 'AWS Internal',
  host: 'kms.us-west-2.amazonaws.com',
  tls: { version: 'TLSv1.3', cipherSuite: 'TLS_AES_256_GCM_SHA384', keyExchange: 'X25519MLKEM768' },
  requestParameters: {
    encryptionContext: { Department: 'Engineering' },
    keyId: keyArn,
    encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  },
  responseElements: null,
  additionalEventData: { keyMaterialId: '123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0' },
  resources: [key],
  readOnly: true,
  recipientAccountId: '111122223333',
};
const build = (facts: Partial<EventFacts> = {}) => JSON.parse(buildEvent({ ...encrypt, ...facts }));

// The log entry of the KMS developer guide ("Encrypt", ct-encrypt), with the `type` of resources and the
// `keyExchange` that its newer entries have.
test('an Encrypt record has the members of the documented log entry, in their order', () => {
  const documented = {
    eventVersion: '1.11',
    userIdentity: {
      type: 'IAMUser',
      principalId: 'EX_PRINCIPAL_ID',
      arn: 'arn:aws:iam::111122223333:user/Alice',
      accountId: '111122223333',
      accessKeyId: 'EXAMPLE_KEY_ID',
      userName: 'Alice',
    },
    eventTime: '2025-05-20T20:46:16Z',
    eventSource: 'kms.amazonaws.com',
    eventName: 'Encrypt',
    awsRegion: 'us-west-2',
    sourceIPAddress: '192.0.2.0',
    userAgent: 'AWS Internal',
    requestParameters: {
      encryptionContext: { Department: 'Engineering' },
      keyId: keyArn,
      encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    },
    responseElements: null,
    additionalEventData: {
      keyMaterialId: '123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0',
    },
    requestID: 'f3423043-63bc-11e4-bc2b-4198b6150d5c',
    eventID: '91235988-eb87-476a-ac2c-0cdc244e6dca',
    readOnly: true,
    resources: [{ accountId: '111122223333', type: 'AWS::KMS::Key', ARN: keyArn }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '111122223333',
    eventCategory: 'Management',
    tlsDetails: {
      tlsVersion: 'TLSv1.3',
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
      clientProvidedHostHeader: 'kms.us-west-2.amazonaws.com',
      keyExchange: 'X25519MLKEM768',
    },
  };
  assert.equal(buildEvent(encrypt), JSON.stringify(documented));
});

// "RotateKey" (ct-rotatekey).
test('a service event has no caller, no request id and its details', () => {
  const event = build({
    eventName: 'RotateKey',
    principal: undefined,
    requestParameters: null,
    additionalEventData: undefined,
    readOnly: false,
    serviceEvent: {
      serviceEventDetails: { rotationType: 'AUTOMATIC', keyId: '1234abcd-12ab-34cd-56ef-1234567890ab' },
    },
  });
  assert.deepEqual(event.userIdentity, { accountId: '111122223333', invokedBy: 'AWS Internal' });
  assert.equal(event.sourceIPAddress, 'AWS Internal');
  assert.equal(event.userAgent, 'AWS Internal');
  assert.equal(event.eventType, 'AwsServiceEvent');
  assert.equal('requestID' in event, false);
  assert.equal('tlsDetails' in event, false);
  assert.deepEqual(event.serviceEventDetails, {
    rotationType: 'AUTOMATIC',
    keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
  });
});

const identities: [string, Principal | undefined, string, object][] = [
  [
    'root',
    { kind: 'root', accountId: '111122223333', arn: 'arn:aws:iam::111122223333:root' },
    '111122223333',
    {
      type: 'Root',
      principalId: '111122223333',
      arn: 'arn:aws:iam::111122223333:root',
      accountId: '111122223333',
      accessKeyId: 'EXAMPLE_KEY_ID',
    },
  ],
  [
    'a role session',
    {
      kind: 'assumedRole',
      accountId: '111122223333',
      arn: 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
      roleArn: 'arn:aws:iam::111122223333:role/team/Admin',
      roleId: 'AROAEXAMPLE',
      sessionName: 'alice',
    },
    '111122223333',
    {
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLE:alice',
      arn: 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
      accountId: '111122223333',
      accessKeyId: 'EXAMPLE_KEY_ID',
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: 'AROAEXAMPLE',
          arn: 'arn:aws:iam::111122223333:role/team/Admin',
          accountId: '111122223333',
          userName: 'Admin',
        },
      },
    },
  ],
  [
    'a federated user',
    {
      kind: 'federatedUser',
      accountId: '111122223333',
      arn: 'arn:aws:sts::111122223333:federated-user/bob',
      userArn: 'arn:aws:iam::111122223333:user/Alice',
    },
    '111122223333',
    {
      type: 'FederatedUser',
      principalId: '111122223333:bob',
      arn: 'arn:aws:sts::111122223333:federated-user/bob',
      accountId: '111122223333',
      accessKeyId: 'EXAMPLE_KEY_ID',
      sessionContext: {
        sessionIssuer: {
          type: 'IAMUser',
          arn: 'arn:aws:iam::111122223333:user/Alice',
          accountId: '111122223333',
          userName: 'Alice',
        },
      },
    },
  ],
  [
    'a service',
    { kind: 'service', accountId: '111122223333', arn: 'x', service: 'ec2.amazonaws.com' },
    '111122223333',
    { type: 'AWSService', invokedBy: 'ec2.amazonaws.com' },
  ],
  [
    'a user of another account than the one that is told',
    alice,
    '444455556666',
    { type: 'AWSAccount', principalId: 'EX_PRINCIPAL_ID', accountId: '111122223333' },
  ],
  ['nobody', undefined, '', { type: 'Unknown', accessKeyId: 'EXAMPLE_KEY_ID' }],
];

for (const [who, principal, recipientAccountId, userIdentity] of identities) {
  test(`the identity of ${who} is recorded as CloudTrail records it`, () => {
    assert.deepEqual(build({ principal, recipientAccountId }).userIdentity, userIdentity);
  });
}

test('two accounts are told of one request with different ids and the same shared one', () => {
  const sharedEventId = '8424f6b6-2280-4d1d-b9fd-0348b1546cba';
  const own = build({ sharedEventId });
  const other = build({ sharedEventId, eventId: 'b', recipientAccountId: '444455556666' });
  assert.equal(own.sharedEventID, sharedEventId);
  assert.equal(other.sharedEventID, sharedEventId);
  assert.notEqual(own.eventID, other.eventID);
});

test('an error has its code and message, and no message where the service gives none', () => {
  const denied = build({ errorCode: 'AccessDenied', errorMessage: 'User is not authorized' });
  assert.equal(denied.errorCode, 'AccessDenied');
  assert.equal(denied.errorMessage, 'User is not authorized');
  assert.equal('errorMessage' in build({ errorCode: 'InvalidCiphertextException', errorMessage: '' }), false);
});

test('without TLS the record says which host was named, and nothing of TLS', () => {
  assert.deepEqual(build({ tls: undefined }).tlsDetails, {
    clientProvidedHostHeader: 'kms.us-west-2.amazonaws.com',
  });
  assert.equal('tlsDetails' in build({ tls: undefined, host: undefined }), false);
});

test('an error message is cut at 1 KB, between characters', () => {
  const { errorMessage } = build({ errorMessage: '€'.repeat(1000) });
  assert.equal(errorMessage, '€'.repeat(341));
});

test('parameters beyond 100 KB and data beyond 28 KB are left out, with their size', () => {
  const large = { policy: 'p'.repeat(100 * 1024) };
  const event = build({
    requestParameters: large,
    responseElements: large,
    additionalEventData: { x: 'y'.repeat(28 * 1024) },
  });
  assert.deepEqual(event.requestParameters, {
    omitted: true,
    originalSize: 100 * 1024 + 13,
    reason: 'requestParameters too large',
  });
  assert.equal(event.responseElements.omitted, true);
  assert.equal(event.additionalEventData.omitted, true);
  const fits = { policy: 'p'.repeat(100 * 1024 - 13) };
  assert.deepEqual(build({ requestParameters: fits }).requestParameters, fits);
});

test('whatever a caller sends, the record is JSON and fits into the log', () => {
  const hostile = `\u0000"\\\u2028\ud800${'x'.repeat(1_000_000)}`;
  const text = buildEvent({
    ...encrypt,
    eventName: hostile,
    region: hostile,
    sourceAddress: hostile,
    userAgent: hostile,
    host: hostile,
    errorCode: hostile,
    errorMessage: hostile,
    principal: undefined,
    accessKeyId: hostile,
    requestParameters: { a: '\u0001'.repeat(17_000) },
    responseElements: { a: 'é'.repeat(51_000) },
    additionalEventData: { a: 'x'.repeat(28_000) },
  });
  assert.ok(Buffer.byteLength(text) <= recordBytesMax);
  JSON.parse(text);
});
