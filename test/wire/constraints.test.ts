/** Every constraint of every operation of the model, broken once, with the service's exact words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeInput } from '../../src/protocol/services.ts';
import { leastValid, model, modelCases } from './model-cases.ts';
import { refusalOf } from './refusal-of.ts';

const operations = Object.keys(model.operations);

test('the model has 56 operations, and the least input of each is accepted', () => {
  assert.equal(operations.length, 56);
  for (const [operation, { input }] of Object.entries(model.operations)) {
    decodeInput('kms', operation, Buffer.from(JSON.stringify(leastValid(input.shape))));
  }
});

test('there is a case for each kind of constraint, and no two alike', () => {
  const titles = new Set(modelCases.map(({ title }) => title));
  assert.equal(titles.size, modelCases.length);
  assert.ok(modelCases.length > 1900, `${modelCases.length} cases`);
  for (const kind of [
    'without ',
    'too short',
    'too long',
    'too small',
    'too large',
    'of no enum',
    'outside the pattern',
    'too many elements',
    'as a list',
  ]) {
    assert.ok(
      modelCases.some(({ title }) => title.includes(kind)),
      `no case ${kind}`,
    );
  }
});

for (const operation of operations) {
  describe(`${operation} refuses what its model forbids`, () => {
    for (const { title, input, code, message } of modelCases.filter((one) => one.operation === operation)) {
      test(title, () => {
        const refusal = refusalOf(operation, JSON.stringify(input));
        assert.deepEqual(
          {
            code: refusal.code,
            message: refusal.hasMessage ? refusal.message : undefined,
            status: refusal.httpStatus,
          },
          { code, message, status: 400 },
        );
      });
    }
  });
}
