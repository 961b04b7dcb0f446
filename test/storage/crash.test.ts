import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredState } from '../../src/storage/interface.ts';
import { integerOf, oneOf, seededRandom, seedOfRun } from '../fuzz/random.ts';
import { type Child, kill, nextLine, runScript } from './processes.ts';
import { event } from './rows.ts';
import { SqliteHome } from './sqlite-home.ts';

const killsFromOutside = Number(process.env.HOLDFAST_STORAGE_KILLS ?? 20);
const killsByFault = Math.ceil(killsFromOutside / 2);

describe('a crash loses nothing that was acknowledged and splits no change', () => {
  it(`${killsFromOutside} times killed at a random moment`, async (context) => {
    const seed = seedOfRun();
    context.diagnostic(`HOLDFAST_SEED=${seed}`);
    const random = seededRandom(seed);
    await crashes(killsFromOutside, async (home, acknowledged) => {
      const child = runScript('crash-writer.ts', [home.directory]);
      const enough = Promise.withResolvers<void>();
      const reading = collect(child, acknowledged, enough.resolve);
      await Promise.race([enough.promise, child.ended]);
      await sleep(integerOf(random, 0, 60));
      await kill(child);
      await reading;
      assert.equal(child.errors(), '');
    });
  });

  it(`${killsByFault} times killed before, during or after COMMIT`, async (context) => {
    const seed = seedOfRun();
    context.diagnostic(`HOLDFAST_SEED=${seed}`);
    const random = seededRandom(seed);
    await crashes(killsByFault, async (home, acknowledged) => {
      const fault = oneOf(random, ['killedBeforeCommit', 'killedDuringCommit', 'killedAfterCommit']);
      const child = runScript('crash-writer.ts', [home.directory, fault, String(integerOf(random, 2, 40))]);
      await collect(child, acknowledged, () => undefined);
      await child.ended;
      assert.equal(child.process.signalCode, 'SIGKILL', child.errors());
    });
  });

  it('a write that the file system refuses fails the store, and what was acknowledged is there after', async () => {
    // The shell's limit counts blocks of 512 bytes: the write-ahead log cannot grow beyond 400 KiB.
    await crashes(3, async (home, acknowledged) => {
      const child = runScript('crash-writer.ts', [home.directory], { shell: 'ulimit -f 800' });
      await collect(child, acknowledged, () => undefined);
      await child.ended;
      assert.match(
        child.errors(),
        /StorageFailed: .*state\.db` could not be written or read \(disk I\/O error\)/,
      );
    });
  });

  for (const fault of ['lost', 'doneButReportedLost', 'diskFull']) {
    it(`${fault} under load, and the next start is consistent`, async () => {
      await crashes(2, async (home, acknowledged) => {
        const child = runScript('crash-writer.ts', [home.directory, fault, '9']);
        await collect(child, acknowledged, () => undefined);
        await child.ended;
        assert.match(child.errors(), /StorageFailed/);
      });
    });
  }
});

/** Runs `crash` again and again on one directory and checks what is there after each time. */
async function crashes(
  count: number,
  crash: (home: SqliteHome, acknowledged: Set<string>) => Promise<void>,
): Promise<void> {
  const home = await SqliteHome.make();
  const acknowledged = new Set<string>();
  try {
    for (let round = 0; round < count; round += 1) {
      await crash(home, acknowledged);
      const storage = await home.open();
      check(await storage.load(), acknowledged);
      await storage.close();
    }
    assert.ok(acknowledged.size > count, `only ${acknowledged.size} changes were acknowledged`);
  } finally {
    await home.remove();
  }
}

async function collect(child: Child, acknowledged: Set<string>, enough: () => void): Promise<void> {
  try {
    assert.equal(await nextLine(child), 'ready');
  } catch {
    return;
  }
  for await (const line of child.lines) {
    acknowledged.add(line);
    enough();
  }
}

function check(state: StoredState, acknowledged: ReadonlySet<string>): void {
  const materials = new Set(state.keyMaterials.map(({ keyId }) => keyId));
  const aliases = new Set(state.aliases.map(({ aliasName }) => aliasName));
  const events = new Map(state.outbox.map((row) => [row.eventId, row]));
  const versions = new Map<string, number>();
  const made = new Set<string>();
  for (const { keyId, version } of state.keys) {
    if (keyId.includes('-')) made.add(keyId);
    else versions.set(keyId, version);
  }
  for (const name of acknowledged) assert.ok(made.has(name), `${name} was acknowledged and is gone`);
  for (const name of made) {
    const [writer = '', number] = name.split('-');
    assert.ok(materials.has(name) && aliases.has(`alias/${name}`), `${name} is there in part`);
    assert.deepEqual(events.get(name), event(name), `${name} is there without its event`);
    assert.ok(Number(number) <= (versions.get(writer) ?? 0), `${name} is there without its count`);
  }
  const counted = [...versions.values()].reduce((sum, version) => sum + version, 0);
  assert.deepEqual([made.size, materials.size, aliases.size, events.size], Array(4).fill(counted));
}
