import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposeKeyBytes } from '../../src/crypto/secret-key.ts';
import { SealBroken } from '../../src/seal/interface.ts';
import { Disk, start } from './hierarchy.ts';

const copyOf = (key: Parameters<typeof exposeKeyBytes>[0]): string =>
  exposeKeyBytes(key, (bytes) => bytes.toString('hex'));

test('callers that meet a Region together share the creation of its first domain key', async () => {
  const { domainKeys, disk } = await start();
  const all = await Promise.all(Array.from({ length: 100 }, () => domainKeys.current('eu-west-1')));
  assert.equal(disk.commits, 1);
  assert.deepEqual(new Set(all.map(({ version }) => version)), new Set([1]));
  assert.equal(new Set(all.map(({ key }) => key)).size, 1);
  assert.deepEqual([...disk.rows.keys()], ['eu-west-1/1']);
});

test('a domain key is used only after it is stored', async () => {
  const { domainKeys, disk } = await start();
  disk.refuse = () => {
    throw new Error('disk full');
  };
  const all = await Promise.allSettled([domainKeys.current('r'), domainKeys.current('r')]);
  assert.ok(all.every(({ status }) => status === 'rejected'));
  assert.deepEqual(domainKeys.versions('r'), []);
  disk.refuse = () => undefined;
  assert.equal((await domainKeys.current('r')).version, 1);
});

test('each line has its own keys, and a restart opens the same ones', async () => {
  const { domainKeys, disk } = await start();
  const keys = await Promise.all(['', 'us-east-1', 'eu-west-1'].map((region) => domainKeys.current(region)));
  const bytes = keys.map(({ key }) => copyOf(key));
  assert.equal(new Set(bytes).size, 3);
  assert.deepEqual(domainKeys.regions(), ['', 'eu-west-1', 'us-east-1']);
  const again = (await start(disk)).domainKeys;
  const reopened = await Promise.all(['', 'us-east-1', 'eu-west-1'].map((region) => again.get(region, 1)));
  assert.deepEqual(reopened.map(copyOf), bytes);
});

test('a rotated line seals under the new version and still opens the old one', async () => {
  const { domainKeys, disk } = await start();
  const before = await domainKeys.current('r');
  assert.equal(await domainKeys.rotate('r'), 2);
  const after = await domainKeys.current('r');
  assert.equal(after.version, 2);
  assert.notEqual(copyOf(after.key), copyOf(before.key));
  const again = (await start(disk)).domainKeys;
  assert.equal(copyOf(await again.get('r', 1)), copyOf(before.key));
  assert.equal((await again.current('r')).version, 2);
});

test('rotations at once take a version each', async () => {
  const { domainKeys } = await start();
  assert.deepEqual(await Promise.all([1, 2, 3, 4].map(() => domainKeys.rotate('r'))), [1, 2, 3, 4]);
});

test('a retired version is gone, and the current one cannot be retired', async () => {
  const { domainKeys, disk } = await start();
  await domainKeys.rotate('r');
  await domainKeys.rotate('r');
  await assert.rejects(domainKeys.retire('r', 2), RangeError);
  await domainKeys.retire('r', 1);
  assert.deepEqual([...disk.rows.keys()], ['r/2']);
  await assert.rejects(domainKeys.get('r', 1), /no domain key `r` version 1/);
});

test('a domain key row that was moved to another line or version, or changed, does not open', async () => {
  const { domainKeys, disk } = await start();
  await domainKeys.rotate('r');
  await domainKeys.rotate('r');
  await domainKeys.rotate('s');
  const rows = new Map(disk.rows);
  const opens = async (name: string, sealed: Uint8Array) => {
    const row = rows.get(name);
    assert.ok(row !== undefined);
    disk.rows.set(name, { ...row, sealed });
    const { domainKeys: moved } = await start(disk);
    disk.rows.set(name, row);
    return moved.get(row.region, row.version);
  };
  const sealedOf = (name: string) => Buffer.from(rows.get(name)?.sealed ?? []);
  await opens('r/2', sealedOf('r/2'));
  await assert.rejects(opens('r/2', sealedOf('r/1')), SealBroken);
  await assert.rejects(opens('r/1', sealedOf('s/1')), SealBroken);
  const changed = sealedOf('r/1');
  changed[20] = (changed[20] ?? 0) ^ 1;
  await assert.rejects(opens('r/1', changed), SealBroken);
});

