/**
 * Bodies for any operation of KMS, made from the API model: valid ones, ones with something wrong here and
 * there, and ones whose very text is hostile. The same random numbers give the same body.
 */
import { type MemberTable, type ShapeTable, shapeNameOf, shapeOf } from '../../src/base/api-model.ts';
import type { KmsOperationName } from '../../src/model/kms.ts';
import { kmsTable } from '../../src/model/kms-table.ts';
import { bytesOf, integerOf, oneOf, type Random } from './random.ts';
import { sampleTexts } from './sample-text.ts';

export const kmsOperationNames = Object.keys(kmsTable.operations) as readonly KmsOperationName[];

export interface FuzzOptions {
  /** Texts to prefer for shapes of these names, such as the ids of keys that exist: `{ KeyIdType: [...] }`. */
  readonly texts?: Readonly<Record<string, readonly string[]>>;
  /** The same for shapes that are blobs. */
  readonly blobs?: Readonly<Record<string, readonly Buffer[]>>;
}

/** A third each is valid by the model, nearly valid, and hostile. */
export function fuzzBody(random: Random, operation: KmsOperationName, options: FuzzOptions = {}): Buffer {
  const kind = random();
  if (kind < 1 / 3) return Buffer.from(JSON.stringify(validInput(random, operation, options)));
  const spoiled = spoil(random, validInput(random, operation, options), 0);
  if (kind < 2 / 3) return Buffer.from(JSON.stringify(spoiled));
  return hostileText(
    random,
    JSON.stringify(random() < 0.5 ? validInput(random, operation, options) : spoiled),
  );
}

/** The JSON of an input in which every constraint of the model holds. */
export function validInput(random: Random, operation: KmsOperationName, options: FuzzOptions = {}): object {
  const shape = kmsTable.operations[operation]?.input;
  const value = shape === undefined ? {} : validValue(random, shape, options);
  if (typeof value !== 'object' || value === null) throw new Error(`${operation} takes no structure`);
  return value;
}

/** The JSON of a value of a shape in which every constraint holds. */
export function validValue(random: Random, shapeName: string, options: FuzzOptions = {}): unknown {
  const shape = shapeOf(kmsTable, shapeName);
  const ofMember = (member: MemberTable): unknown => validValue(random, shapeNameOf(member), options);
  switch (shape.type) {
    case 'structure': {
      const members: [string, unknown][] = [];
      for (const [name, member] of Object.entries(shape.members)) {
        if (shape.required?.includes(name) === true || random() < 0.4) members.push([name, ofMember(member)]);
      }
      return Object.fromEntries(members);
    }
    case 'list':
      return Array.from({ length: lengthWithin(random, shape.min ?? 0, Math.min(shape.max ?? 4, 12)) }, () =>
        ofMember(shape.member),
      );
    case 'map':
      return Object.fromEntries(
        Array.from({ length: integerOf(random, 0, 4) }, () => [oneOf(random, names), ofMember(shape.value)]),
      );
    case 'string':
      return validText(random, shapeName, shape, options);
    case 'integer':
    case 'long':
      return lengthWithin(random, shape.min ?? 0, shape.max ?? 1_000_000);
    case 'float':
    case 'double':
      return random();
    case 'blob':
      return validBlob(random, shapeName, shape, options).toString('base64');
    case 'boolean':
      return random() < 0.5;
    case 'timestamp':
      return oneOf(random, [0, 1.7593344e9, 1759334400.123, 4e9, -1]);
    default:
      return shape satisfies never;
  }
}

function validBlob(
  random: Random,
  shapeName: string,
  shape: ShapeTable & { readonly type: 'blob' },
  { blobs = {} }: FuzzOptions,
): Buffer {
  const preferred = blobs[shapeName];
  if (preferred !== undefined && preferred.length > 0 && random() < 0.8) return oneOf(random, preferred);
  return bytesOf(random, lengthWithin(random, shape.min ?? 0, Math.min(shape.max ?? 64, 8192)));
}

function validText(
  random: Random,
  shapeName: string,
  shape: ShapeTable & { readonly type: 'string' },
  { texts = {} }: FuzzOptions,
): string {
  const preferred = texts[shapeName];
  if (preferred !== undefined && preferred.length > 0 && random() < 0.8) return oneOf(random, preferred);
  if (shape.enum !== undefined) return oneOf(random, shape.enum);
  const samples = sampleTexts[shapeName];
  if (samples !== undefined) return oneOf(random, samples);
  const length = lengthWithin(random, shape.min ?? 0, Math.min(shape.max ?? 40, 9000));
  return oneOf(random, ['a', 'Z', '0', ' ', '"', '\\', '\u0000', 'é', '中', '<']).repeat(length);
}

