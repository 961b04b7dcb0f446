/**
 * A disk that is really full: a small file system of its own, filled under load. What does not fit is refused
 * with a clear error, and with room again a restart finds everything consistent.
 *
 * Mounting needs root, or a user namespace (`unshare --map-root-user --mount`), in which this file then runs itself.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seededRandom, seedOfRun } from '../fuzz/random.ts';
import { Installation } from './installation.ts';
import type { Worker } from './workload.ts';

const diskBytes = 8 * 2 ** 20;
const insideNamespace = 'HOLDFAST_TEST_IN_NAMESPACE';

const disk = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', disk], {
  encoding: 'utf8',
});
after(() => {
  if (mounted.status === 0) spawnSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true, force: true });
});

if (mounted.status === 0) testFullDisk();
else {
  test('a full disk, in a user namespace where a file system can be mounted', () => {
    assert.equal(process.env[insideNamespace], undefined, `no file system can be mounted: ${mounted.stderr}`);
    const inside = spawnSync(
      'unshare',
      ['--user', '--map-root-user', '--mount', process.execPath, '--test', fileURLToPath(import.meta.url)],
      { encoding: 'utf8', env: { ...process.env, NODE_TEST_CONTEXT: undefined, [insideNamespace]: '1' } },
    );
    assert.equal(
      inside.status,
      0,
      `this test needs root, or a kernel that lets a user mount a tmpfs in a namespace of its own:\n${mounted.stderr}${inside.stderr}${inside.stdout}`,
    );
  });
}

function testFullDisk(): void {
  const seed = seedOfRun();
  console.log(`HOLDFAST_SEED=${seed}`);
  const installation = new Installation(seededRandom(seed), 2, join(disk, 'data'));
  const filler = join(disk, 'filler');
  before(async () => {
    await installation.start();
    await installation.steps(5);
  });
  after(() => installation.remove());

  /** Takes all the room that there is but for so many bytes. */
  function fillDisk(leftBytes: number): void {
    const file = openSync(filler, 'w');
    const chunk = Buffer.alloc(64 * 1024);
    let bytes = 0;
    try {
      for (;;) bytes += writeSync(file, chunk);
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'ENOSPC');
    }
    ftruncateSync(file, Math.max(0, bytes - leftBytes));
    closeSync(file);
  }

  /** Encrypts with large contexts, which only the log takes room for, until it is refused. */
  async function useKeys(keys: ReadonlyMap<Worker, string>, deadline: number): Promise<void> {
    for (const [worker, KeyId] of keys) {
      const client = worker.client(installation.server.port);
      const EncryptionContext = { padding: 'x'.repeat(6_000) };
      while (performance.now() < deadline) {
        const { status } = await client.ask('Encrypt', { KeyId, Plaintext: 'AAAA', EncryptionContext });
        if (status !== 200) break;
      }
      client.close();
    }
  }

  // So that at one time the log meets the end first, and at others the database.
  for (const [leftKibibytes, loaded] of [
    [1024, 'only used'],
    [256, 'changed'],
    [64, 'changed'],
    [0, 'changed'],
  ] as const) {
    test(`a disk with ${leftKibibytes} KiB left, keys ${loaded}: refused, not ready, consistent with room again`, async (t) => {
      const { server } = installation;
      const keys = new Map<Worker, string>();
      for (const worker of installation.workers) keys.set(worker, await worker.usableKey(server.port));
      fillDisk(leftKibibytes * 1024);
      const deadline = performance.now() + 30_000;
      if (loaded === 'only used') await useKeys(keys, deadline);
      await installation.load(() => performance.now() > deadline);
      const last = installation.workers.map(({ journal }) => journal.acknowledged.at(-1)?.status);
      assert.deepEqual(new Set(last), new Set([500]));
      assert.equal((await fetch(`${server.endpoint}/health/ready`)).status, 503);
      assert.match(
        server.output(),
        /"level":"fatal","message":"(the audit log cannot be written: ENOSPC|there is no room to write `[^`]*state\.db`: free some and restart|`[^`]*state\.db` could not be written or read \(disk I\/O error\))/,
      );
      t.diagnostic(/"level":"fatal","message":"[^"]*/.exec(server.output())?.[0] ?? '');
      await server.stop('SIGKILL');
      await installation.checkLog();

      // Without room, a start says so. (It may also find all the room it needs.)
      const withoutRoom = await installation.start().catch((error: Error) => error.message);
      if (typeof withoutRoom === 'string') assert.match(withoutRoom, /ENOSPC|no room/);
      else await installation.kill();

      rmSync(filler);
      await installation.start();
      await installation.checkServed();
      await installation.steps(5);
    });
  }
}
