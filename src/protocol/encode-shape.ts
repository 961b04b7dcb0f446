/**
 * Compiles a shape of the model into a writer of JSON text. What is absent is left out, never null.
 * An output that lacks what the model requires, or holds a value of another type, is a fault of this
 * server: it throws a `TypeError` instead of sending half an answer.
 */
import {
  type MemberTable,
  type ServiceTable,
  type ShapeTable,
  shapeNameOf,
  shapeOf,
} from '../base/api-model.ts';

export type Encoder = (value: unknown) => string;

export class EncoderSet {
  readonly #table: ServiceTable;
  readonly #encoders = new Map<string, Encoder>();

  constructor(table: ServiceTable) {
    this.#table = table;
  }

  of(shapeName: string): Encoder {
    const known = this.#encoders.get(shapeName);
    if (known !== undefined) return known;
    // A shape that holds itself meets this stand-in while it is being compiled.
    this.#encoders.set(shapeName, (value) => this.of(shapeName)(value));
    const encoder = this.#compile(shapeName, shapeOf(this.#table, shapeName));
    this.#encoders.set(shapeName, encoder);
    return encoder;
  }

  #compile(name: string, shape: ShapeTable): Encoder {
    switch (shape.type) {
      case 'structure':
        return structureEncoder(name, shape.members, shape.required ?? [], (member) =>
          this.#ofMember(member),
        );
      case 'list':
        return listEncoder(name, this.#ofMember(shape.member));
      case 'map':
        return mapEncoder(name, this.#ofMember(shape.value));
      case 'string':
        return (value) => JSON.stringify(typeof value === 'string' ? value : fail(name));
      case 'blob':
        return (value) => `"${base64(value instanceof Uint8Array ? value : fail(name))}"`;
      case 'boolean':
        return (value) => (typeof value === 'boolean' ? String(value) : fail(name));
      case 'timestamp':
        return (value) =>
          epochSeconds(typeof value === 'number' && Number.isFinite(value) ? value : fail(name));
      case 'integer':
      case 'long':
        return (value) =>
          String(typeof value === 'number' && Number.isSafeInteger(value) ? value : fail(name));
      case 'float':
      case 'double':
        return (value) => String(typeof value === 'number' && Number.isFinite(value) ? value : fail(name));
      default:
        return shape satisfies never;
    }
  }

  #ofMember(member: MemberTable): Encoder {
    return this.of(shapeNameOf(member));
  }
}

function structureEncoder(
  shapeName: string,
  memberTables: Readonly<Record<string, MemberTable>>,
  required: readonly string[],
  encoderOf: (member: MemberTable) => Encoder,
): Encoder {
  const members = Object.entries(memberTables).map(([name, member]) => ({
    name,
    prefix: `${JSON.stringify(name)}:`,
    isRequired: required.includes(name),
    encode: encoderOf(member),
  }));
  return (value) => {
    if (!isRecord(value)) return fail(shapeName);
    let text = '';
    for (const { name, prefix, isRequired, encode } of members) {
      const member = value[name];
      if (member === undefined) {
        if (isRequired) fail(`${shapeName}.${name}`);
        continue;
      }
      text += `${text === '' ? '' : ','}${prefix}${encode(member)}`;
    }
    return `{${text}}`;
  };
}

function listEncoder(shapeName: string, encodeItem: Encoder): Encoder {
  return (value) => {
    if (!Array.isArray(value)) return fail(shapeName);
    let text = '';
    for (const item of value) text += `${text === '' ? '' : ','}${encodeItem(item)}`;
    return `[${text}]`;
  };
}

function mapEncoder(shapeName: string, encodeItem: Encoder): Encoder {
  return (value) => {
    if (!(value instanceof Map)) return fail(shapeName);
    let text = '';
    for (const [name, item] of value) {
      text += `${text === '' ? '' : ','}${JSON.stringify(typeof name === 'string' ? name : fail(shapeName))}:${encodeItem(item)}`;
    }
    return `{${text}}`;
  };
}

const base64 = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString(
    'base64',
  );

/**
 * Epoch seconds as the service writes them, which is how Java prints a double: `1.759334400123E9` from
 * ten million on, with a point in any case.
 */
function epochSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  const size = Math.abs(seconds);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits = '', exponent = ''] = seconds.toExponential().split('e');
    return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`;
  }
  return Number.isInteger(seconds) ? `${seconds}.0` : String(seconds);
}

function fail(name: string): never {
  throw new TypeError(`the output does not fit the model at \`${name}\``);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
