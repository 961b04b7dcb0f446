/**
 * The form of the tables under `src/model/`, which are generated from the public API models. They say
 * what is on the wire (shapes, constraints, errors) and nothing about how a protocol writes it.
 */
export interface ServiceTable {
  /** The name in credential scopes and ARNs: `kms`. */
  readonly service: string;
  /** As botocore names it: `json`, `query`, `rest-json`. */
  readonly protocol: string;
  readonly jsonVersion?: string;
  /** What comes before the last dot of `X-Amz-Target`. */
  readonly targetPrefix?: string;
  readonly xmlNamespace?: string;
  readonly operations: Readonly<Record<string, OperationTable>>;
  readonly shapes: Readonly<Record<string, ShapeTable>>;
  readonly errors: Readonly<Record<string, ErrorTable>>;
}

export interface OperationTable {
  readonly input?: string;
  readonly output?: string;
  /** The errors that the API reference lists for this operation. */
  readonly errors: readonly string[];
  /** Both absent for `POST /`. */
  readonly method?: string;
  readonly uri?: string;
  /** XML protocols put the output inside an element of this name. */
  readonly resultWrapper?: string;
}

export interface ErrorTable {
  readonly httpStatus: number;
  /** The name on the wire, where it is not the name of the shape. */
  readonly code?: string;
}

/** The name of a shape; an object where the member carries traits of its own. */
export type MemberTable = string | MemberTraits;

export interface MemberTraits {
  readonly shape: string;
  readonly location?: string;
  readonly locationName?: string;
  readonly timestampFormat?: string;
  readonly idempotencyToken?: boolean;
}

export type ShapeTable =
  | StructureTable
  | ListTable
  | MapTable
  | StringTable
  | NumberTable
  | BlobTable
  | BooleanTable
  | TimestampTable;

export interface StructureTable {
  readonly type: 'structure';
  readonly members: Readonly<Record<string, MemberTable>>;
  readonly required?: readonly string[];
  readonly payload?: string;
  readonly isUnion?: boolean;
}

/** `min` and `max` count elements. */
export interface ListTable {
  readonly type: 'list';
  readonly member: MemberTable;
  readonly min?: number;
  readonly max?: number;
  readonly isFlattened?: boolean;
}

/** `min` and `max` count pairs. */
export interface MapTable {
  readonly type: 'map';
  readonly key: MemberTable;
  readonly value: MemberTable;
  readonly min?: number;
  readonly max?: number;
}

/** `min` and `max` count UTF-16 units; `pattern` is a Java expression for the whole value. */
export interface StringTable {
  readonly type: 'string';
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  /** In the order in which the service prints them. */
  readonly enum?: readonly string[];
  readonly isSensitive?: boolean;
}

export interface NumberTable {
  readonly type: 'integer' | 'long' | 'float' | 'double';
  readonly min?: number;
  readonly max?: number;
  readonly isSensitive?: boolean;
}

/** `min` and `max` count bytes. */
export interface BlobTable {
  readonly type: 'blob';
  readonly min?: number;
  readonly max?: number;
  readonly isSensitive?: boolean;
}

export interface BooleanTable {
  readonly type: 'boolean';
}

export interface TimestampTable {
  readonly type: 'timestamp';
  readonly timestampFormat?: string;
}

export const shapeNameOf = (member: MemberTable): string =>
  typeof member === 'string' ? member : member.shape;

/** A table that names a shape it does not have is a fault of the generator. */
export function shapeOf(table: ServiceTable, name: string): ShapeTable {
  const shape = table.shapes[name];
  if (shape === undefined) throw new Error(`no shape \`${name}\` in the model of ${table.service}`);
  return shape;
}

/** `KeyId` as error messages and audit records write it: `keyId`. */
export const lowerCamel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
