/** A server that is told to stop under load answers all that it accepted, loses nothing, and leaves a signed log. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { integerOf, seededRandom, seedOfRun } from '../fuzz/random.ts';
import { Installation } from './installation.ts';

const seed = seedOfRun();
console.log(`HOLDFAST_SEED=${seed}`);
const random = seededRandom(seed);
const installation = new Installation(random, 3);
after(() => installation.remove());

for (const signal of ['SIGTERM', 'SIGINT', 'SIGTERM'] as const) {
  test(`${signal} under load: every accepted request is answered and kept, the exit code is 0, the log ends signed`, async () => {
    await installation.start();
    await installation.checkServed();
    const answeredBefore = answers();
    let isOver = false;
    const load = installation.load(() => isOver);
    await sleep(integerOf(random, 100, 400));
    const stopped = installation.server.stop(signal);
    // A connection that is told to end is not used again; then there is nobody to connect to.
    await load;
    isOver = true;
    assert.equal(await stopped, 0, installation.server.output());
    assert.ok(answers() - answeredBefore > 50, `only ${answers() - answeredBefore} requests were answered`);
    // Whoever was not answered was not accepted: no event tells of a request that nobody has an answer to.
    const verification = await installation.checkLog();
    for (const { journal } of installation.workers) {
      for (const { userAgent } of journal.notAnswered)
        assert.deepEqual(installation.trail.eventsOf(userAgent), []);
      assert.deepEqual(new Set(journal.acknowledged.map(({ status }) => status)), new Set([200]));
    }
    assert.equal(verification.signedSize, verification.size);
    const checkpoint = readFileSync(join(installation.directory, 'log', 'checkpoint'), 'utf8');
    assert.equal(checkpoint.split('\n')[1], String(verification.size));
    assert.doesNotMatch(installation.server.output(), /"level":"(error|fatal)"/);
  });
}

const answers = (): number =>
  installation.workers.reduce((sum, { journal }) => sum + journal.acknowledged.length, 0);