/** Bounds are where mistakes are: they come up as often as all that lies between. */
function lengthWithin(random: Random, min: number, max: number): number {
  return oneOf(random, [
    min,
    max,
    integerOf(random, min, max),
    integerOf(random, min, Math.min(max, min + 16)),
  ]);
}

/** Names that a careless reader of objects would stumble over. */
const names = [
  'a',
  'b',
  'purpose',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  'é',
  '0',
  '\u0000',
];

const strangeValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  1e21,
  99_999_999_999,
  -0,
  2_147_483_648,
  '',
  'a',
  'NOT_A_VALUE',
  '\u0000',
  '\ud800',
  '😀',
  'a'.repeat(9000),
  'YQ',
  'YQ==',
  'YR==',
  'Y Q==',
  '_-8=',
  '/+8=',
  [],
  [null],
  [[]],
  {},
  { a: 1 },
  ['a', 1],
  [{}],
  { __proto__: null },
  'alias/',
  'arn:aws:kms',
  '../..',
  "' OR 1=1 --",
  `\${aws:username}`,
];

/** One thing in a tree is replaced, left out or added; seldom more. */
function spoil(random: Random, value: unknown, depth: number): unknown {
  if (depth > 4 || random() < 0.15 + depth * 0.2) return oneOf(random, strangeValues);
  if (Array.isArray(value)) {
    const index = integerOf(random, 0, value.length);
    if (random() < 0.2) return Array.from({ length: 1200 }, () => value[0] ?? 'a');
    return [...value.slice(0, index), spoil(random, value[index], depth + 1), ...value.slice(index + 1)];
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    if (members.length === 0 || random() < 0.2) {
      return Object.fromEntries([...members, [oneOf(random, names), oneOf(random, strangeValues)]]);
    }
    const chosen = integerOf(random, 0, members.length - 1);
    const isDropped = random() < 0.2;
    return Object.fromEntries(
      members.flatMap(([name, member], index) =>
        index !== chosen ? [[name, member]] : isDropped ? [] : [[name, spoil(random, member, depth + 1)]],
      ),
    );
  }
  return oneOf(random, strangeValues);
}

/** What no serializer writes: bytes and texts that are nearly JSON, or JSON of a hostile form. */
function hostileText(random: Random, text: string): Buffer {
  switch (integerOf(random, 0, 12)) {
    case 0:
      return Buffer.from(text.slice(0, integerOf(random, 0, text.length)));
    case 1: {
      const bytes = Buffer.from(text);
      const at = integerOf(random, 0, bytes.length - 1);
      bytes[at] = integerOf(random, 0, 255);
      return bytes;
    }
    case 2: {
      const at = integerOf(random, 0, text.length);
      return Buffer.concat([Buffer.from(text.slice(0, at)), bytesOf(random, 3), Buffer.from(text.slice(at))]);
    }
    case 3:
      return bytesOf(random, integerOf(random, 0, 64));
    case 4:
      return Buffer.from(`${'['.repeat(integerOf(random, 1, 3000))}${text}`);
    case 5: {
      const depth = integerOf(random, 1, 200);
      return Buffer.from(
        `${text.slice(0, -1)}${text === '{}' ? '' : ','}"x":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`,
      );
    }
    case 6:
      // The first member once more, its name escaped or not.
      return Buffer.from(
        text.replace(
          /^\{("[^"\\]+"):/,
          (all, name: string) => `{${oneOf(random, [name, escaped(name)])}:null,${all.slice(1)}`,
        ),
      );
    case 7:
      return Buffer.from(
        `${text.slice(0, -1)}${text === '{}' ? '' : ','}"__proto__":{"KeyId":"x","isAdmin":true}}`,
      );
    case 8:
      return Buffer.from(
        text.replaceAll(
          /:(\d+)/g,
          `:${oneOf(random, ['1e999', '-1e999', '1e400', '0.1', '1E2', '-0', '01', '0x10', '1_0'])}`,
        ),
      );
    case 9:
      return Buffer.from(`${oneOf(random, ['\ufeff', ' ', '\u00a0', '//', '\u0000', ")]}'"])}${text}`);
    case 10:
      return Buffer.from(`${text}${oneOf(random, ['{}', ',', ' ', '\u0000', ';', text])}`);
    case 11:
      return Buffer.from(text.replaceAll('"', oneOf(random, ["'", '', '\\"', '""'])));
    default:
      return Buffer.from(text, 'utf16le');
  }
}

const escaped = (quotedName: string): string =>
  `"${[...quotedName.slice(1, -1)].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
