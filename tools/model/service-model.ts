/** Reads a botocore service model, with what was observed beyond it, into the form of the tables. */
import {
  type ErrorTable,
  type MemberTable,
  type OperationTable,
  type ServiceTable,
  type ShapeTable,
  shapeNameOf,
} from '../../src/base/api-model.ts';

export interface ServiceModel {
  readonly table: ServiceTable;
  /** Shapes that an input can hold, and that an output can hold. */
  readonly inputShapes: ReadonlySet<string>;
  readonly outputShapes: ReadonlySet<string>;
}

type Json = Readonly<Record<string, unknown>>;

export function readServiceModel(modelJson: unknown, observedJson: unknown): ServiceModel {
  const model = record(modelJson, 'model');
  const metadata = record(model.metadata, 'metadata');
  const shapesJson = record(model.shapes, 'shapes');
  const observed =
    observedJson === undefined ? {} : record(record(observedJson, 'observed').shapes, 'shapes');
  for (const name of Object.keys(observed)) {
    if (!Object.hasOwn(shapesJson, name)) throw new Error(`observed shape \`${name}\` is not in the model`);
  }

  const errors: Record<string, ErrorTable> = {};
  const shapes: Record<string, ShapeTable> = {};
  for (const [name, json] of Object.entries(shapesJson).sort(byName)) {
    const shape = record(json, name);
    if (shape.exception === true) errors[name] = readError(shape);
    else
      shapes[name] = readShape(
        name,
        shape,
        Object.hasOwn(observed, name) ? record(observed[name], name) : {},
      );
  }

  const operations: Record<string, OperationTable> = {};
  for (const [name, json] of Object.entries(record(model.operations, 'operations')).sort(byName)) {
    operations[name] = readOperation(record(json, name));
  }

  const reach = (side: 'input' | 'output'): Set<string> => {
    const found = new Set<string>();
    for (const operation of Object.values(operations)) visit(operation[side], shapes, found);
    return found;
  };
  const inputShapes = reach('input');
  const outputShapes = reach('output');
  for (const name of Object.keys(shapes)) {
    if (!inputShapes.has(name) && !outputShapes.has(name)) delete shapes[name];
  }

  const table: ServiceTable = {
    service: text(metadata.signingName ?? metadata.endpointPrefix, 'endpointPrefix'),
    protocol: text(metadata.protocol, 'protocol'),
    ...optional('jsonVersion', metadata.jsonVersion, text),
    ...optional('targetPrefix', metadata.targetPrefix, text),
    ...optional('xmlNamespace', metadata.xmlNamespace, text),
    operations,
    errors,
    shapes,
  };
  return { table, inputShapes, outputShapes };
}

function readOperation(json: Json): OperationTable {
  const http = record(json.http, 'http');
  const isPostRoot = http.method === 'POST' && http.requestUri === '/';
  const output = json.output === undefined ? undefined : record(json.output, 'output');
  const errors = Array.isArray(json.errors) ? json.errors : [];
  return {
    ...(json.input === undefined ? {} : { input: text(record(json.input, 'input').shape, 'input') }),
    ...(output === undefined ? {} : { output: text(output.shape, 'output') }),
    ...optional('resultWrapper', output?.resultWrapper, text),
    errors: errors.map((error) => text(record(error, 'error').shape, 'error')),
    ...(isPostRoot ? {} : { method: text(http.method, 'method'), uri: text(http.requestUri, 'uri') }),
  };
}

function readError(json: Json): ErrorTable {
  const error = json.error === undefined ? {} : record(json.error, 'error');
  // JSON services state no status: every client error is 400 and every fault of the service 500.
  const httpStatus = error.httpStatusCode ?? (json.fault === true ? 500 : 400);
  return { httpStatus: number(httpStatus, 'httpStatusCode'), ...optional('code', error.code, text) };
}

function readShape(name: string, json: Json, observed: Json): ShapeTable {
  const type = text(json.type, name);
  const bounds = { ...optional('min', json.min, number), ...optional('max', json.max, number) };
  const sensitive = json.sensitive === true ? { isSensitive: true } : {};
  if (type === 'structure') {
    const members = Object.entries(record(json.members ?? {}, name));
    return {
      type,
      members: Object.fromEntries(members.map(([member, value]) => [member, readMember(value)])),
      ...optional('required', json.required, textList),
      ...optional('payload', json.payload, text),
      ...(json.union === true ? { isUnion: true } : {}),
    };
  }
  if (type === 'list') {
    const flattened = json.flattened === true ? { isFlattened: true } : {};
    return { type, member: readMember(json.member), ...bounds, ...flattened };
  }
  if (type === 'map') return { type, key: readMember(json.key), value: readMember(json.value), ...bounds };
  if (type === 'string') {
    return {
      type,
      ...bounds,
      ...optional('pattern', observed.pattern ?? json.pattern, text),
      ...optional('enum', json.enum, (values) => inObservedOrder(name, textList(values), observed.enum)),
      ...sensitive,
    };
  }
  if (type === 'timestamp') return { type, ...optional('timestampFormat', json.timestampFormat, text) };
  if (type === 'boolean') return { type };
  if (type === 'blob') return { type, ...bounds, ...sensitive };
  if (type === 'integer' || type === 'long' || type === 'float' || type === 'double') {
    return { type, ...bounds, ...sensitive };
  }
  throw new Error(`shape \`${name}\` has the unknown type \`${type}\``);
}

function inObservedOrder(name: string, values: readonly string[], observed: unknown): readonly string[] {
  if (observed === undefined) return values;
  const first = textList(observed);
  const strange = first.find((value) => !values.includes(value));
  if (strange !== undefined) throw new Error(`observed value \`${strange}\` is not in the enum \`${name}\``);
  return [...first, ...values.filter((value) => !first.includes(value))];
}

function readMember(value: unknown): MemberTable {
  const json = record(value, 'member');
  const traits = {
    ...optional('location', json.location, text),
    ...optional('locationName', json.locationName, text),
    ...optional('timestampFormat', json.timestampFormat, text),
    ...(json.idempotencyToken === true ? { idempotencyToken: true } : {}),
  };
  const shape = text(json.shape, 'shape');
  return Object.keys(traits).length === 0 ? shape : { shape, ...traits };
}

function visit(
  name: string | undefined,
  shapes: Readonly<Record<string, ShapeTable>>,
  found: Set<string>,
): void {
  if (name === undefined || found.has(name)) return;
  const shape = shapes[name];
  if (shape === undefined) throw new Error(`no shape \`${name}\``);
  found.add(name);
  for (const member of membersOf(shape)) visit(shapeNameOf(member), shapes, found);
}

function membersOf(shape: ShapeTable): readonly MemberTable[] {
  if (shape.type === 'structure') return Object.values(shape.members);
  if (shape.type === 'list') return [shape.member];
  if (shape.type === 'map') return [shape.key, shape.value];
  return [];
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

function optional<Name extends string, T>(
  name: Name,
  value: unknown,
  read: (value: unknown, name: string) => T,
): { readonly [N in Name]?: T } {
  // Minted: the cast gives a computed key its type, which TypeScript widens to string.
  return value === undefined ? {} : ({ [name]: read(value, name) } as { [N in Name]: T });
}

function record(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name} is no object`);
  // Minted: it is an object, and whoever reads a member checks what it finds.
  return value as Json;
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new Error(`${name} is no string`);
  return value;
}

function number(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new Error(`${name} is no number`);
  return value;
}

function textList(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new Error('not a list of strings');
  return value.map((item) => text(item, 'item'));
}
