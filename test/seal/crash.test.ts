import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFileSeal, openFileSeal } from '../../src/seal/file/seal.ts';
import { createPassphraseSeal, openPassphraseSeal } from '../../src/seal/passphrase/seal.ts';
import { newSealPath, steps } from './seal-suite.ts';

/** Each step that a crash can come before, and `end`: after all of them. */
const points = [...steps, 'end'];
/** From here on the new file has its name. */
const isReplaced = (point: string): boolean => point === 'flush-directory' || point === 'end';

function crash(change: string, path: string, point: string): void {
  const script = new URL('killed-process.ts', import.meta.url).pathname;
  const { signal, stderr } = spawnSync(process.execPath, [script, change, path, point], { encoding: 'utf8' });
  assert.equal(signal, 'SIGKILL', stderr);
}

for (const point of points) {
  test(`a crash at ${point} while a seal is created leaves a whole seal or room for one`, async () => {
    const path = newSealPath();
    crash('create', path, point);
    assert.equal(existsSync(path), isReplaced(point));
    const seal = isReplaced(point) ? await openFileSeal(path) : await createFileSeal(path);
    assert.equal(seal.rootKeyIds.length, 1);
    assert.deepEqual(readdirSync(join(path, '..')), ['root']);
  });

  test(`a crash at ${point} while a rotation begins loses nothing that was sealed`, async () => {
    const path = newSealPath();
    const { rootKeyId, sealed } = await (await createFileSeal(path)).seal('p', Buffer.from('x'));
    crash('begin', path, point);
    const seal = await openFileSeal(path);
    assert.equal(seal.rootKeyIds.length, isReplaced(point) ? 2 : 1);
    assert.equal((await seal.open('p', rootKeyId, sealed)).toString(), 'x');
    assert.deepEqual(readdirSync(join(path, '..')), ['root']);
  });

  test(`a crash at ${point} while a rotation finishes keeps the new root key`, async () => {
    const path = newSealPath();
    const before = await createFileSeal(path);
    await before.beginRotation();
    const { rootKeyId, sealed } = await before.seal('p', Buffer.from('x'));
    crash('finish', path, point);
    const seal = await openFileSeal(path);
    assert.equal(seal.rootKeyIds.length, isReplaced(point) ? 1 : 2);
    assert.equal((await seal.open('p', rootKeyId, sealed)).toString(), 'x');
  });

  test(`a crash at ${point} while the passphrase changes leaves the old or the new one in force`, async () => {
    const path = newSealPath();
    const quick = { memoryKiB: 19_456, passes: 2, parallelism: 1 };
    const before = await createPassphraseSeal(path, Buffer.from('the old passphrase'), quick);
    crash('passphrase', path, point);
    const inForce = isReplaced(point) ? 'the new passphrase' : 'the old passphrase';
    const seal = await openPassphraseSeal(path, Buffer.from(inForce));
    assert.equal(seal.rootKeyId, before.rootKeyId);
  });
}
