/** What goes out: outputs, errors, and what a target names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shapeOf } from '../../src/base/api-model.ts';
import { Refusal } from '../../src/base/refusal.ts';
import type { KmsOutput } from '../../src/model/kms.ts';
import { kmsTable } from '../../src/model/kms-table.ts';
import { encodeError } from '../../src/protocol/aws-json.ts';
import { DecoderSet } from '../../src/protocol/decode-shape.ts';
import { decodeInput, encodeOutput, operationOfTarget } from '../../src/protocol/services.ts';
import { validValue } from '../fuzz/generate-request.ts';
import { seededRandom, seedOfRun } from '../fuzz/random.ts';

describe('outputs', () => {
  test('absent members are left out, bytes are base64, in the order of the model', () => {
    const output: KmsOutput<'Encrypt'> = {
      KeyId: 'k"é',
      CiphertextBlob: new Uint8Array([255, 239]),
      EncryptionAlgorithm: undefined,
    };
    assert.equal(encodeOutput('kms', 'Encrypt', output), '{"CiphertextBlob":"/+8=","KeyId":"k\\"é"}');
  });
  test('bytes are those of the view, not of the buffer under it', () => {
    const output: KmsOutput<'GenerateRandom'> = {
      Plaintext: new Uint8Array(Buffer.from('secret')).subarray(1, 3),
    };
    assert.equal(encodeOutput('kms', 'GenerateRandom', output), '{"Plaintext":"ZWM="}');
  });
  test('an operation without output has an empty body, one whose output has no members an object', () => {
    assert.equal(encodeOutput('kms', 'DeleteAlias', undefined), '');
    assert.equal(encodeOutput('kms', 'ConnectCustomKeyStore', {}), '{}');
  });
  test('dates are epoch seconds in the form of the service', () => {
    const dates: readonly (readonly [number, string])[] = [
      [1_759_334_400_000, '1.7593344E9'],
      [1_759_334_400_123, '1.759334400123E9'],
      [1_000_000_000_000, '1.0E9'],
      [9_999_999_000, '9999999.0'],
      [1500, '1.5'],
      [0, '0.0'],
      [-1000, '-1.0'],
    ];
    for (const [time, text] of dates) {
      const body = encodeOutput('kms', 'ScheduleKeyDeletion', { KeyId: 'a', DeletionDate: time });
      assert.equal(body, `{"KeyId":"a","DeletionDate":${text}}`);
    }
  });
  test('a map is written with any key', () => {
    const context = new Map([
      ['__proto__', 'x'],
      ['a"', 'b\u2028'],
    ]);
    const output: KmsOutput<'ListGrants'> = {
      Grants: [{ Constraints: { EncryptionContextSubset: context } }],
    };
    const text = encodeOutput('kms', 'ListGrants', output);
    assert.equal(
      text,
      '{"Grants":[{"Constraints":{"EncryptionContextSubset":{"__proto__":"x","a\\"":"b\u2028"}}}]}',
    );
  });
  test('an output that lacks what the model requires, or has another type, is not sent', () => {
    const wrong: readonly (readonly [string, object | undefined])[] = [
      ['DescribeKey', { KeyMetadata: {} }],
      ['Encrypt', { KeyId: 1 }],
      ['Encrypt', { CiphertextBlob: 'YQ==' }],
      ['Encrypt', undefined],
      ['ScheduleKeyDeletion', { DeletionDate: Number.NaN }],
      ['ScheduleKeyDeletion', { PendingWindowInDays: 7.5 }],
      ['ListKeys', { Truncated: 'true' }],
      ['ListKeys', { Keys: new Map() }],
    ];
    for (const [operation, output] of wrong) {
      assert.throws(() => encodeOutput('kms', operation, output), TypeError, operation);
    }
  });
  test('what is written of any output is read back as the same value', (context) => {
    const seed = seedOfRun();
    context.diagnostic(`HOLDFAST_SEED=${seed}`);
    const random = seededRandom(seed);
    const decoders = new DecoderSet(kmsTable);
    for (const [operation, { output }] of Object.entries(kmsTable.operations)) {
      if (output === undefined) continue;
      assert.equal(shapeOf(kmsTable, output).type, 'structure');
      for (let round = 0; round < 40; round += 1) {
        const value = decoders.decode(output, Object(validValue(random, output)));
        const text = encodeOutput('kms', operation, value);
        assert.deepEqual(decoders.decode(output, JSON.parse(text)), value);
      }
    }
  });
});

describe('errors', () => {
  test('a modelled error has its name and a message', () => {
    const refusal = new Refusal('NotFoundException', "Key 'a\"b' does not exist");
    assert.equal(
      encodeError(refusal),
      '{"__type":"NotFoundException","message":"Key \'a\\"b\' does not exist"}',
    );
  });
  test('errors of the framework spell Message with a capital', () => {
    assert.equal(
      encodeError(new Refusal('AccessDeniedException', 'no')),
      '{"__type":"AccessDeniedException","Message":"no"}',
    );
    assert.equal(
      encodeError(new Refusal('SerializationException', 'no')),
      '{"__type":"SerializationException","Message":"no"}',
    );
  });
  test('an error without message has no message member, an empty message is kept', () => {
    assert.equal(
      encodeError(new Refusal('InvalidCiphertextException')),
      '{"__type":"InvalidCiphertextException"}',
    );
    assert.equal(
      encodeError(new Refusal('ValidationException', '')),
      '{"__type":"ValidationException","message":""}',
    );
  });
});

describe('targets', () => {
  test('every operation of the models is found by its target', () => {
    for (const operation of Object.keys(kmsTable.operations)) {
      assert.deepEqual(operationOfTarget(`TrentService.${operation}`), { service: 'kms', operation });
    }
    assert.deepEqual(operationOfTarget('Holdfast_20261124.SetClock'), {
      service: 'holdfast',
      operation: 'SetClock',
    });
  });
  const nothing = [
    undefined,
    '',
    '.',
    'Encrypt',
    '.Encrypt',
    'TrentService.',
    'TrentService',
    'TrentService.encrypt',
    'trentservice.Encrypt',
    ' TrentService.Encrypt',
    'TrentService.Encrypt ',
    'TrentService.Encrypt.Decrypt',
    'x.TrentService.Encrypt',
    'TrentService.constructor',
    'TrentService.__proto__',
    '__proto__.toString',
    'Holdfast_20261124.Encrypt',
    'TrentService.SetClock',
    'TrentService.Encrypt\u0000',
  ];
  for (const header of nothing) {
    test(`${JSON.stringify(header)} names nothing`, () => assert.equal(operationOfTarget(header), undefined));
  }
  test('asking for an operation that no target names is a fault, not a refusal', () => {
    for (const name of ['constructor', 'Nope']) {
      assert.throws(
        () => decodeInput('kms', name, Buffer.alloc(0)),
        (error) => !(error instanceof Refusal),
      );
    }
  });
});
