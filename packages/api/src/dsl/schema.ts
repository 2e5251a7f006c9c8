import type { Json, JsonObject } from '@sluice/core';

declare const valueType: unique symbol;

/**
 * A structural schema, and the static type of the values it describes. The one definition of a field gives its type
 * ({@link Static}), its place in the CRD, its validation and its documentation.
 *
 * ```ts
 * const ref = object('The revision to follow.', {
 *   branch: string('A branch, by its short name.'),
 *   commit: required(string('A commit, by its full hash.')),
 * });
 * type Ref = Static<typeof ref>; // { readonly branch?: string; readonly commit: string }
 * ```
 */
export interface Schema<T = unknown> {
  readonly json: JsonObject;
  /** Only for the compiler: no value has it. */
  readonly [valueType]?: T;
}

/** A field that must be there. Fields are optional unless marked, as in the Kubernetes API. */
export interface RequiredSchema<T = unknown> extends Schema<T> {
  readonly required: true;
}

/** The fields of an object schema, by name. */
export type Fields = Readonly<Record<string, Schema>>;

/** An object schema keeps its fields, so that another version of it can be written as the difference. */
export interface ObjectSchema<F extends Fields = Fields> extends Schema<StaticFields<F>> {
  readonly fields: F;
}

/** The type of the values that a schema describes. */
export type Static<S extends Schema> = S extends Schema<infer T> ? T : never;

type StaticFields<F extends Fields> = Flat<
  { readonly [K in keyof F as F[K] extends RequiredSchema ? K : never]: Static<F[K]> } & {
    readonly [K in keyof F as F[K] extends RequiredSchema ? never : K]?: Static<F[K]>;
  }
>;
type Flat<T> = { [K in keyof T]: T[K] };

interface StringRules {
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: string;
}

/** A text. */
export function string(about: string, rules: StringRules = {}): Schema<string> {
  return { json: describe(about, { type: 'string', ...rules }) };
}

/** One of some words. */
export function choice<const V extends string>(about: string, values: readonly V[], rules: { readonly default?: V } = {}): Schema<V> {
  return { json: describe(about, { type: 'string', enum: values, ...rules }) };
}

interface IntegerRules {
  readonly format?: 'int32' | 'int64';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: number;
}

/** A whole number. */
export function integer(about: string, rules: IntegerRules = {}): Schema<number> {
  return { json: describe(about, { type: 'integer', ...rules }) };
}

export function boolean(about: string, rules: { readonly default?: boolean } = {}): Schema<boolean> {
  return { json: describe(about, { type: 'boolean', ...rules }) };
}

interface ListRules<T> {
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: readonly (T & Json)[];
  /** The fields that tell items apart when several managers apply the list. */
  readonly keys?: readonly string[];
  /** Whether the list is applied as a whole. */
  readonly atomic?: boolean;
}

export function list<T>(about: string, items: Schema<T>, { keys, atomic, ...rules }: ListRules<T> = {}): Schema<readonly T[]> {
  return {
    json: describe(about, {
      type: 'array',
      items: items.json,
      ...rules,
      ...(keys !== undefined && { 'x-kubernetes-list-map-keys': keys, 'x-kubernetes-list-type': 'map' }),
      ...(atomic === true && { 'x-kubernetes-list-type': 'atomic' }),
    }),
  };
}

/** An object whose keys the user chooses. */
export function map<T>(about: string, values: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return { json: describe(about, { type: 'object', additionalProperties: values.json }) };
}

/** Any JSON, kept as it is. */
export function anything(about: string): Schema<Json> {
  return { json: describe(about, { 'x-kubernetes-preserve-unknown-fields': true }) };
}

/** A rule in CEL over a value (`self`), and what to say when it does not hold. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
}

interface ObjectRules {
  readonly rules?: readonly Rule[];
  readonly default?: JsonObject;
  /** Whether the object is applied as a whole. */
  readonly atomic?: boolean;
}

export function object<F extends Fields>(about: string, fields: F, { rules, atomic, ...rest }: ObjectRules = {}): ObjectSchema<F> {
  const required = Object.keys(fields).filter((name) => 'required' in (fields[name] as Schema));
  const validations = rules?.map(({ rule, message }) => ({ message, rule }));
  const json = describe(about, {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.json])),
    ...(required.length > 0 && { required: required.sort() }),
    ...rest,
    ...(atomic === true && { 'x-kubernetes-map-type': 'atomic' }),
    ...(validations !== undefined && { 'x-kubernetes-validations': validations }),
  });
  return { json, fields };
}

/** The field must be there. */
export function required<T>(schema: Schema<T>): RequiredSchema<T> {
  return { ...schema, required: true };
}

/** A rule that refuses a field which the stored version has no place for: better than dropping it without a word. */
export function noLonger(field: string, advice: string, has: string = `has(self.${field})`): Rule {
  return { rule: `!${has}`, message: `${field} is no longer supported: ${advice}` };
}

/** The same object under another description, for a place where it means something more particular. */
export function about<S extends Schema>(text: string, schema: S): S {
  return { ...schema, json: { ...schema.json, description: text } };
}

/** The fields of an object without some of them: how an older version differs from a newer one. */
export function omit<F extends Fields, K extends keyof F & string>(fields: F, ...names: readonly K[]): Omit<F, K> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !(names as readonly string[]).includes(name))) as Omit<F, K>;
}

function describe(text: string, json: JsonObject): JsonObject {
  return text === '' ? json : { description: text, ...json };
}
