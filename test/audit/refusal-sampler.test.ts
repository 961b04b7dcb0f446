import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventFacts } from '../../src/audit/event.ts';
import { defaultRefusalLimits, networkOf, RefusalSampler } from '../../src/audit/refusal-sampler.ts';
import { SettableClock } from '../../src/base/clock.ts';

const refusal = (sourceAddress: string, errorCode = 'InvalidSignatureException'): EventFacts => ({
  eventId: 'e',
  requestId: 'r',
  timeMs: 0,
  principal: undefined,
  eventSource: 'kms.amazonaws.com',
  eventName: 'Unknown',
  region: '',
  sourceAddress,
  userAgent: 'u'.repeat(5000),
  errorCode,
  errorMessage: 'm'.repeat(5000),
  requestParameters: { secret: 'what a stranger sent' },
  responseElements: null,
  resources: [],
  readOnly: false,
  recipientAccountId: '',
});

function sampler(limits = defaultRefusalLimits) {
  let nowMs = 1_700_000_000_000;
  const clock = new SettableClock({ nowMs: () => nowMs });
  return { sampler: new RefusalSampler(clock, limits), pass: (ms: number) => (nowMs += ms) };
}

test('the first refusals of a source are recorded one by one, in short form; the others are counted', () => {
  const { sampler: s } = sampler();
  const records = Array.from({ length: 1000 }, () => s.sample(refusal('192.0.2.1'))).flat();
  assert.equal(records.length, defaultRefusalLimits.recordsPerSource);
  for (const record of records) {
    assert.ok(record.length < 2000);
    assert.ok(!record.includes('stranger'));
  }
  const [counted, ...rest] = s.drain().map((record) => JSON.parse(record));
  assert.deepEqual(rest, []);
  assert.equal(counted.eventName, 'RefusedRequests');
  assert.equal(counted.serviceEventDetails.sourceIPAddress, '192.0.2.1');
  assert.equal(counted.serviceEventDetails.requests, 990);
  assert.deepEqual(counted.serviceEventDetails.requestsByErrorCode, { InvalidSignatureException: 990 });
  assert.deepEqual(s.drain(), []);
});

test('one source that floods does not silence another', () => {
  const { sampler: s } = sampler();
  for (let i = 0; i < 10_000; i += 1) s.sample(refusal('192.0.2.1'));
  assert.equal(s.sample(refusal('198.51.100.7')).length, 1);
});

test('a flood from very many addresses is bounded in records and in memory, and every request is counted', () => {
  const { sampler: s } = sampler();
  const sources = 50_000;
  let single = 0;
  for (let i = 0; i < sources; i += 1) {
    single += s.sample(refusal(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, `Error${i % 100}`)).length;
  }
  assert.equal(single, defaultRefusalLimits.recordsOverall);
  const summaries = s.drain().map((record) => JSON.parse(record).serviceEventDetails);
  assert.equal(summaries.length, defaultRefusalLimits.sourcesNamedMax + 1);
  const counted = summaries.reduce((sum, { requests }) => sum + requests, 0);
  assert.equal(single + counted, sources);
  for (const { requestsByErrorCode } of summaries) assert.ok(Object.keys(requestsByErrorCode).length <= 16);
});

test('in a day of flooding the records are few', () => {
  const { sampler: s, pass } = sampler();
  let records = 0;
  let bytes = 0;
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    const written = Array.from({ length: 200 }, (_, i) => s.sample(refusal(`192.0.2.${i}`))).flat();
    if (minute % 5 === 4) written.push(...s.drain());
    records += written.length;
    for (const record of written) bytes += record.length;
    pass(60_000);
  }
  assert.ok(records < 16_000, `${records} records`);
  assert.ok(bytes < 20_000_000, `${bytes} bytes`);
});

test('a source that was quiet is recorded one by one again', () => {
  const { sampler: s, pass } = sampler();
  for (let i = 0; i < 100; i += 1) s.sample(refusal('192.0.2.1'));
  s.drain();
  pass(defaultRefusalLimits.recordsPerSource * defaultRefusalLimits.msPerSourceRecord);
  assert.equal(s.sample(refusal('192.0.2.1')).length, 1);
});

test('a clock that is set back gives nobody more records', () => {
  const { sampler: s, pass } = sampler();
  for (let i = 0; i < 100; i += 1) s.sample(refusal('192.0.2.1'));
  pass(-1_000_000_000);
  assert.deepEqual(s.sample(refusal('192.0.2.1')), []);
});

for (const [address, network] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
] as const) {
  test(`${address} counts as ${network}`, () => assert.equal(networkOf(address), network));
}
