/**
 * What is known of a value before evaluation. Data is read through its type too: a JSON number under `int` is an
 * integer, a text under `timestamp` a point in time.
 */
export type CelType = SimpleType | ListType | MapType | ObjectType | OptionalType;

export interface SimpleType {
  readonly kind:
    | 'dyn'
    | 'null'
    | 'bool'
    | 'int'
    | 'uint'
    | 'double'
    | 'string'
    | 'bytes'
    | 'timestamp'
    | 'duration'
    | 'type'
    // Types of the Kubernetes libraries.
    | 'quantity'
    | 'url'
    | 'ip'
    | 'cidr'
    | 'semver'
    | 'format';
}

export interface ListType {
  readonly kind: 'list';
  readonly element: CelType;
}

export interface MapType {
  readonly kind: 'map';
  readonly key: CelType;
  readonly value: CelType;
}

/** A JSON object with known fields. */
export interface ObjectType {
  readonly kind: 'object';
  /** By the name that expressions use; reserved words and special characters are escaped there. */
  readonly fields: ReadonlyMap<string, ObjectField>;
}

export interface ObjectField {
  /** The key in the data. */
  readonly name: string;
  readonly type: CelType;
}

export interface OptionalType {
  readonly kind: 'optional';
  readonly value: CelType;
}

export type Kind = CelType['kind'];

export const dyn: CelType = { kind: 'dyn' };
export const bool: CelType = { kind: 'bool' };
export const int: CelType = { kind: 'int' };
export const uint: CelType = { kind: 'uint' };
export const double: CelType = { kind: 'double' };
export const string: CelType = { kind: 'string' };
export const bytes: CelType = { kind: 'bytes' };
export const nullType: CelType = { kind: 'null' };
export const timestamp: CelType = { kind: 'timestamp' };
export const duration: CelType = { kind: 'duration' };
export const typeType: CelType = { kind: 'type' };

export function listOf(element: CelType): CelType {
  return { kind: 'list', element };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: 'map', key, value };
}

export function optionalOf(value: CelType): CelType {
  return { kind: 'optional', value };
}

/** A type as messages show it: `list(string)`. */
export function showType(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${showType(type.element)})`;
    case 'map':
      return `map(${showType(type.key)}, ${showType(type.value)})`;
    case 'optional':
      return `optional_type(${showType(type.value)})`;
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'duration':
      return 'google.protobuf.Duration';
    case 'null':
      return 'null';
    default:
      return type.kind;
  }
}
