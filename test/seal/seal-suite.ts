/** What every seal with a file of its own must do. Each provider runs it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Fault, Faults, FileOperation } from '../../src/base/durable-file.ts';
import { type Seal, SealBroken } from '../../src/seal/interface.ts';

export interface SealProvider {
  readonly kind: string;
  create(path: string, faults?: Faults): Promise<Seal>;
  open(path: string, faults?: Faults): Promise<Seal>;
}

export const newSealPath = (): string => join(mkdtempSync(join(tmpdir(), 'holdfast-seal-')), 'root');

export const isBroken =
  (wording: RegExp) =>
  (error: unknown): boolean =>
    error instanceof SealBroken && wording.test(error.message);

export const steps: readonly FileOperation[] = [
  'remove',
  'open',
  'write',
  'flush',
  'rename',
  'flush-directory',
];

export function sealSuite({ kind, create, open }: SealProvider): void {
  const secret = () => Buffer.from('a domain key of 32 bytes, or so');

  test(`${kind}: what was sealed opens after a restart, for its purpose and under its root key only`, async () => {
    const path = newSealPath();
    const { rootKeyId, sealed } = await (await create(path)).seal('line 1', secret());
    const seal = await open(path);
    assert.equal(seal.kind, kind);
    assert.deepEqual(seal.rootKeyIds, [rootKeyId]);
    assert.deepEqual(await seal.open('line 1', rootKeyId, sealed), secret());
    await assert.rejects(seal.open('line 2', rootKeyId, sealed), isBroken(/`line 2` does not open/));
    await assert.rejects(
      seal.open('line 1', '00000000-0000-4000-8000-000000000000', sealed),
      isBroken(/00000000-0000-4000-8000-000000000000 that sealed `line 1` is not in/),
    );
  });

  test(`${kind}: sealed bytes with any byte changed or cut do not open`, async () => {
    const seal = await create(newSealPath());
    const { rootKeyId, sealed } = await seal.seal('p', secret());
    for (let i = 0; i < sealed.length; i += 1) {
      const changed = Buffer.from(sealed);
      changed[i] = (changed[i] ?? 0) ^ 0x40;
      await assert.rejects(seal.open('p', rootKeyId, changed), SealBroken);
      await assert.rejects(seal.open('p', rootKeyId, sealed.subarray(0, i)), SealBroken);
    }
  });

  test(`${kind}: two seals share no root key`, async () => {
    const [one, two] = [await create(newSealPath()), await create(newSealPath())];
    const { rootKeyId, sealed } = await one.seal('p', secret());
    assert.notEqual(rootKeyId, two.rootKeyId);
    await assert.rejects(two.open('p', rootKeyId, sealed), SealBroken);
  });

  test(`${kind}: the file is for its owner alone, and the only one`, async () => {
    const path = newSealPath();
    const seal = await create(path);
    await seal.beginRotation();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(path, '..')), ['root']);
  });

  test(`${kind}: creating over an existing file is refused and leaves it as it was`, async () => {
    const path = newSealPath();
    await create(path);
    const before = readFileSync(path);
    await assert.rejects(create(path), isBroken(/exists already/));
    assert.deepEqual(readFileSync(path), before);
  });

  test(`${kind}: a missing, empty, foreign, oversized or damaged file is refused with its reason`, async () => {
    const path = newSealPath();
    await assert.rejects(open(path), isBroken(/cannot be read \(ENOENT\)/));
    await create(path);
    const good = readFileSync(path);
    const refused = async (content: Buffer, wording: RegExp) => {
      writeFileSync(path, content);
      await assert.rejects(open(path), isBroken(wording));
    };
    await refused(Buffer.alloc(0), /not a seal file/);
    await refused(Buffer.alloc(100_000), /not a seal file/);
    await refused(Buffer.alloc(200), /damaged/);
    for (let i = 0; i < good.length; i += 1) {
      const changed = Buffer.from(good);
      changed[i] = (changed[i] ?? 0) ^ 1;
      await refused(changed, /damaged/);
      if (i > 0) await refused(good.subarray(0, i), i > 32 ? /damaged/ : /not a seal file/);
    }
    writeFileSync(path, good);
    await open(path);
  });

  test(`${kind}: a rotation keeps both root keys until it is finished, and only the new one after`, async () => {
    const path = newSealPath();
    const seal = await create(path);
    const old = await seal.seal('p', secret());
    const newId = await seal.beginRotation();
    assert.deepEqual(seal.rootKeyIds, [newId, old.rootKeyId]);
    const now = await seal.seal('p', secret());
    assert.equal(now.rootKeyId, newId);
    // The middle of a rotation survives a restart.
    const reopened = await open(path);
    assert.deepEqual(reopened.rootKeyIds, [newId, old.rootKeyId]);
    for (const { rootKeyId, sealed } of [old, now]) {
      assert.deepEqual(await reopened.open('p', rootKeyId, sealed), secret());
    }
    await reopened.finishRotation();
    for (const finished of [reopened, await open(path)]) {
      assert.deepEqual(finished.rootKeyIds, [newId]);
      assert.deepEqual(await finished.open('p', now.rootKeyId, now.sealed), secret());
      await assert.rejects(finished.open('p', old.rootKeyId, old.sealed), SealBroken);
    }
  });

  test(`${kind}: finishing a rotation destroys no root key of a rotation that began after, nor the one before that`, async () => {
    const path = newSealPath();
    const seal = await create(path);
    const first = await seal.beginRotation();
    const now = await seal.seal('p', secret());
    assert.equal(now.rootKeyId, first);
    // The caller knows of what is sealed now, and not of what begins before its turn has come.
    const second = seal.beginRotation();
    await seal.finishRotation();
    assert.deepEqual(seal.rootKeyIds, [await second, first]);
    assert.deepEqual(await (await open(path)).open('p', first, now.sealed), secret());
  });

  test(`${kind}: rotations begun at once do not lose each other's root keys, and their number is bounded`, async () => {
    const path = newSealPath();
    const seal = await create(path);
    const begun = await Promise.allSettled(Array.from({ length: 20 }, () => seal.beginRotation()));
    assert.equal(begun.filter(({ status }) => status === 'fulfilled').length, 15);
    const reopened = await open(path);
    assert.equal(reopened.rootKeyIds.length, 16);
    assert.deepEqual(reopened.rootKeyIds, seal.rootKeyIds);
    await reopened.finishRotation();
    assert.equal((await open(path)).rootKeyIds.length, 1);
  });

  test(`${kind}: a change that someone else made to the file is not undone`, async () => {
    const path = newSealPath();
    const stale = await create(path);
    await (await open(path)).beginRotation();
    const before = readFileSync(path);
    await assert.rejects(stale.beginRotation(), isBroken(/changed by someone else/));
    assert.deepEqual(readFileSync(path), before);
  });

  for (const how of ['lost', 'reported-lost', 'torn'] as const) {
    for (const step of steps) {
      if (how === 'torn' && step !== 'write') continue;
      // There is nothing to remove, so its removal cannot be done and reported lost.
      if (how === 'reported-lost' && step === 'remove') continue;
      test(`${kind}: a ${step} ${how} in a rotation loses no root key that sealed anything`, async () => {
        const path = newSealPath();
        const first = await create(path);
        const old = await first.seal('p', secret());
        const failing = await open(path, failOnce(step, { how, code: 'EIO' }));
        await assert.rejects(failing.beginRotation());
        // It goes on sealing under what is certainly stored, and changes nothing more before a restart.
        const later = await failing.seal('p', secret());
        assert.equal(later.rootKeyId, old.rootKeyId);
        await assert.rejects(failing.beginRotation(), isBroken(/earlier change of .* failed: restart/));
        const reopened = await open(path);
        for (const { rootKeyId, sealed } of [old, later]) {
          assert.deepEqual(await reopened.open('p', rootKeyId, sealed), secret());
        }
        await reopened.beginRotation();
        await reopened.finishRotation();
        assert.equal((await open(path)).rootKeyIds.length, 1);
      });
    }
  }

  for (const step of steps) {
    test(`${kind}: a ${step} that fails when a rotation finishes leaves the old root key or removes it, whole`, async () => {
      const path = newSealPath();
      await (await create(path)).beginRotation();
      const failing = await open(
        path,
        failOnce(step, { how: step === 'remove' ? 'lost' : 'reported-lost', code: 'EIO' }),
      );
      const now = await failing.seal('p', secret());
      await assert.rejects(failing.finishRotation());
      const reopened = await open(path);
      assert.equal(reopened.rootKeyIds[0], now.rootKeyId);
      assert.deepEqual(await reopened.open('p', now.rootKeyId, now.sealed), secret());
      await reopened.finishRotation();
      assert.deepEqual(reopened.rootKeyIds, [now.rootKeyId]);
    });
  }
}

function failOnce(step: FileOperation, fault: Fault): Faults {
  let done = false;
  return (operation) => {
    if (operation !== step || done) return undefined;
    done = true;
    return fault;
  };
}
