import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/base/refusal.ts';
import { encodeEncryptionContext, encryptionContextBytesMax } from '../../src/keys/encryption-context.ts';

const seed = Number(process.env.HOLDFAST_SEED ?? Date.now() % 2 ** 31);
console.log(`HOLDFAST_SEED=${seed}`);

const encoded = (pairs: ReadonlyArray<readonly [string, string]>): string =>
  Buffer.from(encodeEncryptionContext(new Map(pairs))).toString('hex');

/** The slow and obvious twin, straight from the document. */
function encodedSlowly(context: ReadonlyMap<string, string>): string {
  const pairs = [...context].map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const);
  pairs.sort(([a], [b]) => Buffer.compare(a, b));
  const part = (bytes: Buffer) => `${bytes.length.toString(16).padStart(4, '0')}${bytes.toString('hex')}`;
  return pairs.map(([name, value]) => part(name) + part(value)).join('');
}

/** Well-formed text with many surrogate pairs and characters on both sides of them. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({
    unit: fc.constantFrom('a', 'b', '\0', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '𐀀'),
    maxLength: 4,
  }),
);
const context = fc.array(fc.tuple(text, text), { maxLength: 8 }).map((pairs) => new Map(pairs));

test('no encryption context and an empty one are the same, and no bytes', () => {
  assert.equal(encodeEncryptionContext(undefined).length, 0);
  assert.equal(encodeEncryptionContext(new Map()).length, 0);
  assert.notEqual(encoded([['', '']]), '');
});

test('the encoding of an example is as documented', () => {
  assert.equal(
    encoded([
      ['tenant', '12'],
      ['app', 'é'],
    ]),
    '0003617070' + '0002c3a9' + '000674656e616e74' + '00023132',
  );
});

test('the encoding equals that of a slow twin, whatever the order of the pairs', () => {
  fc.assert(
    fc.property(context, fc.infiniteStream(fc.double()), (given, noise) => {
      const shuffled = [...given].map((pair) => [noise.next().value, pair] as const);
      shuffled.sort(([a], [b]) => (a < b ? -1 : 1));
      const slow = encodedSlowly(given);
      assert.equal(encoded([...given]), slow);
      assert.equal(encoded(shuffled.map(([, pair]) => pair)), slow);
    }),
    { seed, numRuns: 3000 },
  );
});

test('different encryption contexts never have the same encoding', () => {
  const key = (each: ReadonlyMap<string, string>) => JSON.stringify([...each].sort());
  fc.assert(
    fc.property(context, context, (a, b) => {
      assert.equal(encoded([...a]) === encoded([...b]), key(a) === key(b));
    }),
    { seed, numRuns: 3000 },
  );
});

test('bytes that move between a name, its value and the next pair make another encoding', () => {
  const forms: ReadonlyArray<ReadonlyArray<readonly [string, string]>> = [
    [['ab', 'c']],
    [['a', 'bc']],
    [['abc', '']],
    [['', 'abc']],
    [
      ['a', 'b'],
      ['c', ''],
    ],
    [
      ['a', ''],
      ['b', 'c'],
    ],
    [['a', '\0\u0001b\0\u0001c']],
    [['A', 'bc']],
    [['a', 'bc ']],
    [['\u00e9', '']],
    [['e\u0301', '']],
  ];
  assert.equal(new Set(forms.map(encoded)).size, forms.length);
});

test('up to 8,192 bytes are taken and one more is refused, counted in UTF-8', () => {
  const name = 'é'.repeat(96);
  const rest = encryptionContextBytesMax - 192;
  assert.equal(encodeEncryptionContext(new Map([[name, 'x'.repeat(rest)]])).length, 8196);
  const refused = (error: unknown) =>
    error instanceof Refusal &&
    error.code === 'ValidationException' &&
    error.message.includes("at 'encryptionContext' failed to satisfy constraint");
  assert.throws(() => encodeEncryptionContext(new Map([[name, 'x'.repeat(rest + 1)]])), refused);
  assert.throws(() => encodeEncryptionContext(new Map([['x'.repeat(8193), '']])), refused);
});

test('text that is not Unicode is refused, because it would collide', () => {
  for (const each of ['\ud800', 'a\udc00', '\udc00\ud800']) {
    assert.throws(() => encodeEncryptionContext(new Map([[each, '']])), Refusal);
    assert.throws(() => encodeEncryptionContext(new Map([['', each]])), Refusal);
  }
});
