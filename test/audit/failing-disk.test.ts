import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AuditLog, AuditLogFailed } from '../../src/audit/audit-log.ts';
import { DurableFile, type Fault, type FileOperation, replaceFile } from '../../src/base/durable-file.ts';
import { newDirectory, open, records, recordText, verify } from './scratch-log.ts';

interface Run {
  readonly operations: FileOperation[];
  readonly acknowledged: Set<string>;
  readonly appended: string[];
  readonly failed: boolean;
}

/** Opens a log, appends through three segments, signs and closes; the durable operation number `at` meets `fault`. */
async function run(directory: string, at: number, fault: Fault): Promise<Run> {
  const operations: FileOperation[] = [];
  const acknowledged = new Set<string>();
  const appended: string[] = [];
  const paths: string[] = [];
  const faults = (operation: FileOperation, path: string): Fault | undefined => {
    operations.push(operation);
    paths.push(path);
    return operations.length - 1 === at ? fault : undefined;
  };
  let log: AuditLog;
  try {
    log = await open(directory, { faults, firstSegmentBytes: 4096 });
  } catch {
    return { operations, acknowledged, appended, failed: true };
  }
  let told: Error | undefined;
  log.onFailure((error) => {
    told = error;
  });
  const append = async (text: string): Promise<void> => {
    appended.push(text);
    await log.append(text);
    assert.equal(log.failed, undefined, 'acknowledged after the failure');
    acknowledged.add(text);
  };
  for (let i = 0; i < 9; i += 1) {
    await Promise.allSettled([append(recordText(2 * i, 500)), append(recordText(2 * i + 1, 500))]);
    if (i === 3) await log.checkpoint().catch(() => undefined);
  }
  if (log.failed === undefined) await log.close();
  const failed = log.failed !== undefined;
  if (failed) {
    assert.ok(log.failed instanceof AuditLogFailed);
    assert.equal(told, log.failed);
    // Everyone who comes is refused.
    await assert.rejects(log.append('later'), AuditLogFailed);
    await assert.rejects(log.checkpoint(), AuditLogFailed);
    await log.close();
    // And nothing is tried again on the file that failed.
    const file = operations[at] === 'write' || operations[at] === 'flush' ? paths[at] : undefined;
    assert.ok(file === undefined || !paths.slice(at + 1).includes(file));
  }
  return { operations, acknowledged, appended, failed };
}

async function assertConsistent(
  directory: string,
  { acknowledged, appended }: Run,
  what: string,
): Promise<void> {
  const log = await open(directory, { firstSegmentBytes: 4096 });
  const found = await records(log);
  for (const text of acknowledged) assert.ok(found.includes(text), `${what}: an acknowledged record is lost`);
  // Those that were not acknowledged may be there or not, but in order and without gaps.
  assert.deepEqual(found, appended.slice(0, found.length), what);
  await log.append('after');
  await log.close();
  const result = await verify(directory);
  assert.deepEqual(result.findings, [], what);
  assert.equal(result.signedSize, found.length + 1, what);
}

const { operations } = await run(newDirectory(), -1, { how: 'lost', code: 'EIO' });

for (const fault of [
  { how: 'lost', code: 'EIO' },
  { how: 'reported-lost', code: 'EIO' },
  { how: 'torn', code: 'ENOSPC' },
] as const) {
  test(`each durable operation that is ${fault.how} (${fault.code}) ends the log, and a restart finds it whole`, async () => {
    assert.ok(operations.filter((operation) => operation === 'write').length > 12);
    for (const [at, operation] of operations.entries()) {
      if (fault.how === 'torn' && operation !== 'write') continue;
      const directory = newDirectory();
      const result = await run(directory, at, fault);
      const what = `operation ${at} (${operation}) ${fault.how}`;
      // How the background work falls differs from run to run: by then another operation may stand there.
      if (result.operations[at] !== undefined && result.operations[at] !== 'remove')
        assert.ok(result.failed, what);
      await assertConsistent(directory, result, what);
    }
  });
}

