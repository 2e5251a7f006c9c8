import { isJsonObject, setOwn } from '@sluice/core';
import { type FieldError, invalid, type SchemaNode } from '@sluice/schema';
import { namedType } from '../types/builtin.js';
import { sortedKeys } from '../apply/go-format.js';
import { canonicalValue } from '../types/canonical.js';
import { DecodeFault, decodeValue, type Findings } from './decode-value.js';

/**
 * Decodes the metadata of objects inside a custom resource (`x-kubernetes-embedded-resource`): like any object's, it is
 * a Go struct. Shares what does not change.
 */
export function decodeEmbedded(schema: SchemaNode, value: unknown): { value: unknown; unknown: readonly string[] } {
  if (!hasEmbedded(schema)) return { value, unknown: [] };
  const unknown: string[] = [];
  return { value: walk(schema, value, '', unknown), unknown: unknown.sort() };
}

const known = new WeakMap<SchemaNode, boolean>();

function hasEmbedded(schema: SchemaNode): boolean {
  let result = known.get(schema);
  if (result === undefined) {
    const below = [...schema.properties.values(), schema.items, schema.additional].filter((node) => typeof node === 'object');
    result = schema.embedded || below.some(hasEmbedded);
    known.set(schema, result);
  }
  return result;
}

function walk(schema: SchemaNode, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined || !hasEmbedded(items) ? value : value.map((item, index) => walk(items, item, `${path}[${index}]`, unknown));
  }
  if (!isJsonObject(value)) return value;
  const out: Record<string, unknown> = { ...value };
  for (const key of Object.keys(value)) {
    const below = path === '' ? key : `${path}.${key}`;
    if (schema.embedded && key === 'metadata') {
      setOwn(out, key, decodeMetadataAt(value[key], below, unknown));
      continue;
    }
    const property = schema.properties.get(key) ?? (typeof schema.additional === 'object' ? schema.additional : undefined);
    if (property !== undefined && hasEmbedded(property)) setOwn(out, key, walk(property, value[key], below, unknown));
  }
  return out;
}

function decodeMetadataAt(value: unknown, path: string, unknown: string[]): unknown {
  const type = namedType('meta.v1.ObjectMeta');
  const findings: Findings = { unknown: [] };
  try {
    const metadata = canonicalValue(type, decodeValue(type, value, findings));
    unknown.push(...findings.unknown.map((field) => `${path}.${field}`));
    return metadata;
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    throw new DecodeFault(`${path}: Invalid value: ${JSON.stringify(sortedKeys(value))}: ${error.message}`);
  }
}

/** The faults of the objects inside a custom resource; those of their metadata are found by `validateMetadata`. */
export function validateEmbedded(
  schema: SchemaNode,
  value: unknown,
  validateMetadata: (metadata: Readonly<Record<string, unknown>>, path: string) => readonly FieldError[],
  path = '',
): FieldError[] {
  if (!hasEmbedded(schema)) return [];
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => validateEmbedded(items, item, validateMetadata, `${path}[${index}]`));
  }
  if (!isJsonObject(value)) return [];
  const errors: FieldError[] = [];
  if (schema.embedded) {
    const { apiVersion, metadata } = value;
    if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2) {
      errors.push(invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    }
    if (isJsonObject(metadata)) errors.push(...validateMetadata(metadata, `${path}.metadata`));
  }
  for (const key of Object.keys(value)) {
    const property = schema.properties.get(key) ?? (typeof schema.additional === 'object' ? schema.additional : undefined);
    const below = path === '' ? key : `${path}.${key}`;
    if (property !== undefined) errors.push(...validateEmbedded(property, value[key], validateMetadata, below));
  }
  return errors;
}
