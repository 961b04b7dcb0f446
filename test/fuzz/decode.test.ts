/** Random bodies against the decoder: whatever comes, the answer is an input or a refusal that may be told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/base/refusal.ts';
import { decodeInput } from '../../src/protocol/services.ts';
import { fuzzBody, kmsOperationNames, validInput } from './generate-request.ts';
import { oneOf, seededRandom, seedOfRun } from './random.ts';

const count = Number(process.env.HOLDFAST_FUZZ_COUNT ?? 30_000);

test('any body is decoded or refused with an error of the service, and changes no prototype', (context) => {
  const seed = seedOfRun();
  context.diagnostic(`HOLDFAST_SEED=${seed}`);
  const random = seededRandom(seed);
  const outcomes = new Map<string, number>();
  const prototypeBefore = Object.getOwnPropertyNames(Object.prototype).join();
  for (let round = 0; round < count; round += 1) {
    const operation = oneOf(random, kmsOperationNames);
    const body = fuzzBody(random, operation);
    const outcome = outcomeOf(operation, body);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), prototypeBefore);
  assert.equal(Reflect.get({}, 'isAdmin'), undefined);
  // A generator that only ever makes one kind tests one kind.
  for (const outcome of ['decoded', 'SerializationException', 'ValidationException']) {
    assert.ok(
      (outcomes.get(outcome) ?? 0) > count / 20,
      `${outcome}: ${outcomes.get(outcome) ?? 0} of ${count}`,
    );
  }
});

function outcomeOf(operation: string, body: Buffer): string {
  try {
    const input = decodeInput('kms', operation, body);
    assert.equal(Object.getPrototypeOf(input), Object.prototype);
    return 'decoded';
  } catch (error) {
    if (!(error instanceof Refusal)) {
      throw new Error(`${operation} with ${body.toString('hex')} threw`, { cause: error });
    }
    assert.equal(error.httpStatus, 400);
    // An answer must not be a multiple of its request without bound.
    assert.ok(error.message.length <= 4 * body.length + 60_000, `${error.message.length} for ${body.length}`);
    return error.code;
  }
}

test('an input in which every constraint holds is never refused', (context) => {
  const seed = seedOfRun();
  context.diagnostic(`HOLDFAST_SEED=${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 3_000; round += 1) {
    const operation = oneOf(random, kmsOperationNames);
    const body = JSON.stringify(validInput(random, operation));
    try {
      decodeInput('kms', operation, Buffer.from(body));
    } catch (error) {
      throw new Error(`${operation} refused ${body}`, { cause: error });
    }
  }
});