test('a write that the system does only half of is completed', async () => {
  const directory = newDirectory();
  const log = await open(directory, {
    faults: (operation) => (operation === 'write' ? { how: 'short', code: '' } : undefined),
  });
  await log.appendAll(Array.from({ length: 20 }, (_, i) => recordText(i)));
  await log.close();
  const result = await verify(directory);
  assert.deepEqual(result.findings, []);
  assert.equal(result.size, 20);
});

test('after a failed flush a file takes no more, even when the next flush would succeed', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'holdfast-file-')), 'file');
  let flushes = 0;
  const faults = (operation: FileOperation): Fault | undefined => {
    if (operation !== 'flush') return undefined;
    flushes += 1;
    return flushes === 1 ? { how: 'lost', code: 'EIO' } : undefined;
  };
  const file = await DurableFile.open(path, { create: true, faults });
  await file.write(Buffer.from('a'), 0);
  await assert.rejects(file.flush(), /EIO/);
  await assert.rejects(file.flush(), /takes no writes after a failed one/);
  await assert.rejects(file.write(Buffer.from('b'), 0), /takes no writes after a failed one/);
  assert.equal(flushes, 1);
  await file.close();
});

test('a file whose replacement fails anywhere is the old one or the new one, whole', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'holdfast-file-')), 'file');
  for (const how of ['lost', 'reported-lost', 'torn'] as const) {
    for (let at = 0; at < 8; at += 1) {
      writeFileSync(path, 'old');
      let seen = 0;
      const faults = (operation: FileOperation): Fault | undefined => {
        // There is nothing to remove: losing that loses nothing.
        if (operation === 'remove' || (how === 'torn' && operation !== 'write')) return undefined;
        seen += 1;
        return seen - 1 === at ? { how, code: 'EIO' } : undefined;
      };
      const failed = await replaceFile(path, 'new!', faults).then(
        () => false,
        () => true,
      );
      assert.equal(failed, at < seen);
      assert.ok(['old', 'new!'].includes(readFileSync(path, 'utf8')));
      if (!failed) assert.equal(readFileSync(path, 'utf8'), 'new!');
      // What a failure left behind is no obstacle.
      await replaceFile(path, 'newer');
      assert.equal(readFileSync(path, 'utf8'), 'newer');
    }
  }
});

/** Gives `use` a directory on a disk of 3 MiB. Where no disk can be mounted, a fault stands in for the full one. */
async function onSmallDisk(use: (directory: string, isReal: boolean) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));
  const isReal = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', directory]).status === 0;
  try {
    await use(directory, isReal);
  } finally {
    if (isReal) spawnSync('umount', [directory]);
    rmSync(directory, { recursive: true, force: true });
  }
}

test('a full disk ends the log with a clear error; with room again a restart finds all that was acknowledged', async (t) => {
  await onSmallDisk(async (disk, isReal) => {
    t.diagnostic(
      isReal ? 'on a tmpfs of 3 MiB' : 'no disk could be mounted: the disk is full by an injected fault',
    );
    const directory = join(disk, 'log');
    const filler = join(disk, 'filler');
    if (isReal) writeFileSync(filler, Buffer.alloc(1024 * 1024));
    let written = 0;
    const faults = (operation: FileOperation): Fault | undefined => {
      if (isReal || operation !== 'write') return undefined;
      written += 1;
      return written > 200 ? { how: 'torn', code: 'ENOSPC' } : undefined;
    };
    const log = await open(directory, { firstSegmentBytes: 64 * 1024, faults });
    const acknowledged: string[] = [];
    for (let i = 0; log.failed === undefined; i += 1) {
      const text = recordText(i, 2000);
      await log.append(text).then(
        () => acknowledged.push(text),
        (error: unknown) =>
          assert.ok(error instanceof AuditLogFailed && /ENOSPC/.test(error.message), String(error)),
      );
      assert.ok(i < 100_000);
    }
    assert.ok(acknowledged.length > 10);
    await log.close();
    if (isReal) rmSync(filler);
    const again = await open(directory);
    assert.deepEqual((await records(again)).slice(0, acknowledged.length), acknowledged);
    await again.append('after');
    await again.close();
    assert.deepEqual((await verify(directory)).findings, []);
  });
});
