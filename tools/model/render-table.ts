/** Writes the tables that the codecs are compiled from: one operation, error or shape a line. */
import { lowerCamel } from '../../src/base/api-model.ts';
import type { ServiceModel } from './service-model.ts';

export function renderTable({ table }: ServiceModel, prefix: string): string {
  const { operations, errors, shapes, ...head } = table;
  return [
    "import type { ServiceTable } from '../base/api-model.ts';",
    '',
    `export const ${lowerCamel(prefix)}Table: ServiceTable = {`,
    ...Object.entries(head).map(([name, value]) => `  ${name}: ${literal(value)},`),
    ...renderEntries('operations', operations),
    ...renderEntries('errors', errors),
    ...renderEntries('shapes', shapes),
    '};',
    '',
  ].join('\n');
}

const renderEntries = (name: string, entries: Readonly<Record<string, unknown>>): readonly string[] => [
  `  ${name}: {`,
  ...Object.entries(entries).map(([key, value]) => `    ${keyText(key)}: ${literal(value)},`),
  '  },',
];

function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).map(([key, item]) => `${keyText(key)}: ${literal(item)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

const keyText = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key));

const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
