/**
 * Writes the TypeScript types of a service: blobs are `Buffer` in what only an input holds and
 * `Uint8Array` elsewhere, timestamps are milliseconds since the Unix epoch, maps `ReadonlyMap`.
 */
import {
  lowerCamel,
  type MemberTable,
  type ShapeTable,
  type StructureTable,
  shapeNameOf,
  shapeOf,
} from '../../src/base/api-model.ts';
import type { ServiceModel } from './service-model.ts';

export function renderTypes(model: ServiceModel, prefix: string): string {
  const { table } = model;
  const names = Object.keys(table.operations);
  const declarations = Object.entries(table.shapes).flatMap(([name, shape]) => declare(model, name, shape));
  return [
    '',
    ...declarations,
    `/** Each operation with what its handler receives and answers. \`undefined\` is an answer without a body. */`,
    `export type ${prefix}Operations = {`,
    ...names.map((name) => {
      const { input, output } = table.operations[name] ?? {};
      return `  readonly ${name}: { readonly input: ${input ?? emptyStructure}; readonly output: ${output ?? 'undefined'} };`;
    }),
    '};',
    '',
    `export type ${prefix}OperationName = keyof ${prefix}Operations;`,
    `export type ${prefix}Input<Name extends ${prefix}OperationName> = ${prefix}Operations[Name]['input'];`,
    `export type ${prefix}Output<Name extends ${prefix}OperationName> = ${prefix}Operations[Name]['output'];`,
    '',
    `/** The errors that the model of the service names; \`${lowerCamel(prefix)}Table\` says which operation documents which. */`,
    `export type ${prefix}ErrorName =`,
    `${union(Object.keys(table.errors))};`,
    '',
  ].join('\n');
}

function declare(model: ServiceModel, name: string, shape: ShapeTable): readonly string[] {
  if (shape.type === 'string' && shape.enum !== undefined) {
    return [`export type ${name} =`, `${union(shape.enum)};`, ''];
  }
  if (shape.type !== 'structure') return [];
  const members = Object.entries(shape.members);
  if (members.length === 0) return [`export type ${name} = ${emptyStructure};`, ''];
  return [
    `export interface ${name} {`,
    ...members.map(([member, value]) => declareMember(model, name, shape, member, value)),
    '}',
    '',
  ];
}

function declareMember(
  model: ServiceModel,
  structure: string,
  shape: StructureTable,
  member: string,
  value: MemberTable,
): string {
  const isRequired = shape.required?.includes(member) === true;
  const type = typeOf(model, shapeNameOf(value), !model.outputShapes.has(structure));
  return `  readonly ${member}${isRequired ? `: ${type}` : `?: ${type} | undefined`};`;
}

function typeOf(model: ServiceModel, name: string, isInputOnly: boolean): string {
  const shape = shapeOf(model.table, name);
  switch (shape.type) {
    case 'structure':
      return name;
    case 'list':
      return `readonly ${listItem(typeOf(model, shapeNameOf(shape.member), isInputOnly))}[]`;
    case 'map': {
      const key = typeOf(model, shapeNameOf(shape.key), isInputOnly);
      return `ReadonlyMap<${key}, ${typeOf(model, shapeNameOf(shape.value), isInputOnly)}>`;
    }
    case 'string':
      return shape.enum === undefined ? 'string' : name;
    case 'blob':
      return isInputOnly ? 'Buffer' : 'Uint8Array';
    case 'boolean':
      return 'boolean';
    default:
      return 'number';
  }
}

/** Written without the names of the library's types, which shapes may bear too. */
const emptyStructure = '{ readonly [name in never]: never }';

const listItem = (type: string): string => (type.startsWith('readonly ') ? `(${type})` : type);

const union = (values: readonly string[]): string =>
  values.map((value) => `  | ${JSON.stringify(value).replaceAll('"', "'")}`).join('\n');
