/** The operator's own operations at the edges of what they can be given. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { away, home, operator, refusal, refusalOf, World } from './world.ts';

const world = await World.start();
after(() => world.stop());

const operate = (operation: string, input: object = {}) =>
  world.raw(operator, `Holdfast_20261124.${operation}`, input, { service: 'holdfast' });

test('a clock cannot be set to where no signature could reach it any more', async () => {
  const range = refusal(
    'ValidationException',
    'Time must be from 1970-01-02T00:00:00Z to 9998-12-31T00:00:00Z.',
  );
  for (const Time of [-62_135_596_800, 0, 86_399, 253_370_678_401, 253_402_300_799]) {
    assert.deepEqual(refusalOf(await operate('SetClock', { Time })), range, String(Time));
  }
  const before = world.nowMs();
  for (const timeMs of [86_400_000, 253_370_678_400_000, before]) {
    await world.setClock(timeMs);
    // Dates of this time are written into rows, records and answers.
    const arn = await world.newKey();
    const { DeletionDate } = await world.kms().scheduleKeyDeletion({ KeyId: arn, PendingWindowInDays: 30 });
    assert.equal(Math.round(((DeletionDate?.getTime() ?? 0) - timeMs) / 86_400_000), 30);
  }
});

test('only a domain key that there is can be rotated', async () => {
  const missing = (region: string) =>
    refusal('NotFoundException', `There is no domain key in ${region}: the first key there makes one.`);
  assert.deepEqual(refusalOf(await operate('RotateDomainKey', { Region: away })), missing(away));
  await world.newKey();
  assert.deepEqual((await operate('RotateDomainKey', { Region: home })).body, { Region: home, Version: 2 });
  const { DomainKeys } = (await operate('DescribeInstallation')).body;
  assert.ok(Array.isArray(DomainKeys) && DomainKeys.every(({ Region }) => Region !== away));
});
