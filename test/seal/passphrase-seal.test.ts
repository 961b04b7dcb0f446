import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFileSeal } from '../../src/seal/file/seal.ts';
import {
  argon2idDefault,
  createPassphraseSeal,
  openPassphraseSeal,
  passphraseBytesMax,
} from '../../src/seal/passphrase/seal.ts';
import { isBroken, newSealPath, sealSuite } from './seal-suite.ts';

/** The least that a file may ask for, so that the suite is quick. */
const quick = { memoryKiB: 19_456, passes: 2, parallelism: 1 };
const passphrase = () => Buffer.from('correct horse battery staple');

sealSuite({
  kind: 'passphrase',
  create: (path, faults) => createPassphraseSeal(path, passphrase(), quick, faults),
  open: (path, faults) => openPassphraseSeal(path, passphrase(), faults),
});

test('passphrase: a wrong passphrase is told as such, and each byte of it counts', async () => {
  const path = newSealPath();
  await createPassphraseSeal(path, passphrase(), quick);
  const wrong = [
    '',
    'correct horse battery stapl',
    'correct horse battery staple ',
    'Correct horse battery staple',
    'x'.repeat(passphraseBytesMax + 1),
  ];
  for (const each of wrong) {
    await assert.rejects(
      openPassphraseSeal(path, Buffer.from(each)),
      isBroken(/^the passphrase does not open /),
    );
  }
  await openPassphraseSeal(path, passphrase());
});

test('passphrase: a new passphrase has 12 to 1,024 bytes', async () => {
  for (const bytes of [0, 11, 1025]) {
    await assert.rejects(
      createPassphraseSeal(newSealPath(), Buffer.alloc(bytes, 'x'), quick),
      isBroken(/12 to 1024/),
    );
  }
  const seal = await createPassphraseSeal(newSealPath(), Buffer.alloc(12, 'x'), quick);
  await assert.rejects(seal.changePassphrase(Buffer.alloc(11, 'x'), quick), isBroken(/12 to 1024/));
});

test('passphrase: the default parameters are the second recommended option of RFC 9106', async () => {
  assert.deepEqual(argon2idDefault, { memoryKiB: 64 * 1024, passes: 3, parallelism: 4 });
  const path = newSealPath();
  await createPassphraseSeal(path, passphrase());
  const content = readFileSync(path);
  assert.equal(content.readUInt32BE(8), 64 * 1024);
  assert.equal(content.readUInt32BE(12), 3);
  assert.equal(content[16], 4);
  await openPassphraseSeal(path, passphrase());
});

test('passphrase: a file that asks for parameters out of bounds is refused before any is spent', async () => {
  const path = newSealPath();
  await createPassphraseSeal(path, passphrase(), quick);
  const good = readFileSync(path);
  const changes: ReadonlyArray<(content: Buffer) => void> = [
    (content) => content.writeUInt32BE(0, 8),
    (content) => content.writeUInt32BE(19_455, 8),
    (content) => content.writeUInt32BE(0xffff_ffff, 8),
    (content) => content.writeUInt32BE(0, 12),
    (content) => content.writeUInt32BE(1, 12),
    (content) => content.writeUInt32BE(0xffff_ffff, 12),
    (content) => content.writeUInt8(0, 16),
    (content) => content.writeUInt8(255, 16),
    (content) => {
      content.writeUInt32BE(2_097_152, 8);
      content.writeUInt32BE(60, 12);
    },
  ];
  for (const change of changes) {
    writeFileSync(path, changed(good, change));
    const before = performance.now();
    await assert.rejects(openPassphraseSeal(path, passphrase()), isBroken(/out of bounds/));
    assert.ok(performance.now() - before < 1000);
  }
});

test('passphrase: changed parameters, salt or sealed keys do not open, even under a fresh checksum', async () => {
  const path = newSealPath();
  await createPassphraseSeal(path, passphrase(), quick);
  const good = readFileSync(path);
  // The lowest byte of each parameter (still within bounds), then all of the salt, the box and its tag.
  const places = [11, 15, 16, ...Array.from({ length: good.length - 32 - 17 }, (_, i) => 17 + i)];
  for (const at of places) {
    writeFileSync(
      path,
      changed(good, (content) => {
        content[at] = (content[at] ?? 0) ^ 4;
      }),
    );
    await assert.rejects(openPassphraseSeal(path, passphrase()), isBroken(/does not open/), `byte ${at}`);
  }
});

test('passphrase: after a change the new one opens everything and the old one nothing', async () => {
  const path = newSealPath();
  const seal = await createPassphraseSeal(path, passphrase(), quick);
  const old = await seal.seal('p', Buffer.from('x'));
  await seal.beginRotation();
  const saltBefore = readFileSync(path).subarray(17, 33);
  await seal.changePassphrase(Buffer.from('a quite different one'), quick);
  assert.notDeepEqual(readFileSync(path).subarray(17, 33), saltBefore);
  await assert.rejects(openPassphraseSeal(path, passphrase()), isBroken(/does not open/));
  const reopened = await openPassphraseSeal(path, Buffer.from('a quite different one'));
  assert.deepEqual(reopened.rootKeyIds, seal.rootKeyIds);
  assert.equal((await reopened.open('p', old.rootKeyId, old.sealed)).toString(), 'x');
  // The seal that changed it goes on under the new passphrase.
  await seal.finishRotation();
  await openPassphraseSeal(path, Buffer.from('a quite different one'));
});

test('passphrase: the seal file of another kind is refused', async () => {
  const path = newSealPath();
  await createFileSeal(path);
  await assert.rejects(openPassphraseSeal(path, passphrase()), isBroken(/not a seal file of the kind/));
});

test('passphrase: the file holds neither the passphrase nor, twice written, anything that repeats', async () => {
  const [one, two] = [newSealPath(), newSealPath()];
  await createPassphraseSeal(one, passphrase(), quick);
  await createPassphraseSeal(two, passphrase(), quick);
  const [a, b] = [readFileSync(one), readFileSync(two)];
  assert.equal(a.includes(passphrase()), false);
  assert.deepEqual(a.subarray(0, 17), b.subarray(0, 17));
  for (let at = 17; at + 12 <= a.length; at += 1) assert.equal(b.includes(a.subarray(at, at + 12)), false);
});

test('passphrase: errors name the file and never the passphrase', async () => {
  const path = newSealPath();
  await createPassphraseSeal(path, passphrase(), quick);
  const error: unknown = await openPassphraseSeal(path, Buffer.from('wrong passphrase 1')).catch((e) => e);
  assert.ok(error instanceof Error && error.message.includes(path));
  assert.equal(`${error.message}${error.stack}`.includes('wrong passphrase 1'), false);
});

function changed(content: Buffer, change: (content: Buffer) => void): Buffer {
  const out = Buffer.from(content);
  change(out);
  const payload = out.subarray(0, out.length - 32);
  return Buffer.concat([payload, createHash('sha256').update(payload).digest()]);
}
