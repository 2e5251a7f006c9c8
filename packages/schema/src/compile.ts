import { isJsonObject } from '@sluice/core';
import type { SchemaNode, SchemaType, ValueChecks } from './node.js';
import { compilePattern } from './pattern.js';
import { compileRules } from './rules/rule.js';

type Json = Record<string, unknown>;

/**
 * Compiles a structural schema, as in `spec.versions[].schema.openAPIV3Schema` of a CustomResourceDefinition.
 *
 * The schema is taken as it is: whether it is a valid one is asked of `validateCustomResourceDefinition`.
 *
 * ```ts
 * const schema = compileSchema({ type: 'object', properties: { size: { type: 'integer', minimum: 1 } } });
 * validateObject(schema, { size: 0 }); // [{ field: 'size', message: 'Invalid value: 0: size in body should be greater than or equal to 1', … }]
 * ```
 */
export function compileSchema(schema: Json): SchemaNode {
  const properties = new Map<string, SchemaNode>();
  if (isJsonObject(schema['properties'])) {
    for (const [name, property] of Object.entries(schema['properties'])) {
      if (isJsonObject(property)) properties.set(name, compileSchema(property));
    }
  }
  const additionalJson = schema['additionalProperties'];
  const additional = isJsonObject(additionalJson) ? compileSchema(additionalJson) : additionalJson === true;
  const items = isJsonObject(schema['items']) ? compileSchema(schema['items']) : undefined;
  const rules = compileRules(schema);
  const below = [...properties.values(), ...(typeof additional === 'boolean' ? [] : [additional]), ...(items === undefined ? [] : [items])];
  return {
    type: typeof schema['type'] === 'string' && schema['type'] !== '' ? (schema['type'] as SchemaType) : undefined,
    intOrString: schema['x-kubernetes-int-or-string'] === true,
    nullable: schema['nullable'] === true,
    preserveUnknown: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embedded: schema['x-kubernetes-embedded-resource'] === true,
    properties,
    additional,
    items,
    default: schema['default'],
    required: strings(schema['required']),
    listType: schema['x-kubernetes-list-type'] as SchemaNode['listType'],
    listMapKeys: strings(schema['x-kubernetes-list-map-keys']),
    mapType: schema['x-kubernetes-map-type'] as SchemaNode['mapType'],
    checks: compileChecks(schema),
    rules,
    hasRules: rules.length > 0 || below.some((node) => node.hasRules),
    hasDefaults: below.some((node) => node.default !== undefined || node.hasDefaults),
  };
}

const checkKeys = [
  'enum',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
];

function compileChecks(schema: Json): ValueChecks | undefined {
  if (!checkKeys.some((key) => Object.hasOwn(schema, key))) return undefined;
  const pattern = schema['pattern'];
  const format = schema['format'];
  return {
    enum: Array.isArray(schema['enum']) && schema['enum'].length > 0 ? schema['enum'] : undefined,
    pattern: typeof pattern === 'string' && pattern !== '' ? compilePattern(pattern) : undefined,
    format: typeof format === 'string' && format !== '' ? format : undefined,
    minimum: number(schema['minimum']),
    maximum: number(schema['maximum']),
    exclusiveMinimum: schema['exclusiveMinimum'] === true,
    exclusiveMaximum: schema['exclusiveMaximum'] === true,
    multipleOf: number(schema['multipleOf']),
    minLength: number(schema['minLength']),
    maxLength: number(schema['maxLength']),
    minItems: number(schema['minItems']),
    maxItems: number(schema['maxItems']),
    uniqueItems: schema['uniqueItems'] === true,
    minProperties: number(schema['minProperties']),
    maxProperties: number(schema['maxProperties']),
    allOf: schemas(schema['allOf']),
    anyOf: schemas(schema['anyOf']),
    oneOf: schemas(schema['oneOf']),
    not: isJsonObject(schema['not']) ? compileSchema(schema['not']) : undefined,
  };
}

function schemas(value: unknown): SchemaNode[] {
  return Array.isArray(value) ? value.filter(isJsonObject).map(compileSchema) : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
