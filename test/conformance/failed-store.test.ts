/** When a store has failed, every operation answers KMSInternalException, and nothing is served. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { kmsTable } from '../../src/model/kms-table.ts';
import { operationOf } from '../../src/operations/registry.ts';
import { keyOperations, newSubject } from './key-operations.ts';
import { operator, refusal, refusalOf, World } from './world.ts';

const world = await World.start(['--fault-injection']);
after(() => world.stop());

const subject = await newSubject(world);
const inputs = new Map<string, object>([
  ...keyOperations.map(({ name, input }) => [name, input(subject)] as const),
  ['CreateKey', {}],
  ['DeleteAlias', { AliasName: subject.otherAlias }],
  ['GenerateRandom', { NumberOfBytes: 8 }],
  ['ListKeys', {}],
]);

const fault = 'Holdfast_20261124.InjectFault';
await world.raw(operator, fault, { Fault: 'flush:lost' }, { service: 'holdfast' });

const built = Object.keys(kmsTable.operations).filter((name) => operationOf('kms', name) !== undefined);
for (const name of built) {
  test(`${name} answers KMSInternalException when the audit log cannot be written`, async () => {
    const input = inputs.get(name);
    assert.ok(input, `no request for ${name}`);
    assert.deepEqual(
      refusalOf(await world.raw(operator, name, input)),
      refusal(
        'KMSInternalException',
        'The request failed because of an internal error. Try it again later.',
        500,
      ),
    );
    assert.ok(kmsTable.operations[name]?.errors.includes('KMSInternalException'));
  });
}
