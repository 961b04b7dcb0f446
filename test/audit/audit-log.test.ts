import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditLogBusy, AuditLogFailed } from '../../src/audit/audit-log.ts';
import { recordBytesMax } from '../../src/audit/segment.ts';
import { openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { CompactRange, hashLeaf } from '../../src/tlog/merkle.ts';
import {
  newDirectory,
  open,
  origin,
  randomFrom,
  records,
  recordText,
  seed,
  segmentFiles,
  signer,
  verify,
} from './scratch-log.ts';

console.log(`HOLDFAST_SEED=${seed}`);

test('records come back in the order of their appending, across segments and restarts', async () => {
  const directory = newDirectory();
  const random = randomFrom(seed);
  const expected: string[] = [];
  for (let run = 0; run < 4; run += 1) {
    const log = await open(directory);
    assert.equal(log.size, expected.length);
    const waiting: Promise<void>[] = [];
    for (let i = 0; i < 60; i += 1) {
      const text = recordText(expected.length, random(600));
      expected.push(text);
      waiting.push(log.append(random(2) === 0 ? text : Buffer.from(text)));
      if (random(4) === 0) await waiting.at(-1);
    }
    await Promise.all(waiting);
    assert.deepEqual(await records(log), expected);
    await log.close();
  }
  assert.ok(segmentFiles(directory).length > 3);
  const result = await verify(directory);
  assert.deepEqual(result.findings, []);
  assert.equal(result.size, expected.length);
  assert.equal(result.signedSize, expected.length);
});

test('records with characters outside ASCII, empty ones and raw bytes are kept as they are', async () => {
  const directory = newDirectory();
  const log = await open(directory);
  const given = ['', 'zwölf Boxkämpfer 🥊 \u0000', Buffer.of(0, 255, 30, 72, 70, 66), '\ud800'];
  await log.appendAll(given);
  const read: Buffer[] = [];
  for await (const { record } of log.read(0, 4)) read.push(record);
  assert.deepEqual(
    read,
    given.map((each) => Buffer.from(typeof each === 'string' ? each : each)),
  );
  await log.close();
  assert.deepEqual((await verify(directory)).findings, []);
});

test('records that wait together share a batch', async () => {
  const log = await open(newDirectory());
  const before = (await verify(log.directory)).batches;
  await Promise.all(Array.from({ length: 50 }, (_, i) => log.append(recordText(i, 0))));
  assert.equal((await verify(log.directory)).batches, before + 1);
  await log.close();
});

test('a checkpoint is of everything appended before it, and is what the file says', async () => {
  const directory = newDirectory();
  const log = await open(directory);
  const range = new CompactRange();
  for (let i = 0; i < 30; i += 1) {
    const text = recordText(i);
    void log.append(text);
    range.append(hashLeaf(Buffer.from(text)));
  }
  const note = await log.checkpoint();
  const checkpoint = openCheckpoint(note, origin, [signer.verifier]);
  assert.equal(checkpoint.size, 30);
  assert.deepEqual(Buffer.from(checkpoint.root), Buffer.from(range.root()));
  assert.equal(readFileSync(join(directory, 'checkpoint'), 'utf8'), note);
  assert.equal(await log.checkpoint(), note);
  await log.close();
});

test('a checkpoint is signed while records arrive, and soon after they stop', async () => {
  const directory = newDirectory();
  const log = await open(directory, { checkpointIntervalMs: 20 });
  await log.append('one');
  const deadline = Date.now() + 5000;
  while ((await verify(directory)).signedSize < 1) assert.ok(Date.now() < deadline);
  await log.close();
});

test('checkpoint() returns although records never stop arriving', async () => {
  const log = await open(newDirectory());
  let done = false;
  const traffic = Array.from({ length: 8 }, async (_, i) => {
    while (!done) await log.append(recordText(i));
  });
  await log.checkpoint();
  done = true;
  await Promise.all(traffic);
  await log.close();
});

test('more waiting records than may wait are refused, and the log goes on', async () => {
  const log = await open(newDirectory(), { waitingBytesMax: 1000, firstSegmentBytes: 64 * 1024 });
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => log.append('x'.repeat(100))));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 10);
  for (const result of results)
    if (result.status === 'rejected') assert.ok(result.reason instanceof AuditLogBusy);
  await log.append('next');
  assert.equal(log.size, 11);
  await log.close();
});

test('records that belong together are all taken or none is', async () => {
  const log = await open(newDirectory(), { waitingBytesMax: 300 });
  const [, together] = await Promise.allSettled([
    log.append('x'.repeat(100)),
    log.appendAll(['a'.repeat(150), 'b'.repeat(150)]),
  ]);
  assert.ok(together.status === 'rejected' && together.reason instanceof AuditLogBusy);
  await log.appendAll(['c', 'd'.repeat(299)]);
  assert.deepEqual(await records(log, 1), ['c', 'd'.repeat(299)]);
  await assert.rejects(log.appendAll(['e', 'x'.repeat(recordBytesMax + 1)]), RangeError);
  assert.equal(log.size, 3);
  await log.close();
});

test('a record longer than a record may be is refused, and one as long as it may be is not', async () => {
  const directory = newDirectory();
  const log = await open(directory, { firstSegmentBytes: 1024 * 1024 });
  await assert.rejects(log.append('x'.repeat(recordBytesMax + 1)), RangeError);
  await Promise.all([1, 2, 3].map(() => log.append('x'.repeat(recordBytesMax))));
  await log.close();
  assert.equal((await verify(directory)).size, 3);
});

test('the next segment is set aside in full before it is needed', async () => {
  const directory = newDirectory();
  const log = await open(directory, { firstSegmentBytes: 16 * 1024 });
  for (let i = 0; i < 40; i += 1) await log.append(recordText(i));
  const deadline = Date.now() + 5000;
  while (segmentFiles(directory).length < 2) {
    assert.ok(Date.now() < deadline);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(statSync(join(directory, segmentFiles(directory)[1] ?? '')).size, 32 * 1024);
  await log.close();
});

test('close writes what waits, signs it, and refuses what comes after', async () => {
  const directory = newDirectory();
  const log = await open(directory);
  const waiting = log.append('last');
  await log.close();
  await waiting;
  await log.close();
  await assert.rejects(log.append('late'), AuditLogFailed);
  await assert.rejects(log.checkpoint(), AuditLogFailed);
  const result = await verify(directory);
  assert.equal(result.signedSize, 1);
});

test('without durability nothing is flushed before the answer, and the log is whole all the same', async () => {
  const directory = newDirectory();
  const flushed: string[] = [];
  const log = await open(directory, {
    durable: false,
    faults: (operation, path) => {
      if (operation === 'flush') flushed.push(path);
      return undefined;
    },
  });
  flushed.length = 0;
  await log.append('one');
  assert.deepEqual(flushed, []);
  await log.close();
  assert.equal((await verify(directory)).size, 1);
});

test('a log is read from any record on', async () => {
  const directory = newDirectory();
  const log = await open(directory);
  for (let i = 0; i < 100; i += 1) await log.append(recordText(i));
  for (const from of [0, 1, 17, 50, 99, 100]) {
    const texts = await records(log, from);
    assert.equal(texts.length, 100 - from);
    if (from < 100) assert.equal(texts[0], recordText(from));
  }
  await log.close();
});
