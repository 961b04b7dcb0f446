/**
 * The engine and its slow twin agree on random policies and requests. `HOLDFAST_POLICY_CASES` says on how
 * many (50,000 unless told otherwise), `HOLDFAST_SEED` on which.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom, seedOfRun } from '../fuzz/random.ts';
import { fastDecide, sayDecision } from './both-engines.ts';
import { generateCase } from './generate.ts';
import { slowDecide } from './slow-twin.ts';

const count = Number(process.env.HOLDFAST_POLICY_CASES ?? 50_000);

test('the engine decides every random case as its slow twin does, for the same reason', (context) => {
  const seed = seedOfRun();
  context.diagnostic(`HOLDFAST_SEED=${seed}`);
  const random = seededRandom(seed);
  const answers = new Map<string, number>();
  for (let round = 0; round < count; round++) {
    const { request, layers } = generateCase(random);
    const expected = slowDecide(request, layers);
    const decided = sayDecision(fastDecide(request, layers));
    if (decided !== expected) {
      assert.equal(
        decided,
        expected,
        `case ${round} of seed ${seed}: ${JSON.stringify({ request, layers }, null, 1)}`,
      );
    }
    const answer = expected.split(' ').slice(0, 2).join(' ');
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
  const share = (prefix: string): number =>
    [...answers].reduce((sum, [answer, times]) => sum + (answer.startsWith(prefix) ? times : 0), 0) / count;
  for (const [answer, times] of [...answers].sort()) {
    context.diagnostic(`${answer}: ${times} (${((100 * times) / count).toFixed(1)} %)`);
  }
  // A generator that only ever met one outcome would agree with anything.
  assert.ok(share('Allow') > 0.12, `only ${share('Allow')} of the cases were allowed`);
  assert.ok(
    share('explicitDeny') > 0.08,
    `only ${share('explicitDeny')} of the cases were denied explicitly`,
  );
  assert.ok(share('implicitDeny') > 0.2, `only ${share('implicitDeny')} of the cases were denied implicitly`);
  if (count >= 10_000) {
    for (const layer of layers) {
      assert.ok(share(`explicitDeny ${layer}`) > 0, `no case was denied explicitly by ${layer}`);
      assert.ok(share(`implicitDeny ${layer}`) > 0, `no case lacked an allow of ${layer}`);
    }
  }
});

const layers = [
  'serviceControlPolicy',
  'resourceControlPolicy',
  'resourcePolicy',
  'identityPolicy',
  'permissionsBoundary',
  'sessionPolicy',
];
