/**
 * A server that is killed again and again while clients use it, at random moments and at exact points of its
 * durable writes, keeps every promise: nothing acknowledged is lost, nothing is answered or changed
 * without its event, every ciphertext decrypts, the log verifies. `HOLDFAST_KILLS` sets how often,
 * `HOLDFAST_SEED` replays a run.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { integerOf, oneOf, type Random, seededRandom, seedOfRun } from '../fuzz/random.ts';
import { holdfast } from '../support/dev-server.ts';
import { Installation } from './installation.ts';

const kills = Number(process.env.HOLDFAST_KILLS ?? 50);
/** A directory grows with each round, and with it what is to be checked. */
const killsPerInstallation = 17;

/** The point at which the server kills itself, as a fault; undefined for a moment from outside. */
type Death = (random: Random) => string | undefined;

const deaths: readonly Death[] = [
  () => undefined,
  () => undefined,
  (random) => `storage:killedBeforeCommit@${integerOf(random, 2, 60)}`,
  (random) => `storage:killedDuringCommit@${integerOf(random, 2, 60)}`,
  (random) => `storage:killedAfterCommit@${integerOf(random, 2, 60)}`,
  (random) => `write:killed-during@${integerOf(random, 2, 150)}`,
  (random) => `write:${oneOf(random, ['killed-before', 'killed-after'])}@${integerOf(random, 2, 150)}`,
  (random) => `flush:${oneOf(random, ['killed-before', 'killed-after'])}@${integerOf(random, 2, 150)}`,
  (random) => `rename:${oneOf(random, ['killed-before', 'killed-after'])}@${integerOf(random, 0, 3)}`,
  (random) =>
    `rename=root.key:${oneOf(random, ['killed-before', 'killed-after'])}@${integerOf(random, 0, 3)}`,
  (random) => `flush=root.key:killed-before@${integerOf(random, 0, 3)}`,
  (random) => `write=checkpoint:killed-during@${integerOf(random, 0, 2)}`,
];

/** No load reaches every point every time: then it ends like one that was killed from outside. */
const loadMsMax = 2_500;

test(`${kills} times kill -9 under load, and each restart finds all that was answered, and its event`, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_SEED=${seed}`);
  const random = seededRandom(seed);
  const startsMs: number[] = [];
  const totals = { answers: 0, events: 0, ciphertexts: 0, points: 0, whileStarting: 0 };
  let installation: Installation | undefined;
  t.after(async () => installation?.remove());
  for (let done = 0; done < kills; ) {
    installation = new Installation(random, 2);
    await installation.start('--fault-injection');
    for (let round = 0; round < killsPerInstallation && done < kills; round += 1, done += 1) {
      const death = deaths[done % deaths.length]?.(random);
      if (await loadAndKill(installation, death, random)) totals.points += 1;
      await installation.checkLog();
      if (random() < 0.25) {
        await killWhileStarting(installation.directory, integerOf(random, 50, 500));
        totals.whileStarting += 1;
        await installation.checkLog();
      }
      startsMs.push(await installation.start('--fault-injection'));
      await installation.checkServed();
    }
    totals.ciphertexts += await installation.checkEveryCiphertext();
    await installation.checkServed();
    await installation.stop();
    await installation.checkLog();
    totals.events += installation.trail.events.length;
    for (const { journal } of installation.workers) totals.answers += journal.acknowledged.length;
    await installation.remove();
  }
  t.diagnostic(`${JSON.stringify(totals)}; ready after a kill in ms: ${spread(startsMs)}`);
  assert.ok(totals.answers > 50 * kills, `only ${totals.answers} requests were answered`);
  assert.ok(totals.points > kills / 4, `only ${totals.points} times at the point that was meant`);
});

/** True when the server died at the point that was planned. */
async function loadAndKill(
  installation: Installation,
  death: string | undefined,
  random: Random,
): Promise<boolean> {
  if (death !== undefined) await installation.inject(death);
  let isOver = false;
  const load = installation.load(() => isOver);
  const { process } = installation.server;
  const died = once(process, 'exit').then(() => true);
  const isAtPoint = await Promise.race([
    died,
    sleep(death === undefined ? integerOf(random, 30, 700) : loadMsMax, false),
  ]);
  await installation.kill();
  isOver = true;
  await load;
  return isAtPoint;
}

/** A start that does not come to its end: what it mends, it may have mended in part. */
async function killWhileStarting(directory: string, afterMs: number): Promise<void> {
  const child = spawn(holdfast, ['dev', '--data-dir', directory, '--port', '0'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await sleep(afterMs);
  child.kill('SIGKILL');
  await exited;
}

function spread(values: readonly number[]): string {
  const sorted = values.map(Math.round).sort((a, b) => a - b);
  return `median ${sorted[sorted.length >> 1]}, most ${sorted.at(-1)}`;
}
