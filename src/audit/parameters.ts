/**
 * The parameters of a call as CloudTrail records them: names in lowerCamel, dates as text, keys of maps as
 * sent. Blobs and whatever the model calls sensitive never enter a record.
 */
import {
  lowerCamel,
  type MemberTable,
  type ServiceTable,
  type ShapeTable,
  type StructureTable,
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
  redact?: readonly string[],
): Elements | null {
  const table = serviceTables[service];
  const shape = table.operations[operation]?.input;
  if (shape === undefined || !isRecord(input)) return null;
  const told = tellMembers(membersOf(table, structureOf(table, shape)), input, redact);
  for (const _ in told) return told;
  return null;
}

/**
 * `responseElements`: members of the operation's output. What the service records beside its output
 * (a `keyId` where it answers nothing) is kept as it is given.
 */
export function auditElements(service: ServiceName, operation: string, elements: object): Elements {
  const table = serviceTables[service];
  const shape = table.operations[operation]?.output;
  if (shape === undefined) return { ...elements };
  const { members } = structureOf(table, shape);
  const told: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(elements)) {
    const member = members[name];
    const text = member === undefined ? value : tellingOf(table, member)(value);
    if (text !== undefined) told[lowerCamel(name)] = text;
  }
  return told;
}

function structureOf(table: ServiceTable, shapeName: string): StructureTable {
  const shape = shapeOf(table, shapeName);
  if (shape.type !== 'structure') throw new Error(`the shape \`${shapeName}\` is not a structure`);
  return shape;
}

interface ToldMember {
  readonly name: string;
  readonly path: string;
  readonly tell: Telling;
}

const toldMembers = new WeakMap<StructureTable, readonly ToldMember[]>();

/** Compiled at the first use: it is asked for with each request. */
function membersOf(table: ServiceTable, shape: StructureTable): readonly ToldMember[] {
  const known = toldMembers.get(shape);
  if (known !== undefined) return known;
  const members = Object.entries(shape.members).map(([name, member]) => ({
    name,
    path: lowerCamel(name),
    tell: tellingOf(table, member),
  }));
  toldMembers.set(shape, members);
  return members;
}

/** In the order of the model, in which inputs are decoded. */
function tellMembers(
  members: readonly ToldMember[],
  value: Elements,
  redact: readonly string[] = [],
): Elements {
  const told: Record<string, unknown> = {};
  for (const { name, path, tell } of members) {
    const member = value[name];
    if (member === undefined || redact.includes(name)) continue;
    const text = tell(member);
    if (text !== undefined) told[path] = text;
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
      const members = membersOf(table, shape);
      return (value) => (isRecord(value) ? tellMembers(members, value) : undefined);
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