test('a failure to open a domain key is not remembered', async () => {
  const { domainKeys } = await start();
  await domainKeys.current('r');
  await assert.rejects(domainKeys.get('r', 2), SealBroken);
  await domainKeys.rotate('r');
  await domainKeys.get('r', 2);
});

test('the root is replaced while keys are made and rotated, and nothing is lost', async () => {
  const { domainKeys, disk, seal } = await start();
  for (const region of ['', 'a', 'b']) await domainKeys.current(region);
  const known = new Map<string, string>();
  const note = async (region: string, version: number) => {
    known.set(`${region}/${version}`, copyOf(await domainKeys.get(region, version)));
  };
  const busy = async (region: string) => {
    for (let i = 0; i < 5; i += 1) await note(region, await domainKeys.rotate(region));
    await note(`${region}-new`, (await domainKeys.current(`${region}-new`)).version);
  };
  const roots = domainKeys.rotateRoot().then(() => domainKeys.rotateRoot());
  await Promise.all([busy(''), busy('a'), busy('b'), roots]);
  await domainKeys.rotateRoot();
  assert.equal(seal.rootKeyIds.length, 1);
  assert.deepEqual(new Set([...disk.rows.values()].map((row) => row.rootKeyId)), new Set([seal.rootKeyId]));
  const { domainKeys: again } = await start(disk);
  for (const [name, bytes] of known) {
    const [region = '', version] = name.split('/');
    assert.equal(copyOf(await again.get(region, Number(version))), bytes, name);
  }
});

test('rotations of the root at once, begun at any moment of each other, end with one root that opens everything', async () => {
  for (let turns = 0; turns < 12; turns += 1) {
    const { domainKeys, disk, seal } = await start();
    for (const region of ['', 'a', 'b']) await domainKeys.current(region);
    const before = copyOf(await domainKeys.get('a', 1));
    const rotations = [0, turns, 2 * turns].map(async (wait) => {
      for (let i = 0; i < wait; i += 1) await new Promise(setImmediate);
      return domainKeys.rotateRoot();
    });
    const chain = await Promise.all(rotations);
    for (const [n, { previousRootKeyId }] of chain.entries())
      if (n > 0) assert.equal(previousRootKeyId, chain[n - 1]?.rootKeyId);
    assert.equal(seal.rootKeyId, chain.at(-1)?.rootKeyId);
    assert.equal(seal.rootKeyIds.length, 1);
    const again = await start(disk);
    assert.equal(copyOf(await again.domainKeys.get('a', 1)), before);
    assert.equal(await again.domainKeys.rewrapUnderCurrentRoot(), 0);
  }
});

test('a root rotation that stops at any commit is completed after the restart', async () => {
  for (const [fails, lines] of [
    [1, 3],
    [1, 600],
    [2, 600],
    [3, 600],
  ] as const) {
    const { domainKeys, disk } = await start();
    for (let i = 0; i < lines; i += 1) await domainKeys.current(`line-${i}`);
    const before = copyOf(await domainKeys.get('line-0', 1));
    const rootBefore = disk.rows.get('line-0/1')?.rootKeyId;
    const { commits } = disk;
    disk.refuse = (commit) => {
      if (commit === commits + fails) throw new Error('power failure');
    };
    await assert.rejects(domainKeys.rotateRoot(), /power failure/);
    disk.refuse = () => undefined;
    const again = await start(disk);
    assert.equal(again.seal.rootKeyIds.length, 2);
    await again.domainKeys.finishRootRotation();
    assert.equal(again.seal.rootKeyIds.length, 1);
    assert.ok([...disk.rows.values()].every((row) => row.rootKeyId !== rootBefore));
    const last = await start(disk);
    assert.equal(copyOf(await last.domainKeys.get('line-0', 1)), before);
    assert.equal(await last.domainKeys.rewrapUnderCurrentRoot(), 0);
  }
});

test('the old root is kept while a domain key still needs it', async () => {
  const disk = new Disk();
  const { domainKeys, seal } = await start(disk);
  await domainKeys.current('r');
  await seal.beginRotation();
  disk.refuse = () => {
    throw new Error('disk full');
  };
  await assert.rejects(domainKeys.finishRootRotation(), /disk full/);
  assert.equal(seal.rootKeyIds.length, 2);
});
