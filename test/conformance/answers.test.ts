/** What every answer has in common, and what the operations that are not built yet say. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { MemberTable } from '../../src/base/api-model.ts';
import { kmsTable } from '../../src/model/kms-table.ts';
import { operationOf } from '../../src/operations/registry.ts';
import { keyOperations, newSubject } from './key-operations.ts';
import { type Answer, operator, refusal, refusalOf, World } from './world.ts';

const world = await World.start();
after(() => world.stop());

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function assertHeaders({ headers, text }: Answer): void {
  assert.match(String(headers['x-amzn-requestid']), uuid);
  assert.equal(headers['content-type'], 'application/x-amz-json-1.1');
  assert.equal(headers['content-length'], String(Buffer.byteLength(text)));
  assert.equal(headers['cache-control'], 'no-cache, no-store, must-revalidate, private');
  assert.ok(Math.abs(Date.parse(String(headers.date)) - world.nowMs()) < 10_000);
  assert.equal(headers['x-amzn-errortype'], undefined);
}

for (const { title, name, input } of keyOperations) {
  test(`${title} answers with a request id, a date and its content type, served or refused`, async () => {
    const subject = await newSubject(world);
    if (name === 'CancelKeyDeletion') await world.kms().scheduleKeyDeletion({ KeyId: subject.arn });
    const served = await world.raw(operator, name, input(subject));
    const refused = await world.raw(operator, name, input({ ...subject, reference: 'nonsense' }));
    assert.equal(served.status, 200, served.text);
    assert.equal(refused.status, 400);
    assertHeaders(served);
    assertHeaders(refused);
    assert.notEqual(served.headers['x-amzn-requestid'], refused.headers['x-amzn-requestid']);
    // An operation without output answers an empty body, and a refusal names its error without a namespace.
    assert.equal(served.text === '', kmsTable.operations[name]?.output === undefined);
    assert.match(String(refused.body.__type), /^[A-Za-z]+$/);
  });
}

test('the request id of an answer is that of its audit record', async () => {
  const { headers } = await world.raw(operator, 'ListKeys');
  const events = await world.events();
  const matching = events.filter(({ requestID }) => requestID === headers['x-amzn-requestid']);
  assert.deepEqual(
    matching.map(({ eventName }) => eventName),
    ['ListKeys'],
  );
});

test('the body of AccessDeniedException spells Message with a capital, other refusals do not', async () => {
  const denied = await world.raw(operator, 'DescribeKey', {
    KeyId: 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  });
  assert.deepEqual(Object.keys(denied.body), ['__type', 'Message']);
  const missing = await world.raw(operator, 'DescribeKey', { KeyId: 'nonsense' });
  assert.deepEqual(Object.keys(missing.body), ['__type', 'message']);
});

test('timestamps are numbers of seconds since 1970, with milliseconds', async () => {
  const { body } = await world.raw(operator, 'CreateKey');
  const { CreationDate } = body.KeyMetadata as { readonly CreationDate: unknown };
  assert.ok(typeof CreationDate === 'number');
  assert.ok(Math.abs(CreationDate * 1000 - world.nowMs()) < 10_000);
  assert.equal(CreationDate, Math.round(CreationDate * 1000) / 1000);
});

test('an empty body is an empty input, unknown members are passed over, and null is absent', async () => {
  assert.equal((await world.raw(operator, 'ListKeys', '')).status, 200);
  assert.equal((await world.raw(operator, 'ListKeys', '{"NoSuchMember":1}')).status, 200);
  assert.equal((await world.raw(operator, 'CreateKey', '{"Description":null,"Tags":null}')).status, 200);
});

test('members that have no value are left out, never null', async () => {
  const subject = await newSubject(world);
  for (const name of ['DescribeKey', 'GetKeyRotationStatus', 'ListAliases', 'ListKeyRotations']) {
    const { text } = await world.raw(operator, name, { KeyId: subject.arn });
    assert.ok(!text.includes('null'), text);
  }
});

const unbuilt = Object.keys(kmsTable.operations).filter((name) => operationOf('kms', name) === undefined);

test('26 of the 56 operations are not built yet', () => {
  assert.equal(Object.keys(kmsTable.operations).length, 56);
  assert.equal(unbuilt.length, 26);
});

for (const name of unbuilt) {
  test(`${name}, which is not built, answers UnsupportedOperationException once its input is well-formed`, async () => {
    const { input = '' } = kmsTable.operations[name] ?? {};
    assert.deepEqual(
      refusalOf(await world.raw(operator, name, leastOf(input))),
      refusal('UnsupportedOperationException', `The operation ${name} is not supported yet.`),
    );
  });
}

/** A value for each required member, made from the model. */
function leastOf(shapeName: string): object {
  const shape = kmsTable.shapes[shapeName];
  assert.ok(shape !== undefined && shape.type === 'structure', shapeName);
  const required = shape.required ?? [];
  return Object.fromEntries(required.map((member) => [member, leastValue(shape.members[member] ?? '')]));
}

function leastValue(member: MemberTable): unknown {
  const shapeName = typeof member === 'string' ? member : member.shape;
  const shape = kmsTable.shapes[shapeName];
  switch (shape?.type) {
    case 'string':
      return shape.enum?.[0] ?? 'us-east-1'.padEnd(shape.min ?? 0, '1');
    case 'blob':
      return Buffer.alloc(Math.max(1, shape.min ?? 1)).toString('base64');
    case 'list':
      return [leastValue(shape.member)];
    case 'structure':
      return leastOf(shapeName);
    default:
      return 1;
  }
}

test('an operation that nobody knows is refused without a message', async () => {
  assert.deepEqual(
    refusalOf(await world.raw(operator, 'EncryptEverything')),
    refusal('UnknownOperationException'),
  );
});
