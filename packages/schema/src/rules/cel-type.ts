import { type CelType, dyn, listOf, mapOf } from '@sluice/cel';
import type { SchemaNode } from '../node.js';

const cache = new WeakMap<SchemaNode, CelType>();

/** How rules see the values of a schema. At the root of a resource also its name is known. */
export function celTypeOf(schema: SchemaNode, isResource = false): CelType {
  const known = cache.get(schema);
  if (known !== undefined) return known;
  const type = build(schema, isResource || schema.embedded);
  cache.set(schema, type);
  return type;
}

function build(schema: SchemaNode, isResource: boolean): CelType {
  if (schema.intOrString) return dyn;
  switch (schema.type) {
    case 'boolean':
      return { kind: 'bool' };
    case 'integer':
      return { kind: 'int' };
    case 'number':
      return { kind: 'double' };
    case 'string':
      return { kind: textKind(schema.checks?.format) };
    case 'array':
      return listOf(schema.items === undefined ? dyn : celTypeOf(schema.items));
    case 'object':
      if (typeof schema.additional === 'object') return mapOf({ kind: 'string' }, celTypeOf(schema.additional));
      return objectType(schema, isResource);
    default:
      return dyn;
  }
}

function textKind(format: string | undefined): 'string' | 'bytes' | 'duration' | 'timestamp' {
  switch (format) {
    case 'byte':
      return 'bytes';
    case 'duration':
      return 'duration';
    case 'date':
    case 'date-time':
      return 'timestamp';
    default:
      return 'string';
  }
}

const text: CelType = { kind: 'string' };
const metadata: CelType = {
  kind: 'object',
  fields: new Map([
    ['name', { name: 'name', type: text }],
    ['generateName', { name: 'generateName', type: text }],
  ]),
};

function objectType(schema: SchemaNode, isResource: boolean): CelType {
  const fields = new Map<string, { name: string; type: CelType }>();
  for (const [name, property] of schema.properties) {
    const celName = escapeName(name);
    if (celName !== undefined) fields.set(celName, { name, type: celTypeOf(property) });
  }
  if (isResource) {
    fields.set('apiVersion', { name: 'apiVersion', type: text });
    fields.set('kind', { name: 'kind', type: text });
    fields.set('metadata', { name: 'metadata', type: metadata });
  }
  return { kind: 'object', fields };
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const escapes: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };

/** The name of a property in rules; undefined when it cannot be named. */
function escapeName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  const escaped = name.replaceAll(/__|[./-]/g, (part) => escapes[part] ?? part);
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}
