/**
 * Compiles a shape of the model into a decoder: from the value that `JSON.parse` made to the value an
 * operation receives. A wrong type is refused at once. A constraint that does not hold only marks the
 * request; all violations are then told together by `explain`, which no good request ever runs.
 *
 * Long because each type of shape has its decoder here, and they call each other.
 */
import {
  type BlobTable,
  type ListTable,
  lowerCamel,
  type MapTable,
  type MemberTable,
  type NumberTable,
  type ServiceTable,
  type ShapeTable,
  type StringTable,
  type StructureTable,
  shapeNameOf,
  shapeOf,
} from '../base/api-model.ts';
import { Refusal } from '../base/refusal.ts';
import { mustNotBeNull, validationRefusal, violationText } from '../base/validation.ts';
import { type Constraint, lengthConstraints, rangeConstraints, stringConstraints } from './constraint.ts';

/** The state of one request. */
export interface Decoding {
  isValid: boolean;
}

export interface Decoder {
  /** `raw` is neither null nor undefined. Throws `SerializationException` for a value of another type. */
  decode(raw: unknown, decoding: Decoding): unknown;
  /** Adds the violations of a decoded value, in the order of the model. */
  explain(value: unknown, path: string, violations: Violations): void;
  readonly isSensitive: boolean;
  /** Present for strings, numbers, blobs, booleans and timestamps. */
  readonly scalar?: ScalarRules;
}

/** A list or map of scalars is one violation that lists every constraint, so their holders ask for these. */
export interface ScalarRules {
  readonly wordings: readonly string[];
  holds(value: unknown): boolean;
  /** The value as text; undefined where it must not be echoed. */
  print(value: unknown): string | undefined;
}

/** What one answer can hold: a request of a megabyte must not become an answer of many. */
const violationsMax = 100;
const echoCharactersMax = 16_384;

export class Violations {
  readonly texts: string[] = [];

  add(value: string | null | undefined, path: string, constraint: string): void {
    if (this.texts.length === violationsMax) return;
    const isEchoed = value === null || (value !== undefined && value.length <= echoCharactersMax);
    this.texts.push(violationText(isEchoed ? value : undefined, path, constraint));
  }

  get isFull(): boolean {
    return this.texts.length === violationsMax;
  }
}

export class DecoderSet {
  readonly #table: ServiceTable;
  readonly #decoders = new Map<string, Decoder>();

  constructor(table: ServiceTable) {
    this.#table = table;
  }

  /** The value of a structure, or one refusal with all that is wrong. */
  decode(shapeName: string, raw: object): object {
    const decoder = this.of(shapeName);
    const decoding: Decoding = { isValid: true };
    const decoded = decoder.decode(raw, decoding);
    if (!decoding.isValid) {
      const violations = new Violations();
      decoder.explain(decoded, '', violations);
      throw validationRefusal(violations.texts);
    }
    if (!isRecord(decoded)) throw new Error(`the shape \`${shapeName}\` is not a structure`);
    return decoded;
  }

