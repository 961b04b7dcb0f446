/**
 * The parameters of a call as CloudTrail records them: names in lowerCamel, dates as text, keys of maps as
 * sent. Blobs and whatever the model calls sensitive never enter a record.
 */
import {
  lowerCamel,
  type MemberTable,
  type ServiceTable,
  type ShapeTable,
  shapeNameOf,
  shapeOf,
} from '../base/api-model.ts';
import { type ServiceName, serviceTables } from '../model/tables.ts';

type Elements = Readonly<Record<string, unknown>>;

/** What is recorded of a value; undefined for what must not be. */
type Telling = (value: unknown) => unknown;

const tellings = new Map<string, Telling>();

/** `requestParameters`: the decoded input without the members named in `redact`; null when nothing is left. */
export function auditParameters(
  service: ServiceName,
  operation: string,
  input: object,
  redact: readonly string[] = [],
): Elements | null {
  const shape = serviceTables[service].operations[operation]?.input;
  if (shape === undefined) return null;
  const told = tellStructure(service, shape, input, redact);
  return Object.keys(told).length === 0 ? null : told;
}

/**
 * `responseElements`: members of the operation's output. What the service records beside its output
 * (a `keyId` where it answers nothing) is kept as it is given.
 */
export function auditElements(service: ServiceName, operation: string, elements: object): Elements {
  const shape = serviceTables[service].operations[operation]?.output;
  return shape === undefined ? { ...elements } : tellStructure(service, shape, elements, []);
}

function tellStructure(
  service: ServiceName,
  shapeName: string,
  value: object,
  redact: readonly string[],
): Elements {
  const table = serviceTables[service];
  const shape = shapeOf(table, shapeName);
  if (shape.type !== 'structure') throw new Error(`the shape \`${shapeName}\` is not a structure`);
  const told: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined || redact.includes(name)) continue;
    const memberTable = shape.members[name];
    const text = memberTable === undefined ? member : tellingOf(table, memberTable)(member);
    if (text !== undefined) told[lowerCamel(name)] = text;
  }
  return told;
}

function tellingOf(table: ServiceTable, member: MemberTable): Telling {
  const name = shapeNameOf(member);
  const key = `${table.service}:${name}`;
  const known = tellings.get(key);
  if (known !== undefined) return known;
  // A shape that holds itself meets this stand-in while it is being compiled.
  tellings.set(key, (value) => tellings.get(key)?.(value));
  const telling = compile(table, shapeOf(table, name));
  tellings.set(key, telling);
  return telling;
}

function compile(table: ServiceTable, shape: ShapeTable): Telling {
  if ('isSensitive' in shape && shape.isSensitive === true) return () => undefined;
  switch (shape.type) {
    case 'blob':
      return () => undefined;
    case 'timestamp':
      return (value) => (typeof value === 'number' ? dateText(value) : undefined);
    case 'list': {
      const tell = tellingOf(table, shape.member);
      return (value) => (Array.isArray(value) ? value.map(tell) : undefined);
    }
    case 'map': {
      const tell = tellingOf(table, shape.value);
      // `fromEntries` makes own members of any name, `__proto__` too.
      return (value) =>
        value instanceof Map
          ? Object.fromEntries([...value].map(([key, item]) => [key, tell(item)]))
          : undefined;
    }
    case 'structure': {
      const members = Object.entries(shape.members).map(([name, member]) => ({
        name,
        path: lowerCamel(name),
        tell: tellingOf(table, member),
      }));
      return (value) => {
        if (!isRecord(value)) return undefined;
        const told: Record<string, unknown> = {};
        for (const { name, path, tell } of members) {
          const text = value[name] === undefined ? undefined : tell(value[name]);
          if (text !== undefined) told[path] = text;
        }
        return told;
      };
    }
    default:
      return (value) => value;
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Apr 12, 2021, 6:58:30 PM`, in UTC. */
function dateText(timeMs: number): string {
  const date = new Date(timeMs);
  const hours = date.getUTCHours();
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${hours % 12 || 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const day = `${months[date.getUTCMonth()] ?? ''} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
  return `${day}, ${clock} ${hours < 12 ? 'AM' : 'PM'}`;
}

const isRecord = (value: unknown): value is Elements =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
