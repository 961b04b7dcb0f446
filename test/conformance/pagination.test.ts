/**
 * Every listing in pages of every size: nothing twice, nothing left out, and a marker that goes on only
 * where it was made.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { freshAliasName } from './key-operations.ts';
import {
  type Answer,
  away,
  type Credentials,
  idOf,
  neighbour,
  operator,
  refusal,
  refusalOf,
  stranger,
  World,
} from './world.ts';

const world = await World.start();
after(() => world.stop());
const kms = world.kms();

// More of everything than two pages of the smallest default.
const count = 7;
const KeyId = await world.newKey();
const other = await world.newKey();
for (let n = 0; n < count; n += 1) {
  await kms.tagResource({ KeyId, Tags: [{ TagKey: `tag-${n}`, TagValue: String(n) }] });
  await kms.rotateKeyOnDemand({ KeyId });
  await kms.createAlias({ AliasName: freshAliasName(), TargetKeyId: KeyId });
  await world.newKey();
}
await kms.tagResource({
  KeyId: other,
  Tags: [
    { TagKey: 'a', TagValue: '' },
    { TagKey: 'b', TagValue: '' },
  ],
});
for (let n = 0; n < 3; n += 1) await world.newKey(neighbour);

interface Listing {
  readonly operation: string;
  readonly input: object;
  readonly list: string;
  readonly limitDefault: number;
  readonly limitMax: number;
  /** The same operation on something else that has pages too. */
  readonly elsewhere?: object;
}

const listings: readonly Listing[] = [
  {
    operation: 'ListKeys',
    input: {},
    list: 'Keys',
    limitDefault: 100,
    limitMax: 1000,
    elsewhere: { ResourceOwners: ['SELF', 'OTHER_ACCOUNTS_VIA_RAM'] },
  },
  {
    operation: 'ListAliases',
    input: {},
    list: 'Aliases',
    limitDefault: 50,
    limitMax: 100,
    elsewhere: { KeyId },
  },
  {
    operation: 'ListAliases',
    input: { KeyId },
    list: 'Aliases',
    limitDefault: 50,
    limitMax: 100,
    elsewhere: {},
  },
  { operation: 'ListKeyPolicies', input: { KeyId }, list: 'PolicyNames', limitDefault: 100, limitMax: 1000 },
  {
    operation: 'ListKeyRotations',
    input: { KeyId },
    list: 'Rotations',
    limitDefault: 100,
    limitMax: 1000,
    elsewhere: { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' },
  },
  {
    operation: 'ListResourceTags',
    input: { KeyId },
    list: 'Tags',
    limitDefault: 50,
    limitMax: 50,
    elsewhere: { KeyId: other },
  },
];

const ask = (
  operation: string,
  input: object,
  who: Credentials = operator,
  region?: string,
): Promise<Answer> => world.raw(who, operation, input, region === undefined ? {} : { region });

async function pages(
  { operation, input, list }: Listing,
  Limit?: number,
): Promise<readonly (readonly unknown[])[]> {
  const all: (readonly unknown[])[] = [];
  let Marker: unknown;
  do {
    const { status, text, body } = await ask(operation, { ...input, Limit, Marker });
    assert.equal(status, 200, text);
    const items = body[list];
    assert.ok(Array.isArray(items));
    all.push(items);
    // `NextMarker` is there exactly when the listing goes on.
    assert.equal(body.Truncated, body.NextMarker !== undefined);
    Marker = body.NextMarker;
    assert.ok(all.length <= 200, 'the listing does not end');
  } while (Marker !== undefined);
  return all;
}

const noMarker = refusal('InvalidMarkerException', 'The marker is not valid for this request.');

for (const listing of listings) {
  const { operation, input, list, limitDefault, limitMax, elsewhere } = listing;
  const title = `${operation} ${JSON.stringify(Object.keys(input))}`;

  test(`${title} lists the same in pages of every size`, async () => {
    const whole = (await pages(listing)).flat();
    for (const limit of [1, 2, 3, whole.length - 1, whole.length, whole.length + 1, limitMax]) {
      if (limit < 1 || limit > limitMax) continue;
      const cut = await pages(listing, limit);
      assert.deepEqual(cut.flat(), whole, `pages of ${limit}`);
      assert.ok(
        cut.slice(0, -1).every((page) => page.length === limit),
        `full pages of ${limit}`,
      );
    }
  });

  test(`${title} takes a limit from 1 to ${limitMax}`, async () => {
    for (const [Limit, constraint] of [
      [0, 'Member must have value greater than or equal to 1'],
      [limitMax + 1, `Member must have value less than or equal to ${limitMax}`],
    ] as const) {
      const message = `1 validation error detected: Value '${Limit}' at 'limit' failed to satisfy constraint: ${constraint}`;
      assert.deepEqual(
        refusalOf(await ask(operation, { ...input, Limit })),
        refusal('ValidationException', message),
      );
    }
    assert.equal((await ask(operation, { ...input, Limit: limitMax })).status, 200);
    assert.ok(limitDefault <= limitMax);
  });

  test(`${title} refuses a marker that was made up`, async () => {
    for (const Marker of ['x', '0'.repeat(1024), Buffer.alloc(60, 3).toString('base64url'), '=', 'ÿ']) {
      assert.deepEqual(refusalOf(await ask(operation, { ...input, Marker })), noMarker, Marker.slice(0, 10));
    }
    // Longer than the model allows, it is not even looked at.
    const long = refusalOf(await ask(operation, { ...input, Marker: 'x'.repeat(1025) }));
    assert.equal(long?.code, 'ValidationException');
  });

  if (list === 'PolicyNames') continue;
  test(`${title} refuses a marker that was made for anything else`, async () => {
    const { body } = await ask(operation, { ...input, Limit: 1 });
    const Marker = String(body.NextMarker);
    assert.ok(Marker.length <= 1024);
    assert.equal((await ask(operation, { ...input, Marker })).status, 200);
    if (elsewhere !== undefined)
      assert.deepEqual(refusalOf(await ask(operation, { ...elsewhere, Marker })), noMarker);
    // Another page size is no other listing.
    assert.equal((await ask(operation, { ...input, Marker, Limit: 2 })).status, 200);
    for (const { operation: another, input: itsInput } of listings) {
      if (another === operation) continue;
      assert.deepEqual(refusalOf(await ask(another, { ...itsInput, Marker })), noMarker, another);
    }
    if (!('KeyId' in input)) {
      assert.deepEqual(
        refusalOf(await ask(operation, { ...input, Marker }, neighbour)),
        noMarker,
        'another caller',
      );
      assert.deepEqual(
        refusalOf(await ask(operation, { ...input, Marker }, operator, away)),
        noMarker,
        'another Region',
      );
    }
  });

  test(`${title} refuses a marker with a changed or a missing byte`, async () => {
    const { body } = await ask(operation, { ...input, Limit: 1 });
    const sealed = Buffer.from(String(body.NextMarker), 'base64url');
    for (let at = 0; at < sealed.length; at += 5) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      const said = refusalOf(await ask(operation, { ...input, Marker: changed.toString('base64url') }));
      assert.deepEqual(said, noMarker, `byte ${at}`);
    }
    for (const cut of [
      sealed.subarray(0, -1),
      sealed.subarray(1),
      sealed.subarray(0, 20),
      Buffer.concat([sealed, sealed]),
    ]) {
      assert.deepEqual(
        refusalOf(await ask(operation, { ...input, Marker: cut.toString('base64url') })),
        noMarker,
      );
    }
  });
}

