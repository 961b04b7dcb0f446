/** A marker says where a listing goes on. It is sealed: nobody makes one, changes one or carries one elsewhere. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { type DevServer, neighbour, startDevServer } from '../support/dev-server.ts';
import { Caller, scratchDirectory } from './attacker.ts';

describe('markers', () => {
  let directory: string;
  let server: DevServer;
  let owner: Caller;
  let keyIds: string[];
  let marker: string;

  before(async () => {
    directory = await scratchDirectory();
    server = await startDevServer({ args: ['--data-dir', directory] });
    owner = new Caller(server);
    keyIds = [];
    for (let count = 0; count < 3; count += 1) keyIds.push((await owner.createKey()).id);
    for (const keyId of keyIds) {
      await owner.does('TagResource', {
        KeyId: keyId,
        Tags: ['a', 'b', 'c'].map((TagKey) => ({ TagKey, TagValue: '' })),
      });
    }
    marker = (await owner.does('ListKeys', { Limit: 1 })).NextMarker;
  });
  after(async () => {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const refused = (caller: Caller, operation: string, input: object) =>
    caller.refused(operation, input, 'InvalidMarkerException');

  test('a marker continues its own listing, from any page size', async () => {
    const { Keys } = await owner.does('ListKeys', { Limit: 10, Marker: marker });
    assert.deepEqual(
      Keys.map(({ KeyId }: { KeyId: string }) => KeyId),
      [...keyIds].sort().slice(1),
    );
  });

  test('a made-up marker is refused, whatever it says', async () => {
    const plain = keyIds[0] ?? '';
    const guesses = [
      'AAAA',
      plain,
      Buffer.from(plain).toString('base64url'),
      'a b',
      '../..',
      'é',
      '%00',
      '1',
      '-',
      'x'.repeat(1024),
    ];
    for (const Marker of guesses) await refused(owner, 'ListKeys', { Marker });
  });

  test('a marker with any one character changed, cut off or added is refused', async () => {
    for (let at = 0; at < marker.length; at += 1) {
      for (const character of ['A', 'Q', '-']) {
        if (marker[at] === character) continue;
        await refused(owner, 'ListKeys', { Marker: marker.slice(0, at) + character + marker.slice(at + 1) });
      }
    }
    // The last character holds bits that no byte needs: they must not make a second marker of the first.
    for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (marker.endsWith(character)) continue;
      await refused(owner, 'ListKeys', { Marker: marker.slice(0, -1) + character });
    }
    for (const length of [1, 10, marker.length - 4, marker.length - 1]) {
      await refused(owner, 'ListKeys', { Marker: marker.slice(0, length) });
    }
    for (const more of ['A', 'AAAA', '=', '==', ' ', '\u00a0'])
      await refused(owner, 'ListKeys', { Marker: marker + more });
  });

  test("another caller's marker is refused", async () => {
    const stranger = new Caller(server, { credentials: neighbour });
    await stranger.createKey();
    await refused(stranger, 'ListKeys', { Marker: marker });
  });

  test('a marker of another operation, another key or another Region is refused', async () => {
    const [first = '', second = ''] = keyIds;
    const { NextMarker } = await owner.does('ListResourceTags', { KeyId: first, Limit: 1 });
    await refused(owner, 'ListResourceTags', { KeyId: second, Marker: NextMarker });
    await refused(owner, 'ListKeys', { Marker: NextMarker });
    await refused(owner, 'ListResourceTags', { KeyId: first, Marker: marker });
    await refused(owner, 'ListAliases', { Marker: marker });
    await refused(owner, 'ListKeys', { Marker: marker, ResourceOwners: ['SELF', 'OTHER_ACCOUNTS_VIA_RAM'] });
    await refused(new Caller(server, { region: 'eu-west-1' }), 'ListKeys', { Marker: marker });
    const { Tags } = await owner.does('ListResourceTags', { KeyId: first, Marker: NextMarker });
    assert.equal(Tags.length, 2);
  });

  test("a marker of another installation is refused, and one's own still holds after a restart", async () => {
    const elsewhere = await startDevServer();
    try {
      const twin = new Caller(elsewhere);
      await twin.createKey();
      await refused(twin, 'ListKeys', { Marker: marker });
    } finally {
      await elsewhere.stop();
    }
    await server.stop();
    server = await startDevServer({ args: ['--data-dir', directory] });
    owner = new Caller(server);
    const { Keys } = await owner.does('ListKeys', { Marker: marker });
    assert.equal(Keys.length, 2);
  });
});
