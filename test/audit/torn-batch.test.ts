import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditLogCorrupt } from '../../src/audit/audit-log.ts';
import { SegmentReader } from '../../src/audit/segment-reader.ts';
import {
  alter,
  contents,
  copyOf,
  newDirectory,
  open,
  randomFrom,
  records,
  recordText,
  seed,
  segmentFiles,
  verify,
} from './scratch-log.ts';

console.log(`HOLDFAST_SEED=${seed}`);
const segment = 'segment-00000001.log';

/** A log as a crash leaves it: some batches, the last of which no checkpoint covers. */
async function crashedLog(lastRecords: readonly string[]) {
  const directory = newDirectory();
  const log = await open(directory, { firstSegmentBytes: 16 * 1024 });
  for (let i = 0; i < 5; i += 1) await log.append(recordText(i));
  await log.checkpoint();
  await log.append(recordText(5));
  await log.appendAll(lastRecords);
  const crashed = copyOf(directory);
  await log.close();
  const reader = await SegmentReader.open(join(crashed, segment));
  let last = await reader.next();
  for (let next = last; next !== undefined; next = await reader.next()) last = next;
  assert.ok(last);
  const end = reader.offset;
  await reader.close();
  return {
    directory: crashed,
    start: last.offset,
    end,
    before: last.firstIndex,
    all: last.firstIndex + last.count,
  };
}

const isUnused = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

/** What a start finds: how many records, or that the log is corrupt, having changed nothing. */
async function startOf(directory: string): Promise<number | 'corrupt'> {
  const found = contents(directory);
  try {
    const log = await open(directory);
    const { size } = log;
    assert.deepEqual((await records(log)).length, size);
    await log.append('after');
    await log.close();
    const result = await verify(directory);
    assert.deepEqual(result.findings, []);
    assert.equal(result.size, size + 1);
    return size;
  } catch (error) {
    assert.ok(error instanceof AuditLogCorrupt, String(error));
    assert.deepEqual(contents(directory), found, 'a corrupt log was changed');
    assert.ok((await verify(directory)).findings.length > 0);
    return 'corrupt';
  }
}

test('a last batch that was written up to any byte is cut, and the log goes on before it', async () => {
  const { directory, start, end, before, all } = await crashedLog(['a', recordText(7, 600)]);
  const whole = readFileSync(join(directory, segment));
  assert.ok(end - start > 700);
  for (let cut = start; cut <= end; cut += 1) {
    writeFileSync(join(directory, segment), Buffer.from(whole).fill(0, cut, end));
    assert.deepEqual((await verify(directory)).findings, [], `written up to ${cut - start}`);
    // Verifying is the same walk and quick; really starting is done for a part of the places.
    if (cut % 16 === 0 || cut > end - 40 || cut < start + 50) {
      const expected = cut === end || whole.subarray(cut, end).every((byte) => byte === 0) ? all : before;
      assert.equal(await startOf(copyOf(directory)), expected, `written up to ${cut - start}`);
    }
  }
});

test('a last batch of which some sectors were not written is cut', async () => {
  const { directory, start, end, before } = await crashedLog(
    Array.from({ length: 12 }, (_, i) => recordText(i, 250)),
  );
  const whole = readFileSync(join(directory, segment));
  const sectors: [number, number][] = [];
  for (let from = start; from < end; from = (Math.floor(from / 512) + 1) * 512) {
    sectors.push([from, Math.min(end, (Math.floor(from / 512) + 1) * 512)]);
  }
  assert.ok(sectors.length >= 6);
  const random = randomFrom(seed);
  for (let round = 0; round < 60; round += 1) {
    const torn = Buffer.from(whole);
    const chosen = sectors.filter(() => random(2) === 0);
    // One sector alone, then any number of them.
    const lost = round < sectors.length ? [sectors[round] ?? [0, 0]] : chosen.length === 0 ? sectors : chosen;
    for (const [from, to] of lost) torn.fill(0, from, to);
    writeFileSync(join(directory, segment), torn);
    assert.equal(await startOf(copyOf(directory)), before, `without sectors ${JSON.stringify(lost)}`);
  }
});

