/**
 * Hundreds of thousands of requests to a real server, made from the API model and then spoilt: whatever
 * comes, it answers as documented, stays up, stays small, and its log stays whole.
 *
 * HOLDFAST_FUZZ_COUNT says how many, HOLDFAST_SEED makes a run again.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { countRecords } from '../../src/audit/read-records.ts';
import { runHoldfast } from '../attacks/attacker.ts';
import { operator } from '../support/dev-server.ts';
import { whatIsWrong } from './check-answer.ts';
import { type FuzzedRequest, fuzzedRequest } from './fuzz-request.ts';
import { type FuzzWorld, openFuzzWorld, signedRequest } from './fuzz-world.ts';
import { exchange, HttpConnection } from './http-connection.ts';
import { seedOfRun } from './random.ts';

const count = Number(process.env.HOLDFAST_FUZZ_COUNT ?? 200_000);
const connections = 24;
/** So often every key is brought back to life: many requests disable keys or schedule their deletion. */
const reviveEvery = 4_000;
const residentKiBMax = 400_000;

const residentKiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

test(`${count} fuzzed requests are answered as documented, and the server is sound after them`, async (context) => {
  const seed = seedOfRun();
  context.diagnostic(`HOLDFAST_SEED=${seed}`);
  const world = await openFuzzWorld();
  try {
    // Or a failure could not be looked at alone.
    const now = Date.now();
    for (let index = 0; index < 200; index += 1) {
      assert.deepEqual(fuzzedRequest(seed, index, world, now), fuzzedRequest(seed, index, world, now));
    }
    const started = performance.now();
    const outcomes = await fuzz(seed, world);
    const seconds = (performance.now() - started) / 1000;
    context.diagnostic(
      `${Math.round(count / seconds)} requests a second, ${residentKiB(world.server.pid)} KiB resident`,
    );
    context.diagnostic(JSON.stringify(Object.fromEntries([...outcomes].sort(([, a], [, b]) => b - a))));

    assert.ok(
      residentKiB(world.server.pid) < residentKiBMax,
      `${residentKiB(world.server.pid)} KiB resident`,
    );
    // A generator that reaches only one kind of answer tests one kind.
    for (const [outcome, share] of Object.entries({
      success: 0.05,
      ValidationException: 0.05,
      SerializationException: 0.05,
      NotFoundException: 0.005,
      AccessDeniedException: 0.002,
      InvalidCiphertextException: 0.0005,
      InvalidSignatureException: 0.01,
      UnknownOperationException: 0.002,
      MalformedHttpRequestException: 0.002,
    })) {
      assert.ok(
        (outcomes.get(outcome) ?? 0) > count * share,
        `${outcome}: ${outcomes.get(outcome) ?? 0} of ${count}`,
      );
    }

    await isServed(world);
    const logKey = /log key +(\S+)/.exec(world.server.output())?.[1] ?? '';
    assert.equal(await world.server.stop(), 0);
    assert.doesNotMatch(world.server.output(), /"level":"(error|fatal)"/);
    const verified = await runHoldfast(['log', 'verify', world.directory, '--key', logKey]);
    assert.equal(verified.code, 0, verified.output);
    // Every request whose signature held left its record.
    const signed = (outcomes.get('success') ?? 0) + (outcomes.get('ValidationException') ?? 0);
    assert.ok(((await countRecords(`${world.directory}/log`)) ?? 0) > signed);
  } finally {
    await world.close();
  }
});

/** How often each code was answered. */
async function fuzz(seed: number, world: FuzzWorld): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>();
  let next = 0;
  const client = async (): Promise<void> => {
    const connection = new HttpConnection(world.server.port);
    try {
      while (next < count) {
        const index = next;
        next += 1;
        if (index % reviveEvery === 0) await revive(world);
        const request = fuzzedRequest(seed, index, world, Date.now());
        try {
          for (const outcome of await outcomesOf(request, world, connection)) {
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
          }
        } catch (error) {
          next = count;
          throw new Error(`${described(request)}\nAgain, alone: node test/fuzz/replay.ts ${seed} ${index}`, {
            cause: error,
          });
        }
      }
    } finally {
      connection.close();
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return outcomes;
}

async function outcomesOf(
  request: FuzzedRequest,
  world: FuzzWorld,
  connection: HttpConnection,
): Promise<string[]> {
  const answers =
    request.kind === 'bytes'
      ? await exchange(world.server.port, request.bytes)
      : [await connection.ask(request.bytes, request.isHead)];
  return answers.map((answer) => {
    const wrong = whatIsWrong(request, answer);
    if (wrong !== undefined) throw new Error(`${wrong}: ${answer.status} ${answer.body.slice(0, 2_000)}`);
    const code = /^\{"__type":"(\w+)"/.exec(answer.body)?.[1];
    return code ?? (answer.status === 200 ? 'success' : String(answer.status));
  });
}

const described = ({ operation, kind, bytes }: FuzzedRequest): string =>
  `${operation} (${kind}): ${JSON.stringify(bytes.toString('latin1', 0, 4_000))}`;

async function revive(world: FuzzWorld): Promise<void> {
  const connection = new HttpConnection(world.server.port);
  for (const KeyId of world.keyIds) {
    for (const operation of ['CancelKeyDeletion', 'EnableKey']) {
      const { status } = await connection.ask(ask(world, operation, { KeyId }));
      assert.ok(status === 200 || status === 400);
    }
  }
  connection.close();
}

async function isServed(world: FuzzWorld): Promise<void> {
  const connection = new HttpConnection(world.server.port);
  const call = async (operation: string, input: object): Promise<Record<string, unknown>> => {
    const { status, body } = await connection.ask(ask(world, operation, input));
    assert.equal(status, 200, body);
    return JSON.parse(body);
  };
  const { KeyMetadata } = await call('CreateKey', {});
  const KeyId = Object(KeyMetadata).KeyId;
  const { CiphertextBlob } = await call('Encrypt', { KeyId, Plaintext: 'aGVsbG8=' });
  assert.equal((await call('Decrypt', { CiphertextBlob })).Plaintext, 'aGVsbG8=');
  connection.close();
}

const ask = (world: FuzzWorld, operation: string, input: object): Buffer =>
  signedRequest(
    world.signer(operator, 'us-east-1'),
    world.server.port,
    operation,
    Buffer.from(JSON.stringify(input)),
  );
