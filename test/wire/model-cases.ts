/**
 * A case for each constraint of each operation, made from the service model itself and not from the tables
 * that the decoder is compiled from. Each breaks one thing in an otherwise least valid input and says the
 * exact answer. The words are written out here once more, on purpose.
 */
import { readFileSync } from 'node:fs';
import { sampleTexts } from '../fuzz/sample-text.ts';

interface Shape {
  readonly type: string;
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly required?: readonly string[];
  readonly member?: { readonly shape: string };
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly sensitive?: boolean;
}

interface Model {
  readonly operations: Readonly<Record<string, { readonly input: { readonly shape: string } }>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

interface Observed {
  readonly shapes: Readonly<Record<string, { readonly enum?: readonly string[]; readonly pattern?: string }>>;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../tools/models/${name}.json`, import.meta.url), 'utf8'));
export const model = read('kms-2014-11-01') as Model;
const observed = read('kms-2014-11-01.observed') as Observed;

export interface ModelCase {
  readonly title: string;
  readonly operation: string;
  readonly input: unknown;
  readonly code: 'ValidationException' | 'SerializationException';
  /** Absent where the service sends no message. */
  readonly message?: string;
}

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json } | null;
/** Puts a value where a member is, into the least valid input. */
type Place = (value: Json | undefined) => Json;

function shapeOf(name: string): Shape {
  const shape = model.shapes[name];
  if (shape === undefined) throw new Error(`no shape ${name}`);
  return shape;
}

/** The least input of a shape that the model allows. */
export function leastValid(name: string): Json {
  const shape = shapeOf(name);
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        (shape.required ?? []).map((member) => [member, leastValid(memberShape(shape, member))]),
      );
    case 'list':
      return Array.from({ length: shape.min ?? 0 }, () => leastValid(shape.member?.shape ?? ''));
    case 'map':
      return {};
    case 'string':
      return shape.enum?.[0] ?? sampleTexts[name]?.[0] ?? 'a'.repeat(shape.min ?? 1);
    case 'blob':
      return Buffer.alloc(shape.min ?? 0, 1).toString('base64');
    case 'boolean':
      return true;
    case 'timestamp':
      return 1_700_000_000;
    default:
      return shape.min ?? 0;
  }
}

function memberShape(shape: Shape, member: string): string {
  const name = shape.members?.[member]?.shape;
  if (name === undefined) throw new Error(`no member ${member}`);
  return name;
}

const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** The cases of a structure that `place` puts at `path` of the operation's input. */
function casesOf(operation: string, shapeName: string, path: string, place: Place): ModelCase[] {
  const shape = shapeOf(shapeName);
  return Object.keys(shape.members ?? {}).flatMap((member) => {
    const memberName = memberShape(shape, member);
    const memberPath = path === '' ? lower(member) : `${path}.${lower(member)}`;
    const placeMember: Place = (value) => {
      const { [member]: _, ...others } = leastValid(shapeName) as { readonly [name: string]: Json };
      return place(value === undefined ? others : { ...others, [member]: value });
    };
    return [
      ...requiredCases(
        operation,
        memberName,
        memberPath,
        shape.required?.includes(member) === true,
        placeMember,
      ),
      ...memberCases(operation, memberName, memberPath, placeMember),
    ];
  });
}

function requiredCases(
  operation: string,
  shapeName: string,
  path: string,
  isRequired: boolean,
  place: Place,
): ModelCase[] {
  if (!isRequired) return [];
  const echo = shapeOf(shapeName).sensitive === true ? '' : 'null ';
  const message = one(`Value ${echo}at '${path}' failed to satisfy constraint: Member must not be null`);
  const code = 'ValidationException';
  return [
    { title: `${operation} without ${path}`, operation, input: place(undefined), code, message },
    { title: `${operation} with null as ${path}`, operation, input: place(null), code, message },
  ];
}

function memberCases(operation: string, shapeName: string, path: string, place: Place): ModelCase[] {
  const shape = shapeOf(shapeName);
  const types = typeCases(operation, shape, path, place);
  switch (shape.type) {
    case 'structure':
      return [...types, ...casesOf(operation, shapeName, path, place)];
    case 'list':
      return [...types, ...listCases(operation, shape, path, place)];
    case 'map':
      return [
        ...types,
        violation(operation, path, 'with a null value', place({ a: null }), [
          `Value '{a=null}' at '${path}' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]`,
        ]),
        serialization(
          operation,
          path,
          'with a number as value',
          place({ a: 1 }),
          'NUMBER_VALUE can not be converted to a String',
        ),
      ];
    default:
      return [
        ...types,
        ...breakingValues(shapeName).map(({ what, json }) =>
          violation(
            operation,
            path,
            what,
            place(json),
            brokenWordings(shapeName, json).map(
              (wording) =>
                `Value ${echoOf(shapeName, json)}at '${path}' failed to satisfy constraint: ${wording}`,
            ),
          ),
        ),
      ];
  }
}

function listCases(operation: string, shape: Shape, path: string, place: Place): ModelCase[] {
  const itemName = shape.member?.shape ?? '';
  const item = leastValid(itemName);
  const isStructure = shapeOf(itemName).type === 'structure';
  const cases: ModelCase[] = [];
  if (shape.max !== undefined) {
    const items = Array.from({ length: shape.max + 1 }, () => item);
    const text = `Value '[${items.join(', ')}]' at '${path}' failed to satisfy constraint: Member must have length less than or equal to ${shape.max}`;
    cases.push(violation(operation, path, 'with too many elements', place(items), [text]));
  }
  if (shape.min !== undefined && shape.min > 0) {
    const text = `Value '[]' at '${path}' failed to satisfy constraint: Member must have length greater than or equal to ${shape.min}`;
    cases.push(violation(operation, path, 'without elements', place([]), [text]));
  }
  if (isStructure) {
    const text = `Value null at '${path}.1.member' failed to satisfy constraint: Member must not be null`;
    cases.push(violation(operation, path, 'with a null element', place([null]), [text]));
    // The second element, so that the number in the path is seen to count.
    cases.push(...casesOf(operation, itemName, `${path}.2.member`, (value) => place([item, value ?? {}])));
    return cases;
  }
  const all = [...wordings(itemName).map(({ wording }) => wording), 'Member must not be null'].join(', ');
  const text = (echo: string): string =>
    `Value '[${echo}]' at '${path}' failed to satisfy constraint: Member must satisfy constraint: [${all}]`;
  cases.push(
    violation(operation, path, 'with a null element', place([item, null]), [text(`${String(item)}, null`)]),
  );
  for (const { what, json } of breakingValues(itemName)) {
    const value = place([item, json]);
    cases.push(
      violation(operation, path, `with an element ${what}`, value, [
        text(`${String(item)}, ${String(json)}`),
      ]),
    );
  }
  return cases;
}

interface Rule {
  readonly wording: string;
  holds(value: string | number | Buffer): boolean;
}

/** The constraints of a scalar in the order of the service: greatest, least, pattern, enum. */
function wordings(shapeName: string): readonly Rule[] {
  const { type, min, max, ...shape } = shapeOf(shapeName);
  const pattern = observed.shapes[shapeName]?.pattern ?? shape.pattern;
  const size = (value: string | number | Buffer): number =>
    typeof value === 'number' ? value : value.length;
  const what = type === 'integer' ? 'value' : 'length';
  const rules: Rule[] = [];
  if (max !== undefined) {
    rules.push({
      wording: `Member must have ${what} less than or equal to ${max}`,
      holds: (v) => size(v) <= max,
    });
  }
  if (min !== undefined) {
    rules.push({
      wording: `Member must have ${what} greater than or equal to ${min}`,
      holds: (v) => size(v) >= min,
    });
  }
  if (pattern !== undefined) {
    const expression = new RegExp(`^(?:${pattern})$`, 'u');
    const wording = `Member must satisfy regular expression pattern: ${pattern}`;
    rules.push({ wording, holds: (v) => typeof v === 'string' && expression.test(v) });
  }
  if (shape.enum !== undefined) {
    const first = observed.shapes[shapeName]?.enum ?? [];
    const values = [...first, ...shape.enum.filter((value) => !first.includes(value))];
    const wording = `Member must satisfy enum value set: [${values.join(', ')}]`;
    rules.push({ wording, holds: (v) => typeof v === 'string' && values.includes(v) });
  }
  return rules;
}

const decoded = (shapeName: string, json: Json): string | number | Buffer =>
  shapeOf(shapeName).type === 'blob' ? Buffer.from(String(json), 'base64') : (json as string | number);

const brokenWordings = (shapeName: string, json: Json): readonly string[] =>
  wordings(shapeName)
    .filter(({ holds }) => !holds(decoded(shapeName, json)))
    .map(({ wording }) => wording);

/** Blobs and secrets are not echoed, nor is a number that does not fit its type, nor what would make an answer long. */
function echoOf(shapeName: string, json: Json): string {
  const { type, sensitive } = shapeOf(shapeName);
  const overflows = typeof json === 'number' && Math.abs(json) > 2_147_483_647;
  const isLong = typeof json === 'string' && json.length > 16_384;
  return type === 'blob' || sensitive === true || overflows || isLong ? '' : `'${String(json)}' `;
}

/** A value for each way to break a scalar shape. */
function breakingValues(shapeName: string): readonly { readonly what: string; readonly json: Json }[] {
  const { type, min, max, enum: values } = shapeOf(shapeName);
  const candidates: { readonly what: string; readonly json: Json }[] = [];
  if (type === 'blob') {
    const blob = (length: number): string => Buffer.alloc(length, 1).toString('base64');
    if (min !== undefined && min > 0) candidates.push({ what: 'too short', json: blob(min - 1) });
    if (max !== undefined) candidates.push({ what: 'too long', json: blob(max + 1) });
  } else if (type === 'integer') {
    if (min !== undefined) candidates.push({ what: 'too small', json: min - 1 });
    if (max !== undefined) candidates.push({ what: 'too large', json: max + 1 });
    candidates.push({ what: 'beyond 32 bits', json: 99_999_999_999 });
  } else if (type === 'string') {
    if (min !== undefined && min > 0) candidates.push({ what: 'too short', json: 'a'.repeat(min - 1) });
    if (max !== undefined) candidates.push({ what: 'too long', json: 'a'.repeat(max + 1) });
    candidates.push({ what: 'outside the pattern', json: '\u4e2d'.repeat(min ?? 1) });
    if (values !== undefined) {
      candidates.push({ what: 'of no enum', json: 'NOT_A_VALUE' });
      candidates.push({
        what: 'in another case',
        json: (values[0] ?? '').replace(/./, (c) =>
          c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase(),
        ),
      });
    }
  }
  return candidates.filter(({ json }) => brokenWordings(shapeName, json).length > 0);
}

/** Each JSON type that a member does not have. */
function typeCases(operation: string, shape: Shape, path: string, place: Place): ModelCase[] {
  const list = 'Start of list found where not expected';
  const structure = 'Start of structure or map found where not expected.';
  const article = {
    integer: 'an Integer',
    string: 'a String',
    blob: 'a Blob',
    boolean: 'a Boolean',
    timestamp: 'a Timestamp',
  };
  const holder = { structure: 'Expected null', list: 'Expected list or null', map: 'Expected map or null' };
  const target = Object.entries(article).find(([type]) => type === shape.type)?.[1];
  const expected = Object.entries(holder).find(([type]) => type === shape.type)?.[1];
  const scalar = (kind: string): string => expected ?? `${kind}_VALUE can not be converted to ${target}`;
  const wrong: readonly (readonly [string, Json, string])[] = [
    ['a string', 'x', scalar('STRING')],
    ['a number', 1, scalar('NUMBER')],
    ['true', true, scalar('TRUE')],
    ['false', false, scalar('FALSE')],
    ['a list', [], list],
    ['an object', {}, structure],
  ];
  const own: Readonly<Record<string, readonly string[]>> = {
    string: ['a string'],
    // A string that is no base64 is refused without a message; that is another test.
    blob: ['a string'],
    integer: ['a number'],
    timestamp: ['a number'],
    boolean: ['true', 'false'],
    list: ['a list'],
    map: ['an object'],
    structure: ['an object'],
  };
  return wrong
    .filter(([what]) => own[shape.type]?.includes(what) !== true)
    .map(([what, json, message]) => serialization(operation, path, `as ${what}`, place(json), message));
}

const one = (text: string): string => `1 validation error detected: ${text}`;

const violation = (
  operation: string,
  path: string,
  what: string,
  input: unknown,
  texts: readonly string[],
): ModelCase => ({
  title: `${operation} with ${path} ${what}`,
  operation,
  input,
  code: 'ValidationException',
  message: `${texts.length} validation error${texts.length === 1 ? '' : 's'} detected: ${texts.join('; ')}`,
});

const serialization = (
  operation: string,
  path: string,
  what: string,
  input: unknown,
  message: string,
): ModelCase => ({
  title: `${operation} with ${path} ${what}`,
  operation,
  input,
  code: 'SerializationException',
  message,
});

export const modelCases: readonly ModelCase[] = Object.entries(model.operations).flatMap(
  ([operation, { input }]) => casesOf(operation, input.shape, '', (value) => value ?? {}),
);
