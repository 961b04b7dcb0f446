/** Rotation: by the clock, on demand, and what tells of it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { dayMs, idOf, operator, refusal, refused, World } from './world.ts';

const world = await World.start();
after(() => world.stop());
const kms = () => world.kms();

const status = async (KeyId: string) => {
  const { $metadata: _m, ...rest } = await kms().getKeyRotationStatus({ KeyId });
  return rest;
};
const nextOf = async (KeyId: string): Promise<number> =>
  (await status(KeyId)).NextRotationDate?.getTime() ?? 0;
const rotationsOf = async (KeyId: string) => (await kms().listKeyRotations({ KeyId })).Rotations ?? [];
const materialOf = async (KeyId: string) =>
  (await kms().describeKey({ KeyId })).KeyMetadata?.CurrentKeyMaterialId;
const near = (actual: number, expected: number): boolean => Math.abs(actual - expected) < 10_000;

test('rotation is off to begin with, and then tells its period and the next date', async () => {
  const KeyId = await world.newKey();
  assert.deepEqual(await status(KeyId), { KeyId, KeyRotationEnabled: false });
  assert.equal((await world.raw(operator, 'EnableKeyRotation', { KeyId })).text, '');
  const { NextRotationDate, ...rest } = await status(KeyId);
  assert.deepEqual(rest, { KeyId, KeyRotationEnabled: true, RotationPeriodInDays: 365 });
  assert.ok(near(NextRotationDate?.getTime() ?? 0, world.nowMs() + 365 * dayMs));
  assert.equal((await world.raw(operator, 'DisableKeyRotation', { KeyId })).text, '');
  assert.deepEqual(await status(KeyId), { KeyId, KeyRotationEnabled: false });
  await kms().disableKeyRotation({ KeyId });
});

for (const [days, constraint] of [
  [89, 'greater than or equal to 90'],
  [2561, 'less than or equal to 2560'],
] as const) {
  test(`a period of ${days} days is refused`, async () => {
    assert.deepEqual(
      await refused(kms().enableKeyRotation({ KeyId: await world.newKey(), RotationPeriodInDays: days })),
      refusal(
        'ValidationException',
        `1 validation error detected: Value '${days}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value ${constraint}`,
      ),
    );
  });
}

for (const days of [90, 365, 2560]) {
  test(`with a period of ${days} days a key rotates when they are over, again and again`, async () => {
    const KeyId = await world.newKey();
    const first = await materialOf(KeyId);
    await kms().enableKeyRotation({ KeyId, RotationPeriodInDays: days });
    const due = await nextOf(KeyId);
    assert.ok(near(due, world.nowMs() + days * dayMs));
    await world.setClock(due - 60_000);
    assert.equal(await materialOf(KeyId), first);
    await world.setClock(due + 1_000);
    const second = await materialOf(KeyId);
    assert.notEqual(second, first);
    assert.equal(await nextOf(KeyId), due + days * dayMs);
    await world.setClock(due + days * dayMs + 1_000);
    assert.notEqual(await materialOf(KeyId), second);
    assert.deepEqual(
      (await rotationsOf(KeyId)).map(({ RotationType }) => RotationType),
      ['AUTOMATIC', 'AUTOMATIC'],
    );
  });
}

test('another period moves the next date, the same one leaves it, and none leaves the period that was set', async () => {
  const KeyId = await world.newKey();
  await kms().enableKeyRotation({ KeyId, RotationPeriodInDays: 200 });
  const due = await nextOf(KeyId);
  await world.passDays(10);
  await kms().enableKeyRotation({ KeyId, RotationPeriodInDays: 200 });
  assert.equal(await nextOf(KeyId), due);
  await kms().enableKeyRotation({ KeyId });
  assert.equal((await status(KeyId)).RotationPeriodInDays, 200);
  assert.equal(await nextOf(KeyId), due);
  await kms().enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
  assert.ok(near(await nextOf(KeyId), world.nowMs() + 90 * dayMs));
});

test('a disabled key keeps its setting, does not rotate, and rotates when it is enabled again', async () => {
  const KeyId = await world.newKey();
  await kms().enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
  const [first, due] = [await materialOf(KeyId), await nextOf(KeyId)];
  await kms().disableKey({ KeyId });
  await world.setClock(due + 200 * dayMs);
  assert.equal((await status(KeyId)).KeyRotationEnabled, true);
  assert.equal(await materialOf(KeyId), first);
  await kms().enableKey({ KeyId });
  await world.setClock(world.nowMs() + 1_000);
  assert.notEqual(await materialOf(KeyId), first);
  assert.equal((await rotationsOf(KeyId)).length, 1, 'once, however many dates were missed');
  assert.ok(near(await nextOf(KeyId), world.nowMs() + 90 * dayMs));
});

test('a key pending deletion reads as not rotating, does not rotate, and has its setting back when that is cancelled', async () => {
  const KeyId = await world.newKey();
  await kms().enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
  const due = await nextOf(KeyId);
  const first = await materialOf(KeyId);
  await world.setClock(due - 2 * dayMs);
  await kms().scheduleKeyDeletion({ KeyId, PendingWindowInDays: 30 });
  assert.deepEqual(await status(KeyId), { KeyId, KeyRotationEnabled: false });
  await world.setClock(due + dayMs);
  assert.equal(await materialOf(KeyId), first);
  await kms().cancelKeyDeletion({ KeyId });
  assert.equal((await status(KeyId)).KeyRotationEnabled, true);
});

test('what fell due while the server was down is rotated when it is back', async () => {
  const KeyId = await world.newKey();
  await kms().enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
  const [first, due] = [await materialOf(KeyId), await nextOf(KeyId)];
  const { CiphertextBlob } = await kms().encrypt({ KeyId, Plaintext: Buffer.from('old') });
  await world.restart();
  await world.setClock(due + dayMs);
  assert.notEqual(await materialOf(KeyId), first);
  await world.restart();
  const { Plaintext = new Uint8Array(), KeyMaterialId } = await kms().decrypt({ CiphertextBlob });
  assert.equal(Buffer.from(Plaintext).toString(), 'old');
  assert.equal(KeyMaterialId, first);
});

test('a key rotates on demand 25 times in its life, and its automatic dates stay', async () => {
  const KeyId = await world.newKey();
  await kms().enableKeyRotation({ KeyId });
  const due = await nextOf(KeyId);
  const first = await kms().encrypt({ KeyId, Plaintext: Buffer.from('first') });
  for (let made = 0; made < 25; made += 1) {
    const { $metadata: _m, ...answer } = await kms().rotateKeyOnDemand({ KeyId: idOf(KeyId) });
    assert.deepEqual(answer, { KeyId });
  }
  assert.deepEqual(
    await refused(kms().rotateKeyOnDemand({ KeyId })),
    refusal(
      'LimitExceededException',
      `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${KeyId}`,
    ),
  );
  assert.equal(await nextOf(KeyId), due);
  const { Plaintext = new Uint8Array() } = await kms().decrypt({ CiphertextBlob: first.CiphertextBlob });
  assert.equal(Buffer.from(Plaintext).toString(), 'first');
  // The quota is for those on demand alone.
  await world.setClock(due + 1_000);
  const rotations = await rotationsOf(KeyId);
  assert.equal(rotations.length, 26);
  assert.equal(rotations.at(-1)?.RotationType, 'AUTOMATIC');
});

test('on-demand rotation conflicts with an automatic one due within twenty minutes, and with none before', async () => {
  const KeyId = await world.newKey();
  await kms().enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
  const due = await nextOf(KeyId);
  await world.setClock(due - 21 * 60_000);
  await kms().rotateKeyOnDemand({ KeyId });
  await world.setClock(due - 19 * 60_000);
  assert.equal((await refused(kms().rotateKeyOnDemand({ KeyId }))).code, 'ConflictException');
  await world.setClock(due + 1_000);
  await kms().rotateKeyOnDemand({ KeyId });
});

test('the rotations of a key are listed oldest first, and the first key material only when asked for', async () => {
  const KeyId = await world.newKey();
  const materials = [await materialOf(KeyId)];
  assert.deepEqual(await rotationsOf(KeyId), []);
  for (let made = 0; made < 3; made += 1) {
    await kms().rotateKeyOnDemand({ KeyId });
    materials.push(await materialOf(KeyId));
  }
  const rotations = await rotationsOf(KeyId);
  assert.deepEqual(
    rotations.map(({ KeyMaterialId }) => KeyMaterialId),
    materials.slice(1),
  );
  assert.deepEqual(
    rotations.map(({ KeyMaterialState }) => KeyMaterialState),
    ['NON_CURRENT', 'NON_CURRENT', 'CURRENT'],
  );
  for (const { KeyId: id, RotationDate, RotationType } of rotations) {
    assert.equal(id, idOf(KeyId));
    assert.equal(RotationType, 'ON_DEMAND');
    assert.ok(near(RotationDate?.getTime() ?? 0, world.nowMs()));
  }
  const all = await kms().listKeyRotations({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' });
  assert.deepEqual(
    all.Rotations?.map(({ KeyMaterialId }) => KeyMaterialId),
    materials,
  );
  assert.deepEqual(all.Rotations?.[0], {
    KeyId: idOf(KeyId),
    KeyMaterialId: materials[0],
    KeyMaterialState: 'NON_CURRENT',
  });
});

test('an automatic rotation is told to the audit log as the work of the service', async () => {
  const KeyId = await world.newKey();
  await kms().enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
  const previousKeyMaterialId = await materialOf(KeyId);
  await world.setClock((await nextOf(KeyId)) + 1_000);
  const events = (await world.events()).filter(
    ({ eventName, serviceEventDetails }) =>
      eventName === 'RotateKey' && serviceEventDetails?.keyId === idOf(KeyId),
  );
  assert.deepEqual(
    events.map(({ serviceEventDetails }) => serviceEventDetails),
    [
      {
        keyId: idOf(KeyId),
        rotationType: 'AUTOMATIC',
        keyOrigin: 'AWS_KMS',
        previousKeyMaterialId,
        currentKeyMaterialId: await materialOf(KeyId),
      },
    ],
  );
});
