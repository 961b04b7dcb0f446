import assert from 'node:assert/strict';
import { chmodSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFileSeal, openFileSeal } from '../../src/seal/file/seal.ts';
import { createPassphraseSeal } from '../../src/seal/passphrase/seal.ts';
import { isBroken, newSealPath, sealSuite } from './seal-suite.ts';

sealSuite({ kind: 'file', create: createFileSeal, open: openFileSeal });

test('file: a file that others can read is refused with the command that mends it', async () => {
  const path = newSealPath();
  await createFileSeal(path);
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    chmodSync(path, mode);
    await assert.rejects(openFileSeal(path), isBroken(/chmod 600/));
  }
  chmodSync(path, 0o600);
  await openFileSeal(path);
});

test('file: the seal file of another kind is refused', async () => {
  const path = newSealPath();
  await createPassphraseSeal(path, Buffer.from('correct horse battery'), {
    memoryKiB: 19_456,
    passes: 2,
    parallelism: 1,
  });
  await assert.rejects(openFileSeal(path), isBroken(/not a seal file of the kind/));
});

test('file: the layout is as documented', async () => {
  const path = newSealPath();
  const seal = await createFileSeal(path);
  const content = readFileSync(path);
  assert.equal(content.length, 8 + 1 + 48 + 32);
  assert.equal(content.toString('latin1', 0, 8), 'HFSEALF1');
  assert.equal(content[8], 1);
  assert.equal(content.toString('hex', 9, 25), seal.rootKeyId.replaceAll('-', ''));
});