  /** Compiles at the first use, so that start-up pays for nothing it does not serve. */
  of(shapeName: string): Decoder {
    const known = this.#decoders.get(shapeName);
    if (known !== undefined) return known;
    // A shape that holds itself meets this stand-in while it is being compiled.
    this.#decoders.set(shapeName, {
      isSensitive: false,
      decode: (raw, decoding) => this.of(shapeName).decode(raw, decoding),
      explain: (value, path, violations) => this.of(shapeName).explain(value, path, violations),
    });
    const decoder = this.#compile(shapeOf(this.#table, shapeName));
    this.#decoders.set(shapeName, decoder);
    return decoder;
  }

  #ofMember(member: MemberTable): Decoder {
    return this.of(shapeNameOf(member));
  }

  #compile(shape: ShapeTable): Decoder {
    switch (shape.type) {
      case 'structure':
        return structureDecoder(shape, (member) => this.#ofMember(member));
      case 'list':
        return listDecoder(shape, this.#ofMember(shape.member));
      case 'map':
        return mapDecoder(shape, this.#ofMember(shape.key), this.#ofMember(shape.value));
      case 'string':
        return stringDecoder(shape);
      case 'integer':
      case 'long':
        return integerDecoder(shape);
      case 'float':
      case 'double':
        return floatDecoder(shape);
      case 'blob':
        return blobDecoder(shape);
      case 'boolean':
        return booleanDecoder;
      case 'timestamp':
        return timestampDecoder;
      default:
        return shape satisfies never;
    }
  }
}

function structureDecoder(shape: StructureTable, decoderOf: (member: MemberTable) => Decoder): Decoder {
  const members = Object.entries(shape.members).map(([name, member]) => {
    // `raw[name]` below must mean a member that was sent, never one that every object inherits.
    if (name in Object.prototype) throw new Error(`the member \`${name}\` is a property of every object`);
    const isRequired = shape.required?.includes(name) === true;
    return { name, path: lowerCamel(name), isRequired, decoder: decoderOf(member) };
  });
  return {
    isSensitive: false,
    decode(raw, decoding) {
      if (!isRecord(raw)) throw mismatch(raw, 'Expected null');
      const decoded: Record<string, unknown> = {};
      for (const { name, isRequired, decoder } of members) {
        const value = raw[name];
        if (value !== undefined && value !== null) decoded[name] = decoder.decode(value, decoding);
        else if (isRequired) decoding.isValid = false;
      }
      return decoded;
    },
    explain(value, parentPath, violations) {
      if (!isRecord(value)) return;
      for (const { name, path: ownPath, isRequired, decoder } of members) {
        const path = parentPath === '' ? ownPath : `${parentPath}.${ownPath}`;
        const member = value[name];
        if (member !== undefined) decoder.explain(member, path, violations);
        else if (isRequired) violations.add(decoder.isSensitive ? undefined : null, path, mustNotBeNull);
      }
    },
  };
}

function listDecoder(shape: ListTable, item: Decoder): Decoder {
  const constraints = lengthConstraints(shape);
  const { scalar } = item;
  return {
    isSensitive: item.isSensitive,
    decode(raw, decoding) {
      if (!Array.isArray(raw)) throw mismatch(raw, 'Expected list or null');
      const decoded: unknown[] = [];
      for (const value of raw) {
        if (value === null) decoding.isValid = false;
        decoded.push(value === null ? null : item.decode(value, decoding));
      }
      check(decoded, constraints, decoding);
      return decoded;
    },
    explain(value, path, violations) {
      if (!Array.isArray(value)) return;
      const echo = scalar === undefined ? undefined : printAll(value, scalar);
      explainConstraints(value, constraints, path, echo, violations);
      if (scalar !== undefined) {
        if (!value.every((element) => element !== null && scalar.holds(element))) {
          violations.add(echo, path, `Member must satisfy constraint: ${inBrackets(scalar)}`);
        }
        return;
      }
      for (let index = 0; index < value.length && !violations.isFull; index += 1) {
        const elementPath = `${path}.${index + 1}.member`;
        if (value[index] === null) violations.add(null, elementPath, mustNotBeNull);
        else item.explain(value[index], elementPath, violations);
      }
    },
  };
}

function mapDecoder(shape: MapTable, key: Decoder, item: Decoder): Decoder {
  const constraints = lengthConstraints(shape);
  const { scalar } = item;
  const keyRules = key.scalar;
  if (keyRules === undefined) throw new Error('the keys of a map are strings');
  return {
    isSensitive: item.isSensitive,
    decode(raw, decoding) {
      if (!isRecord(raw)) throw mismatch(raw, 'Expected map or null');
      const decoded = new Map<unknown, unknown>();
      // Own members only: `__proto__` and `constructor` are keys like any other.
      for (const name of Object.keys(raw)) {
        const value = raw[name];
        if (value === null) decoding.isValid = false;
        decoded.set(key.decode(name, decoding), value === null ? null : item.decode(value, decoding));
      }
      check({ length: decoded.size }, constraints, decoding);
      return decoded;
    },
    explain(value, path, violations) {
      if (!(value instanceof Map)) return;
      const echo = scalar === undefined ? undefined : printMap(value, keyRules, scalar);
      explainConstraints({ length: value.size }, constraints, path, echo, violations);
      if (![...value.keys()].every((name) => keyRules.holds(name))) {
        violations.add(echo, path, `Map keys must satisfy constraint: ${inBrackets(keyRules)}`);
      }
      if (scalar !== undefined) {
        if (![...value.values()].every((element) => element !== null && scalar.holds(element))) {
          violations.add(echo, path, `Map value must satisfy constraint: ${inBrackets(scalar)}`);
        }
        return;
      }
      for (const [name, element] of value) {
        if (violations.isFull) return;
        const elementPath = `${path}.${String(name)}.member`;
        if (element === null) violations.add(null, elementPath, mustNotBeNull);
        else item.explain(element, elementPath, violations);
      }
    },
  };
}

function stringDecoder(shape: StringTable): Decoder {
  const isSensitive = shape.isSensitive === true;
  return scalarDecoder(
    isSensitive,
    stringConstraints(shape),
    isString,
    (value) => value,
    (raw) => {
      if (typeof raw !== 'string') throw notConverted(raw, 'a String');
      // A lone surrogate has no UTF-8 form: two such strings could become the same bytes further on.
      if (!raw.isWellFormed()) throw new Refusal('SerializationException');
      return raw;
    },
  );
}

const int32Max = 2_147_483_647;

function integerDecoder(shape: NumberTable): Decoder {
  const constraints = rangeConstraints(shape);
  // What overflows the type is not echoed, and without a range to name it cannot be refused as invalid.
  const fits = (value: number): boolean => shape.type === 'long' || Math.abs(value) <= int32Max;
  const isBounded = shape.min !== undefined && shape.max !== undefined;
  const print = (value: number): string | undefined => (fits(value) ? String(value) : undefined);
  return scalarDecoder(shape.isSensitive === true, constraints, isNumber, print, (raw) => {
    if (typeof raw !== 'number' || !Number.isSafeInteger(raw)) throw notConverted(raw, 'an Integer');
    if (!fits(raw) && !isBounded) throw notConverted(raw, 'an Integer');
    return raw + 0; // -0 becomes 0
  });
}

function floatDecoder(shape: NumberTable): Decoder {
  return scalarDecoder(shape.isSensitive === true, rangeConstraints(shape), isNumber, String, (raw) => {
    if (typeof raw !== 'number' || !Number.isFinite(raw)) throw notConverted(raw, 'a Double');
    return raw;
  });
}

function blobDecoder(shape: BlobTable): Decoder {
  const constraints = lengthConstraints(shape);
  return scalarDecoder(
    shape.isSensitive === true,
    constraints,
    isBuffer,
    () => undefined,
    (raw) => {
      if (typeof raw !== 'string') throw notConverted(raw, 'a Blob');
      const bytes = Buffer.from(raw, 'base64');
      // Node reads base64url, blanks and missing padding too. Only the one text that encodes the bytes
      // is accepted, so that no two bodies mean the same call.
      if (bytes.toString('base64') !== raw) throw new Refusal('SerializationException');
      return bytes;
    },
  );
}

const booleanDecoder: Decoder = scalarDecoder(false, [], isBoolean, String, (raw) => {
  if (typeof raw !== 'boolean') throw notConverted(raw, 'a Boolean');
  return raw;
});

/** The years 1 to 9999, in seconds since the Unix epoch. */
const timestampSecondsMin = -62_135_596_800;
const timestampSecondsMax = 253_402_300_799;

const timestampDecoder: Decoder = scalarDecoder(false, [], isNumber, String, (raw) => {
  if (typeof raw !== 'number' || !(raw >= timestampSecondsMin && raw <= timestampSecondsMax)) {
    throw notConverted(raw, 'a Timestamp');
  }
  return Math.round(raw * 1000) + 0;
});

function scalarDecoder<T>(
  isSensitive: boolean,
  constraints: readonly Constraint<T>[],
  isDecoded: (value: unknown) => value is T,
  print: (value: T) => string | undefined,
  read: (raw: unknown) => T,
): Decoder {
  const printed = (value: unknown): string | undefined =>
    isSensitive || !isDecoded(value) ? undefined : print(value);
  return {
    isSensitive,
    decode(raw, decoding) {
      const value = read(raw);
      check(value, constraints, decoding);
      return value;
    },
    explain(value, path, violations) {
      if (isDecoded(value)) explainConstraints(value, constraints, path, printed(value), violations);
    },
    scalar: {
      wordings: constraints.map(({ wording }) => wording),
      holds: (value) => isDecoded(value) && constraints.every((constraint) => constraint.holds(value)),
      print: printed,
    },
  };
}

function check<T>(value: T, constraints: readonly Constraint<T>[], decoding: Decoding): void {
  for (const constraint of constraints) if (!constraint.holds(value)) decoding.isValid = false;
}

function explainConstraints<T>(
  value: T,
  constraints: readonly Constraint<T>[],
  path: string,
  echo: string | undefined,
  violations: Violations,
): void {
  for (const { holds, wording } of constraints) if (!holds(value)) violations.add(echo, path, wording);
}

const inBrackets = ({ wordings }: ScalarRules): string => `[${[...wordings, mustNotBeNull].join(', ')}]`;

/** As Java prints a list. One element that must not be echoed hides all. */
function printAll(values: readonly unknown[], rules: ScalarRules): string | undefined {
  const printed: string[] = [];
  for (const value of values) {
    const text = value === null ? 'null' : rules.print(value);
    if (text === undefined) return undefined;
    printed.push(text);
  }
  return `[${printed.join(', ')}]`;
}

function printMap(
  values: ReadonlyMap<unknown, unknown>,
  keyRules: ScalarRules,
  rules: ScalarRules,
): string | undefined {
  const printed: string[] = [];
  for (const [name, value] of values) {
    const key = keyRules.print(name);
    const text = value === null ? 'null' : rules.print(value);
    if (key === undefined || text === undefined) return undefined;
    printed.push(`${key}=${text}`);
  }
  return `{${printed.join(', ')}}`;
}

const listFound = 'Start of list found where not expected';
const structureFound = 'Start of structure or map found where not expected.';

function mismatch(raw: unknown, expected: string): Refusal {
  const message = Array.isArray(raw) ? listFound : isRecord(raw) ? structureFound : expected;
  return new Refusal('SerializationException', message);
}

/** The service names the kind of what it found, never the value. */
function notConverted(raw: unknown, target: string): Refusal {
  const found =
    typeof raw === 'string' ? 'STRING' : typeof raw === 'number' ? 'NUMBER' : raw === true ? 'TRUE' : 'FALSE';
  return mismatch(raw, `${found}_VALUE can not be converted to ${target}`);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
function isString(value: unknown): value is string {
  return typeof value === 'string';
}
function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}
function isBuffer(value: unknown): value is Buffer {
  return Buffer.isBuffer(value);
}