test('a page has so many entries when no limit is given', async () => {
  const many = world.kms(stranger);
  await Promise.all(Array.from({ length: 101 }, () => many.createKey({})));
  const { Keys = [], Truncated } = await many.listKeys({});
  assert.equal(Keys.length, 100);
  assert.equal(Truncated, true);
  const [first] = Keys;
  const names = Array.from({ length: 30 }, freshAliasName);
  for (const AliasName of names) await many.createAlias({ AliasName, TargetKeyId: first?.KeyId });
  // With those that are there for the services of AWS.
  const { Aliases = [] } = await many.listAliases({});
  assert.equal(Aliases.length, 50);
});

test('an entry that goes between two pages is not missed by the next one, nor another listed twice', async () => {
  const names = Array.from(
    { length: 4 },
    () => `alias/between-${freshAliasName().slice('alias/'.length)}`,
  ).sort();
  const target = await world.newKey();
  for (const AliasName of names) await kms.createAlias({ AliasName, TargetKeyId: target });
  const first = await kms.listAliases({ KeyId: target, Limit: 2 });
  await kms.deleteAlias({ AliasName: names[1] });
  const second = await kms.listAliases({ KeyId: target, Marker: first.NextMarker });
  assert.deepEqual(
    second.Aliases?.map(({ AliasName }) => AliasName),
    names.slice(2),
  );
});

test('a marker is good after a restart', async () => {
  const { NextMarker } = await kms.listResourceTags({ KeyId, Limit: 3 });
  await world.restart();
  const { Tags = [] } = await world.kms().listResourceTags({ KeyId, Marker: NextMarker });
  assert.equal(Tags.length, count - 3);
});

test("keys shared through AWS RAM are an empty list, and one's own come by default", async () => {
  // The SDK does not know the member yet.
  const of = async (...ResourceOwners: readonly string[]) => (await ask('ListKeys', { ResourceOwners })).body;
  assert.deepEqual(await of('OTHER_ACCOUNTS_VIA_RAM'), { Keys: [], Truncated: false });
  const mine = { KeyId: idOf(KeyId), KeyArn: KeyId };
  for (const { Keys } of [await of('SELF'), (await ask('ListKeys', {})).body]) {
    assert.ok(Array.isArray(Keys));
    assert.deepEqual(
      Keys.find((each: object) => 'KeyArn' in each && each.KeyArn === KeyId),
      mine,
    );
  }
});
