import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildEvent, type EventFacts } from '../../src/audit/event.ts';
import { LastUsage } from '../../src/audit/last-usage.ts';
import { newDirectory, open } from './scratch-log.ts';

const accountId = '111122223333';
const arn = (n: number): string => `arn:aws:kms:us-east-1:${accountId}:key/${n}`;

const event = (eventName: string, n: number, id: string, more: Partial<EventFacts> = {}): string =>
  buildEvent({
    eventId: id,
    requestId: `request-${id}`,
    timeMs: 1_700_000_000_000,
    principal: { kind: 'root', accountId, arn: `arn:aws:iam::${accountId}:root` },
    eventSource: 'kms.amazonaws.com',
    eventName,
    region: 'us-east-1',
    sourceAddress: '192.0.2.1',
    userAgent: undefined,
    requestParameters: null,
    responseElements: null,
    resources: [{ arn: arn(n), accountId }],
    readOnly: true,
    recipientAccountId: accountId,
    ...more,
  });

/** As at a start. */
async function openLastUsage(...restored: Parameters<LastUsage['restore']>): Promise<LastUsage> {
  const usage = new LastUsage();
  await usage.restore(...restored);
  return usage;
}

test('the last successful cryptographic use of each key is rebuilt from the log', async () => {
  const log = await open(newDirectory());
  await log.appendAll([
    event('Encrypt', 1, 'a'),
    event('Decrypt', 1, 'b'),
    event('Decrypt', 1, 'c', { errorCode: 'AccessDenied' }),
    event('DescribeKey', 1, 'd'),
    event('Encrypt', 2, 'e', { recipientAccountId: '444455556666' }),
    'not an event',
    event('ReEncrypt', 3, 'f', {
      resources: [
        { arn: arn(3), accountId },
        { arn: arn(4), accountId },
      ],
    }),
  ]);
  const usage = await openLastUsage(join(newDirectory(), 'none'), log);
  const timeMs = 1_700_000_000_000;
  assert.deepEqual(usage.get(arn(1)), { operation: 'Decrypt', timeMs, eventId: 'b', requestId: 'request-b' });
  assert.equal(usage.get(arn(2)), undefined);
  assert.equal(usage.get(arn(3))?.operation, 'ReEncrypt');
  assert.equal(usage.get(arn(4))?.eventId, 'f');
  await log.close();
});

test('what was saved is taken up, and only the records after it are read', async () => {
  const log = await open(newDirectory());
  const path = join(log.directory, 'last-usage');
  await log.append(event('Encrypt', 1, 'a'));
  const usage = new LastUsage();
  usage.note(arn(9), { operation: 'Sign', timeMs: 5, eventId: 'x', requestId: 'y' });
  usage.note(arn(9), { operation: 'DescribeKey', timeMs: 6, eventId: 'z', requestId: 'z' });
  await usage.save(path, log);
  await log.append(event('Decrypt', 2, 'b'));
  const reads: number[] = [];
  const again = await openLastUsage(path, {
    size: log.size,
    read: (from, to) => {
      reads.push(from);
      return log.read(from, to);
    },
  });
  assert.deepEqual(reads, [1]);
  assert.deepEqual(again.get(arn(9)), { operation: 'Sign', timeMs: 5, eventId: 'x', requestId: 'y' });
  assert.equal(again.get(arn(2))?.eventId, 'b');
  again.forget(arn(9));
  assert.equal(again.get(arn(9)), undefined);
  await log.close();
});

for (const [title, text] of [
  ['is empty', ''],
  ['is of another form', '["holdfast last usage 2",0]\n'],
  ['has a damaged line', '["holdfast last usage 1",1]\n["arn",1]\n'],
  ['is cut in a line', '["holdfast last usage 1",1]\n["arn","Sign",1,"x'],
  ['covers more than the log has', '["holdfast last usage 1",2]\n["arn","Sign",1,"x","y"]\n'],
] as const) {
  test(`a saved file that ${title} is passed over, and the whole log is read`, async () => {
    const log = await open(newDirectory());
    await log.append(event('Encrypt', 1, 'a'));
    const path = join(log.directory, 'last-usage');
    writeFileSync(path, text);
    const usage = await openLastUsage(path, log);
    assert.equal(usage.get(arn(1))?.eventId, 'a');
    assert.equal(usage.get('arn'), undefined);
    await log.close();
  });
}

test('what is used while older uses are still being read stays the last use, and nothing half read is saved', async () => {
  const log = await open(newDirectory());
  const path = join(log.directory, 'last-usage');
  await log.appendAll([event('Encrypt', 1, 'a'), event('Encrypt', 2, 'b'), event('Encrypt', 1, 'c')]);
  const usage = new LastUsage();
  await usage.restore(join(newDirectory(), 'none'), {
    size: log.size,
    async *read(from, to) {
      for await (const logged of log.read(from, to)) {
        yield logged;
        if (logged.index !== 0) continue;
        usage.note(arn(1), { operation: 'Decrypt', timeMs: 9, eventId: 'now', requestId: 'r' });
        await usage.save(path, log);
        assert.equal(existsSync(path), false);
      }
    },
  });
  assert.equal(usage.get(arn(1))?.eventId, 'now');
  assert.equal(usage.get(arn(2))?.eventId, 'b');
  await usage.save(path, log);
  const again = await openLastUsage(path, log);
  assert.deepEqual([again.get(arn(1))?.eventId, again.get(arn(2))?.eventId], ['now', 'b']);
  const broken = new LastUsage();
  const unreadable = async function* () {
    yield* [];
    throw new Error('EIO');
  };
  await assert.rejects(broken.restore('none', { size: 3, read: unreadable }), /EIO/);
  await broken.save(path, log);
  assert.equal((await openLastUsage(path, log)).get(arn(2))?.eventId, 'b');
  await log.close();
});