test('any bit changed in a last batch that no checkpoint covers is found, and not taken for a torn batch', async () => {
  const { directory, start, end } = await crashedLog(['a', recordText(7, 200)]);
  const whole = readFileSync(join(directory, segment));
  for (let at = start; at < end; at += 1) {
    const altered = Buffer.from(whole);
    altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(join(directory, segment), altered);
    const { findings } = await verify(directory);
    assert.ok(findings.length > 0, `byte ${at - start}`);
    assert.equal(findings[0]?.segment, segment);
    assert.ok((findings[0]?.offset ?? end) <= at);
    if (at % 16 === 0) assert.equal(await startOf(copyOf(directory)), 'corrupt', `byte ${at - start}`);
  }
});

test('a batch before the last that is damaged in any way is corruption, even if it looks torn', async () => {
  const { directory } = await crashedLog(['last']);
  const whole = readFileSync(join(directory, segment));
  const reader = await SegmentReader.open(join(directory, segment));
  const offsets: number[] = [];
  for (let batch = await reader.next(); batch !== undefined; batch = await reader.next())
    offsets.push(batch.offset);
  const [from, to] = offsets.slice(-2);
  await reader.close();
  assert.ok(from !== undefined && to !== undefined);
  for (let at = from; at < to; at += 7) {
    writeFileSync(join(directory, segment), Buffer.from(whole).fill(0, at, to));
    assert.equal(await startOf(copyOf(directory)), 'corrupt', `zeros from ${at - from}`);
  }
});

test('the header of a segment that was written up to any byte is written anew', async () => {
  const directory = newDirectory();
  const log = await open(directory);
  const second = (of: string): Buffer => readFileSync(join(of, 'segment-00000002.log'));
  let crashed = '';
  let size = 0;
  for (let i = 0; segmentFiles(directory).length < 2 || isUnused(second(directory)); i += 1) {
    crashed = copyOf(directory);
    size = log.size;
    await log.append(recordText(i));
  }
  await log.close();
  const whole = second(directory);
  const header = whole.subarray(0, whole.readUInt32BE(12));
  const set = (start: Buffer): void =>
    alter(join(crashed, 'segment-00000002.log'), (bytes) => {
      bytes.fill(0);
      start.copy(bytes);
      return bytes;
    });
  for (let written = 0; written < header.length; written += 3) {
    set(header.subarray(0, written));
    assert.equal(await startOf(copyOf(crashed)), size, `written up to ${written}`);
  }
  for (let at = 0; at < header.length; at += 7) {
    set(Buffer.from(header).fill((header[at] ?? 0) ^ 4, at, at + 1));
    const found = await startOf(copyOf(crashed));
    assert.ok(found === 'corrupt' || (header[at] ?? 0) === 4, `byte ${at} changed`);
  }
});

test('a log whose very first header was written up to any byte begins anew', async () => {
  const directory = newDirectory();
  await (await open(directory)).close();
  const whole = readFileSync(join(directory, segment));
  for (let written = 0; written < 130; written += 5) {
    const copy = copyOf(directory);
    alter(join(copy, segment), () => Buffer.from(whole).fill(0, written));
    assert.equal(await startOf(copy), 0, `written up to ${written}`);
  }
});

test('something after the last batch never costs a record', async () => {
  const { directory, end, all } = await crashedLog(['last']);
  const random = randomFrom(seed);
  for (let round = 0; round < 40; round += 1) {
    const copy = copyOf(directory);
    alter(join(copy, segment), (bytes) => {
      bytes[end + random(bytes.length - end)] = 1 + random(255);
      return bytes;
    });
    const found = await startOf(copy);
    assert.ok(found === all || found === 'corrupt');
  }
});
