/**
 * Each durable write that the server makes goes wrong once in each way: lost, done but reported lost, half
 * done, short, the disk full. Whoever waits for it is refused, nothing more is served, the operator is told
 * why, and after a restart all is consistent.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, seedOfRun } from '../fuzz/random.ts';
import { Installation, type Saved } from './installation.ts';

const seed = seedOfRun();
console.log(`HOLDFAST_SEED=${seed}`);
const installation = new Installation(seededRandom(seed), 1);

/** The installation in use, and with its first segment so far filled that the next is about to be set aside, or begun. */
const saved: { used?: Saved; aboutToPrepare?: Saved; aboutToBegin?: Saved } = {};

before(async () => {
  await installation.start();
  await installation.steps(10);
  await installation.stop();
  saved.used = installation.save();
  await installation.start();
  await fillSegment(0.23);
  await installation.stop();
  saved.aboutToPrepare = installation.save();
  await installation.start();
  await fillSegment(0.97);
  await installation.stop();
  assert.ok(existsSync(segment(2)), 'the next segment is set aside');
  saved.aboutToBegin = installation.save();
});
after(() => installation.remove());

const segment = (number: number): string =>
  join(installation.directory, 'log', `segment-0000000${number}.log`);

/** With records of this many bytes and some more, which some steps of each client bring beyond where it stands. */
const largeContextBytes = 6_000;

async function fillSegment(fraction: number): Promise<void> {
  for (;;) {
    const bytes = readFileSync(segment(1));
    if (bytes.findLastIndex((byte) => byte !== 0) > fraction * bytes.length) break;
    for (const worker of installation.workers) worker.contextBytes = largeContextBytes;
    await installation.steps(1);
  }
}

/** Whatever ended the server: all is consistent with the next one. */
async function restart(signal?: NodeJS.Signals): Promise<void> {
  await installation.server.stop(signal);
  await installation.checkLog();
  await installation.start();
  await installation.checkServed();
  await installation.kill();
}

const ready = async (): Promise<number> =>
  (await fetch(`${installation.server.endpoint}/health/ready`)).status;

/** Everyone is answered, and nobody is served. */
async function assertNothingIsServed(): Promise<void> {
  assert.equal(await ready(), 503);
  for (const worker of installation.workers) {
    const client = worker.client(installation.server.port);
    for (const [operation, input] of [
      ['ListKeys', {}],
      ['CreateKey', {}],
      ['GenerateRandom', { NumberOfBytes: 8 }],
    ] as const) {
      const { status, body } = await client.ask(operation, input);
      assert.equal(status, 500);
      assert.equal(body.__type, 'KMSInternalException');
    }
    client.close();
  }
}

/** What the operator is told of a store that has failed: once, and so. */
function assertOperatorIsTold(what: RegExp): void {
  const lines = installation.server.output().split('\n');
  const [said, ...others] = lines.filter((line) => line.includes('"level":"fatal"'));
  assert.match(String(JSON.parse(said ?? '{}').message), what);
  assert.deepEqual(others, []);
}

/** Starts with the fault, loads until nothing is served, and finds that so it stays until a restart. */
async function failAndRestart(fault: string, says: RegExp): Promise<void> {
  await installation.start('--fault', fault);
  const deadline = performance.now() + 20_000;
  await installation.load(() => performance.now() > deadline);
  const last = installation.workers.map(({ journal }) => journal.acknowledged.at(-1)?.status);
  assert.deepEqual(new Set(last), new Set([500]));
  await assertNothingIsServed();
  assertOperatorIsTold(says);
  await restart();
}

const both = ['lost', 'reported-lost'];
const eachWay = [...both, 'torn:ENOSPC'];
const next = 'segment-00000002.log';

const logFaults: readonly (readonly [
  from: keyof typeof saved,
  operation: string,
  file: string,
  hows: string[],
])[] = [
  // What requests wait for, after some that went well.
  ['used', 'write', 'segment-00000001.log', eachWay.map((how) => `${how}@9`)],
  ['used', 'flush', 'segment-00000001.log', both.map((how) => `${how}@9`)],
  // In the background, about once a second.
  ['used', 'open', 'checkpoint', both],
  ['used', 'write', 'checkpoint', eachWay],
  ['used', 'flush', 'checkpoint', both],
  ['used', 'rename', 'checkpoint', both],
  ['used', 'flush-directory', 'log', both],
  // In the background, when a quarter of the segment in use is full.
  ['aboutToPrepare', 'open', next, both],
  ['aboutToPrepare', 'write', next, eachWay],
  ['aboutToPrepare', 'flush', next, both],
  ['aboutToPrepare', 'rename', next, both],
  // The header of the next segment, when the one in use is full.
  ['aboutToBegin', 'write', next, eachWay],
  ['aboutToBegin', 'flush', next, both],
];

for (const [from, operation, file, hows] of logFaults) {
  for (const how of hows) {
    const fault = `${operation}=${file}:${how}`;
    test(`the log, ${fault} (${from}): refused, nothing more served, consistent after a restart`, async () => {
      await installation.restore(saved[from] ?? assert.fail());
      const code = how.includes('ENOSPC') ? 'ENOSPC' : 'EIO';
      await failAndRestart(
        fault,
        new RegExp(`the audit log cannot be written: ${code}: .* ${operation} of `),
      );
    });
  }
}

