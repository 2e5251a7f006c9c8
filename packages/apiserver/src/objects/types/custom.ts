import { isJsonObject } from '@sluice/core';
import { compileSchema } from '@sluice/schema';
import { namedType } from './builtin.js';
import type { ObjectType } from './object-type.js';
import { type FieldNode, type ListShape, type MapShape, type TypeNode, untypedAtomic, untypedDeduced } from './type-node.js';

export interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The version's `schema.openAPIV3Schema`. */
  readonly schema: Record<string, unknown>;
  /** `spec.preserveUnknownFields` of the definition. */
  readonly preserveUnknownFields?: boolean;
}

/** The type of a kind that a CustomResourceDefinition defines, in one of its versions. Build it once per definition and keep it. */
export function customType({ group, version, kind, schema, preserveUnknownFields = false }: CustomKind): ObjectType {
  const root = typeOfSchema(schema, preserveUnknownFields, true);
  const compiled = compileSchema(preserveUnknownFields ? { ...schema, 'x-kubernetes-preserve-unknown-fields': true } : schema);
  return { group, version, kind, apiVersion: `${group}/${version}`, root, custom: true, schema: compiled };
}

type Json = Record<string, unknown>;

/** How server-side apply sees a schema. */
function typeOfSchema(schema: Json, preserve: boolean, isObject: boolean): TypeNode {
  // What is below free-form data is free-form too, unless the schema says more.
  const preserveBelow = preserve || schema['x-kubernetes-preserve-unknown-fields'] === true;
  switch (schema['type']) {
    case 'object':
      return { map: mapOf(schema, preserveBelow, isObject) };
    case 'array':
      return { list: listOf(schema, preserveBelow) };
    case 'integer':
    case 'number':
      return { scalar: 'numeric' };
    case 'boolean':
      return { scalar: 'boolean' };
    case 'string': {
      const format = schema['format'];
      return { scalar: format === undefined || format === '' || format === 'byte' ? 'string' : 'untyped' };
    }
    default:
      return { scalar: 'untyped', list: listOf(schema, preserveBelow), map: mapOf(schema, preserveBelow, isObject) };
  }
}

function mapOf(schema: Json, preserve: boolean, isObject: boolean): MapShape {
  const fields = new Map<string, FieldNode>();
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  for (const [name, property] of Object.entries(properties)) {
    if (isJsonObject(property)) fields.set(name, field(name, typeOfSchema(property, preserve, false), property['default']));
  }
  if (isObject || schema['x-kubernetes-embedded-resource'] === true) {
    fields.set('apiVersion', field('apiVersion', { scalar: 'string' }));
    fields.set('kind', field('kind', { scalar: 'string' }));
    fields.set('metadata', field('metadata', namedType('meta.v1.ObjectMeta')));
  }
  const additional = schema['additionalProperties'];
  return { fields, element: elementOf(additional, preserve, fields.size === 0), atomic: schema['x-kubernetes-map-type'] === 'atomic' };
}

function elementOf(additional: unknown, preserve: boolean, isEmpty: boolean): TypeNode | undefined {
  if (isJsonObject(additional)) return typeOfSchema(additional, preserve, false);
  if (additional === true) return untypedDeduced;
  return additional === undefined && (preserve || isEmpty) ? untypedDeduced : undefined;
}

function listOf(schema: Json, preserve: boolean): ListShape {
  const { items } = schema;
  const element = isJsonObject(items) ? typeOfSchema(items, preserve, false) : untypedAtomic;
  const keys = schema['x-kubernetes-list-map-keys'];
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return { element, atomic: false, keys: [] };
    case 'map':
      return { element, atomic: false, keys: Array.isArray(keys) ? (keys as string[]) : [] };
    default:
      return { element, atomic: true, keys: [] };
  }
}

function field(name: string, type: TypeNode, defaultValue?: unknown): FieldNode {
  return {
    name,
    type,
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
    required: false,
    omitEmpty: true,
    omitZero: false,
    pointer: true,
    patchStrategies: [],
  };
}
