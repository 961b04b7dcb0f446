/** A log that takes no more for the moment: who is answered without a record of their own is counted in a later one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditLogBusy } from '../../src/audit/audit-log.ts';
import { Recorder } from '../../src/audit/recorder.ts';
import { RefusalSampler } from '../../src/audit/refusal-sampler.ts';
import { SettableClock } from '../../src/base/clock.ts';
import { Refusal } from '../../src/base/refusal.ts';
import { rootPrincipal } from '../../src/identity/principal.ts';
import { Call } from '../../src/pipeline/call.ts';
import { recordRefusal } from '../../src/pipeline/record.ts';
import { SqliteHome } from '../storage/sqlite-home.ts';
import { newDirectory, open, records } from './scratch-log.ts';

test('a caller whose refusal the log has no room for is counted, and the count is recorded', async () => {
  const home = await SqliteHome.make();
  const storage = await home.open();
  const log = await open(newDirectory(), { waitingBytesMax: 2000 });
  const recorder = new Recorder(storage, log);
  const sampler = new RefusalSampler(new SettableClock());
  const sourceAddress = '192.0.2.7';
  const call = new Call(
    { method: 'POST', target: '/', rawHeaders: [], body: Buffer.alloc(0), sourceAddress },
    0,
  );
  call.caller = {
    principal: rootPrincipal('000000000000'),
    accessKeyId: 'AKID',
    region: 'us-east-1',
    requestId: call.requestId,
    timeMs: 0,
    sourceAddress,
    secureTransport: false,
    userAgent: undefined,
  };
  const waiting = log.append('x'.repeat(2000));
  const refusal = new Refusal('ThrottlingException', 'Rate exceeded');
  await assert.rejects(recordRefusal(call, refusal, { recorder, sampler }), AuditLogBusy);
  await waiting;
  await recordRefusal(call, refusal, { recorder, sampler });
  await recorder.append(sampler.drain());
  const [, own, counted] = (await records(log)).map((text) => (text.startsWith('x') ? {} : JSON.parse(text)));
  assert.deepEqual([own.errorCode, own.requestID], ['ThrottlingException', call.requestId]);
  assert.deepEqual(counted.serviceEventDetails.requestsByErrorCode, { ThrottlingException: 1 });
  assert.equal(counted.serviceEventDetails.sourceIPAddress, sourceAddress);
  await log.close();
  await storage.close();
  await home.remove();
});
