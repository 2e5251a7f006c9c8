import {
  ANY_MAP,
  ANY_SLICE,
  GoInt,
  GoTime,
  isMap,
  nilMap,
  nilSlice,
  typeName,
  underlyingType,
  type GoDuration,
  type GoFloat32,
  type GoMap,
  type GoSlice,
  type GoStruct,
  type GoValue,
  type IntKind,
} from './values.js';

/** What a parameter of a function takes, and what its implementation gets. */
export interface ParamType {
  /** As Go prints it. */
  readonly text: string;
  /** Which constants of a template can stand for it. `value` is a reflect.Value: anything, the invalid value too. */
  readonly constants: 'any' | 'value' | 'bool' | 'string' | 'integer' | 'unsigned' | 'float' | 'none';
  /** The kind of the integers that constants become. */
  readonly intKind?: IntKind;
  /** The value for an untyped nil, where there is one. */
  readonly nil?: () => GoValue;
  readonly accepts: (value: GoValue) => boolean;
  /** What the implementation gets for it. */
  readonly unpack: (value: GoValue) => unknown;
}

/** What implementations get for the parameters that they declare. */
export interface ParamTypes {
  any: Exclude<GoValue, undefined>;
  value: GoValue;
  bool: boolean;
  string: string;
  int: number;
  int64: bigint;
  uint32: number;
  float64: number;
  '[]any': GoSlice;
  'map[string]any': GoMap;
  'time.Time': GoTime;
  'time.Duration': GoDuration;
  'sprig.certificate': GoStruct;
  '*semver.Version': GoStruct;
}

export type ParamName = keyof ParamTypes;

const same = (value: GoValue): unknown => value;

const PARAM_TYPES: Readonly<Record<ParamName, ParamType>> = {
  any: { text: 'interface {}', constants: 'any', nil: () => null, accepts: () => true, unpack: same },
  value: { text: 'reflect.Value', constants: 'value', nil: () => undefined, accepts: () => true, unpack: same },
  bool: { text: 'bool', constants: 'bool', accepts: (value) => typeof value === 'boolean', unpack: same },
  string: { text: 'string', constants: 'string', accepts: (value) => typeof value === 'string', unpack: same },
  int: integer('int', (value) => Number(value)),
  int64: integer('int64', (value) => value),
  uint32: { ...integer('uint32', (value) => Number(value)), constants: 'unsigned' },
  float64: { text: 'float64', constants: 'float', accepts: (value) => typeof value === 'number', unpack: same },
  // A named type whose underlying type is the unnamed one of the parameter can be assigned to it.
  '[]any': {
    text: ANY_SLICE,
    constants: 'none',
    nil: () => nilSlice(),
    accepts: (value) => Array.isArray(value) && assignable(value, ANY_SLICE, '['),
    unpack: same,
  },
  'map[string]any': {
    text: ANY_MAP,
    constants: 'none',
    nil: () => nilMap(),
    accepts: (value) => isMap(value) && assignable(value, ANY_MAP, 'map['),
    unpack: same,
  },
  'time.Time': named('time.Time'),
  'time.Duration': { ...named('time.Duration'), constants: 'integer' },
  'sprig.certificate': named('sprig.certificate'),
  '*semver.Version': named('*semver.Version'),
};

function integer(kind: IntKind, unpack: (value: bigint) => unknown): ParamType {
  return {
    text: kind,
    constants: 'integer',
    intKind: kind,
    accepts: (value) => value instanceof GoInt && value.kind === kind,
    unpack: (value) => unpack((value as GoInt).value),
  };
}

function named(text: string): ParamType {
  return { text, constants: 'none', accepts: (value) => typeName(value) === text, unpack: same };
}

function assignable(value: GoValue, type: string, unnamedPrefix: string): boolean {
  const own = underlyingType(typeName(value));
  return own === type || !own.startsWith(unnamedPrefix);
}

export function paramType(name: ParamName): ParamType {
  return PARAM_TYPES[name];
}

/** What implementations return for the results that they declare. */
export interface ResultTypes {
  any: GoValue;
  bool: boolean;
  string: string;
  int: number | bigint;
  int64: number | bigint;
  float64: number | GoFloat32;
  '[]any': GoValue[];
  '[]string': string[];
  '[]int': GoInt[];
  'map[string]any': GoMap;
  'map[string]string': GoMap;
  /** A value of a type of its own: a struct, a time. */
  struct: GoValue;
}

export type ResultName = keyof ResultTypes;
