import type { CompiledRule } from './rules/rule.js';

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';

/**
 * A structural schema, compiled: the part of OpenAPI v3 that a CustomResourceDefinition may use, with the
 * `x-kubernetes-*` extensions. Plain data, built by `compileSchema`; never change one.
 */
export interface SchemaNode {
  readonly type: SchemaType | undefined;
  readonly intOrString: boolean;
  readonly nullable: boolean;
  readonly preserveUnknown: boolean;
  /** The object is a Kubernetes object of its own, with `apiVersion`, `kind` and `metadata`. */
  readonly embedded: boolean;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /** The schema of other keys; true for any, false for none. */
  readonly additional: SchemaNode | boolean;
  readonly items: SchemaNode | undefined;
  /** Undefined when there is none: null is a value. */
  readonly default: unknown;
  readonly required: readonly string[];
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: 'atomic' | 'granular' | undefined;
  readonly checks: ValueChecks | undefined;
  /** `x-kubernetes-validations`. */
  readonly rules: readonly CompiledRule[];
  /** Whether there are rules here or below. */
  readonly hasRules: boolean;
  /** Whether there are defaults below. */
  readonly hasDefaults: boolean;
}

/** What is checked of a value besides its type. Undefined where a schema has none. */
export interface ValueChecks {
  readonly enum: readonly unknown[] | undefined;
  readonly pattern: Pattern | undefined;
  readonly format: string | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf: number | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly uniqueItems: boolean;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
  readonly allOf: readonly SchemaNode[];
  readonly anyOf: readonly SchemaNode[];
  readonly oneOf: readonly SchemaNode[];
  readonly not: SchemaNode | undefined;
}

/** A regular expression of a user: matched in linear time. */
export interface Pattern {
  readonly source: string;
  test(text: string): boolean;
}
