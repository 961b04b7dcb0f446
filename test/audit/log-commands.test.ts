import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { logTail } from '../../src/cli/log-tail.ts';
import { logVerify } from '../../src/cli/log-verify.ts';
import { alter, newDirectory, open, recordText, segmentFiles, signer } from './scratch-log.ts';

class Text extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

const keys = [signer.verifier.verifierKey];

async function makeLog(count: number): Promise<string> {
  const directory = newDirectory();
  const log = await open(directory);
  for (let i = 0; i < count; i += 1) await log.append(recordText(i));
  await log.close();
  return directory;
}

async function verify(directory: string, json = false, checkpointFiles: readonly string[] = []) {
  const output = new Text();
  const code = await logVerify({ directory, keys, checkpointFiles, json }, output);
  return { code, text: output.text };
}

test('log verify ends with 0 and says what it verified', async () => {
  const directory = await makeLog(40);
  const { code, text } = await verify(directory);
  assert.equal(code, 0);
  assert.match(text, /records {6}40, of which 40 are vouched for/);
  assert.match(text, /\nverified\n$/);
  const json = JSON.parse((await verify(directory, true)).text);
  assert.equal(json.verified, true);
  assert.equal(json.size, 40);
  assert.deepEqual(json.findings, []);
});

test('log verify ends with 1 and says in which segment, at which offset, batch and record a log was altered', async () => {
  const directory = await makeLog(40);
  const [, second = ''] = segmentFiles(directory);
  alter(join(directory, second), (bytes) => {
    bytes.write('X', bytes.indexOf('event-') + 1);
    return bytes;
  });
  const { code, text } = await verify(directory);
  assert.equal(code, 1);
  assert.match(
    text,
    /WRONG {8}segment-00000002\.log, offset \d+, batch \d+, record \d+: the batch does not match its checksum/,
  );
  const json = JSON.parse((await verify(directory, true)).text);
  assert.equal(json.verified, false);
  assert.equal(json.findings[0].segment, second);
  assert.equal(typeof json.findings[0].leafIndex, 'number');
});

test('log verify finds with a kept checkpoint that a log was replaced by a shorter one', async () => {
  const long = await makeLog(40);
  const short = await makeLog(20);
  const kept = join(newDirectory(), '..', 'kept');
  writeFileSync(kept, readFileSync(join(long, 'checkpoint')));
  assert.equal((await verify(short)).code, 0);
  const { code, text } = await verify(short, false, [kept]);
  assert.equal(code, 1);
  assert.match(text, /the log ends after 20 records, but checkpoint .*kept says that it had 40/);
});

test('log verify ends with 2 when it cannot verify', async () => {
  const output = new Text();
  assert.equal(
    await logVerify({ directory: 'x', keys: ['nonsense'], checkpointFiles: [], json: false }, output),
    2,
  );
  assert.match(output.text, /cannot verify: malformed verifier key/);
  assert.equal(await logVerify({ directory: 'x', keys: [], checkpointFiles: [], json: true }, output), 2);
  assert.equal((await verify(await makeLog(1), false, ['/does/not/exist'])).code, 2);
});

test('log verify of a directory without a log does not say that it verified one', async () => {
  assert.equal((await verify(newDirectory())).code, 1);
});

test('log verify of a log in use does not take the batch being written for damage', async () => {
  const directory = newDirectory();
  const log = await open(directory, { checkpointIntervalMs: 5 });
  let stop = false;
  const traffic = Array.from({ length: 4 }, async () => {
    for (let i = 0; !stop; i += 1) await log.append(recordText(i, 400));
  });
  const results: Awaited<ReturnType<typeof verify>>[] = [];
  for (let round = 0; round < 30; round += 1) results.push(await verify(directory));
  stop = true;
  await Promise.all(traffic);
  await log.close();
  for (const { code, text } of results) assert.equal(code, 0, text);
});

test('log tail prints the last records as they are, or in short', async () => {
  const directory = newDirectory();
  const log = await open(directory);
  for (let i = 0; i < 40; i += 1) await log.append(recordText(i));
  await log.append(
    JSON.stringify({
      eventTime: '2025-05-20T20:46:16Z',
      eventName: 'Encrypt',
      userIdentity: { arn: 'arn:aws:iam::111122223333:root' },
      errorCode: 'AccessDenied',
      resources: [{ ARN: 'arn:k' }],
    }),
  );
  await log.close();
  const json = new Text();
  await logTail({ directory, count: 3, follow: false, json: true }, json);
  assert.deepEqual(json.text.split('\n').slice(0, 2), [recordText(38), recordText(39)]);
  const short = new Text();
  await logTail({ directory, count: 1, follow: false, json: false }, short);
  assert.equal(
    short.text,
    '40 2025-05-20T20:46:16Z Encrypt arn:aws:iam::111122223333:root -> AccessDenied arn:k\n',
  );
});

test('log tail lets no record steer the terminal', async () => {
  const directory = newDirectory();
  const log = await open(directory);
  await log.append(JSON.stringify({ eventName: '\u009b31m\u202e\u{e0001}', userAgent: '\u001b[2J' }));
  await log.append('\u001b]0;title\u0007');
  await log.close();
  for (const json of [true, false]) {
    const output = new Text();
    await logTail({ directory, count: 5, follow: false, json }, output);
    assert.doesNotMatch(output.text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    if (json)
      assert.equal(JSON.parse(output.text.split('\n')[0] ?? '').eventName, '\u009b31m\u202e\u{e0001}');
  }
});

test('log tail follows a log from segment to segment until it is stopped', async () => {
  const directory = newDirectory();
  const log = await open(directory);
  await log.append(recordText(0));
  const output = new Text();
  const stop = new AbortController();
  const tail = logTail({ directory, count: 10, follow: true, json: true, signal: stop.signal }, output);
  for (let i = 1; i < 60; i += 1) await log.append(recordText(i));
  const deadline = Date.now() + 10_000;
  while (output.text.split('\n').length < 61) {
    assert.ok(Date.now() < deadline, output.text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  stop.abort();
  await tail;
  assert.deepEqual(
    output.text.trimEnd().split('\n'),
    Array.from({ length: 60 }, (_, i) => recordText(i)),
  );
  assert.ok(segmentFiles(directory).length > 2);
  await log.close();
});

test('log tail refuses a directory without a log, and prints nothing', async () => {
  const output = new Text();
  await assert.rejects(
    logTail({ directory: newDirectory(), count: 1, follow: false, json: true }, output),
    /there is no audit log in /,
  );
  assert.equal(output.text, '');
});
