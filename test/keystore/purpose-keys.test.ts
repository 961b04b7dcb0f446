import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Purpose, PurposeKeys, purposeOverheadBytes } from '../../src/keys/purpose-keys.ts';
import { none, start } from './hierarchy.ts';

const purposes: readonly Purpose[] = ['pagination marker', 'access key secret', 'log signing key'];
const text = Buffer.from('arn:aws:kms:us-east-1:111122223333:alias/x');

test('what is sealed for a purpose opens for it and what it was bound to, and for nothing else', async () => {
  const keys = await PurposeKeys.load((await start()).domainKeys);
  for (const purpose of purposes) {
    const sealed = keys.sealFor(purpose, text, Buffer.from('caller 1'));
    assert.equal(sealed.length, text.length + purposeOverheadBytes);
    for (const other of purposes) {
      const opened = keys.openFor(other, sealed, Buffer.from('caller 1'));
      assert.deepEqual(opened, other === purpose ? text : undefined);
    }
    assert.equal(keys.openFor(purpose, sealed, Buffer.from('caller 2')), undefined);
    assert.equal(keys.openFor(purpose, sealed, none), undefined);
  }
});

test('a sealed value opens after a restart and after the line was rotated, until its version is retired', async () => {
  const { domainKeys, disk } = await start();
  const keys = await PurposeKeys.load(domainKeys);
  const old = keys.sealFor('access key secret', text, none);
  assert.ok(keys.isCurrent(old));
  assert.equal(await keys.rotate(), 2);
  const now = keys.sealFor('access key secret', text, none);
  assert.equal(keys.isCurrent(old), false);
  assert.ok(keys.isCurrent(now));
  const { domainKeys: again } = await start(disk);
  const reloaded = await PurposeKeys.load(again);
  for (const each of [keys, reloaded]) {
    assert.deepEqual(each.openFor('access key secret', old, none), text);
    assert.deepEqual(each.openFor('access key secret', now, none), text);
  }
  await again.retire('', 1);
  await reloaded.refresh();
  assert.equal(reloaded.openFor('access key secret', old, none), undefined);
  assert.deepEqual(reloaded.openFor('access key secret', now, none), text);
});

test('a sealed value with any byte changed, cut or added opens for nobody', async () => {
  const keys = await PurposeKeys.load((await start()).domainKeys);
  const sealed = keys.sealFor('pagination marker', text, none);
  for (let i = 0; i < sealed.length; i += 1) {
    const changed = Buffer.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 0x80;
    assert.equal(keys.openFor('pagination marker', changed, none), undefined, `byte ${i}`);
    assert.equal(keys.openFor('pagination marker', sealed.subarray(0, i), none), undefined, `cut at ${i}`);
  }
  assert.equal(keys.openFor('pagination marker', Buffer.concat([sealed, Buffer.alloc(1)]), none), undefined);
});

test('another installation opens none of it', async () => {
  const one = await PurposeKeys.load((await start()).domainKeys);
  const two = await PurposeKeys.load((await start()).domainKeys);
  const sealed = one.sealFor('pagination marker', text, none);
  assert.equal(two.openFor('pagination marker', sealed, none), undefined);
});