for (const [fault, says] of [
  ['storage:lost@9', /state\.db` could not be written or read \(injected: COMMIT failed\): .* restart/],
  ['storage:doneButReportedLost@9', /state\.db` could not be written or read \(injected: COMMIT was done/],
  ['storage:diskFull@9', /there is no room to write `.*state\.db`: free some and restart/],
] as const) {
  test(`the database, ${fault}: refused, nothing more served, consistent after a restart`, async () => {
    await installation.restore(saved.used ?? assert.fail());
    await failAndRestart(fault, says);
  });
}

// The file that a rotation could not replace is the old one or the new one, and each opens all that is sealed:
// so the request is refused, and so is every other rotation until a restart, but all else goes on.
for (const fault of [
  'open=root.key:lost',
  'write=root.key:lost',
  'write=root.key:torn:ENOSPC',
  'flush=root.key:lost',
  'flush=root.key:reported-lost',
  'rename=root.key:lost',
  'rename=root.key:reported-lost',
  'flush-directory=data:lost',
  // The second time that a rotation writes the file, without the old root key.
  'rename=root.key:lost@1',
  'rename=root.key:reported-lost@1',
]) {
  test(`the root key file, ${fault}: the rotation is refused, keys stay usable, consistent after a restart`, async () => {
    await installation.restore(saved.used ?? assert.fail());
    await installation.start('--fault', fault);
    const client = installation.client();
    for (const says of [/injected fault/, /restart before changing it again/]) {
      const { status, body, requestId } = await client.ask('RotateRootKey', {}, { service: 'holdfast' });
      assert.equal(status, 500);
      assert.equal(body.__type, 'KMSInternalException');
      const lines = installation.server.output().split('\n');
      assert.match(lines.find((line) => line.includes(requestId)) ?? '', says);
    }
    client.close();
    assert.equal(await ready(), 200);
    for (const worker of installation.workers) {
      const KeyId = await worker.usableKey(installation.server.port);
      const user = worker.client(installation.server.port);
      await user.call('Encrypt', { KeyId, Plaintext: 'AAAA' });
      user.close();
    }
    await restart('SIGKILL');
  });
}

// Between the two times that a rotation writes the root key file, domain keys are sealed anew in the database.
for (const fault of [
  'storage:lost',
  'storage:doneButReportedLost',
  'storage:killedBeforeCommit',
  'storage:killedAfterCommit',
]) {
  test(`a root rotation, ${fault}: both root keys open until the next start has finished it`, async () => {
    await installation.restore(saved.used ?? assert.fail());
    await installation.start('--fault', fault);
    const client = installation.client();
    const answer = await client.ask('RotateRootKey', {}, { service: 'holdfast' }).catch(() => undefined);
    client.close();
    assert.equal(answer?.status, fault.includes('killed') ? undefined : 500);
    await restart();
  });
}

test('writes that the system does only half of are completed, in every file', async () => {
  await installation.restore(saved.used ?? assert.fail());
  const files = ['segment-00000001.log', 'checkpoint', 'root.key'];
  await installation.start(
    ...files.flatMap((file) => ['--fault', `write=${file}:short`, '--fault', `write=${file}:short@1`]),
  );
  const client = installation.client();
  await client.call('RotateRootKey', {}, { service: 'holdfast' });
  client.close();
  await installation.steps(5);
  await installation.stop();
  await installation.checkLog();
  await installation.start();
  await installation.checkServed();
  await installation.kill();
});

for (const fault of [
  'open=last-usage:lost',
  'write=last-usage:torn:ENOSPC',
  'flush=last-usage:lost',
  'rename=last-usage:reported-lost',
  'rename=last-usage:killed-before',
]) {
  test(`the last usages, ${fault}: known all the same after a restart`, async () => {
    await installation.restore(saved.used ?? assert.fail());
    await installation.start('--fault', fault);
    const [worker] = installation.workers;
    const KeyId = await worker?.usableKey(installation.server.port);
    const user = installation.client();
    const { requestId } = await user.ask('Encrypt', { KeyId, Plaintext: 'AAAA' });
    user.close();
    await installation.server.stop();
    await installation.checkLog();
    await installation.start();
    const client = installation.client();
    // Restored in the background, because no first request needs them.
    for (let i = 0; ; i += 1) {
      const { KeyLastUsage } = await client.call('GetKeyLastUsage', { KeyId });
      const known = KeyLastUsage as { KmsRequestId?: string };
      if (known.KmsRequestId === requestId) break;
      assert.ok(i < 100, `the last use was ${requestId}, not ${JSON.stringify(known)}`);
      await sleep(20);
    }
    client.close();
    await installation.kill();
  });
}

// A directory is set up anew after a start that failed anywhere, as if there had been none.
for (const fault of [
  'create-directory=log:reported-lost',
  'write=segment-00000001.log:torn:ENOSPC',
  'rename=segment-00000001.log:lost',
  'flush=segment-00000001.log:reported-lost@1',
  'rename=checkpoint:reported-lost',
  'write=root.key:torn:ENOSPC',
  'flush-directory=data:lost',
  'storage:lost',
  'storage:doneButReportedLost@1',
  'storage:lost@2',
]) {
  test(`the first start, ${fault}: ends with a message and 1, and the next one serves`, async () => {
    const first = new Installation(seededRandom(seed), 1);
    try {
      await assert.rejects(first.start('--fault', fault), /ended \(1\) before it was ready:[\s\S]*injected/);
      await first.start();
      await first.steps(3);
      await first.checkServed();
    } finally {
      await first.remove();
    }
  });
}
