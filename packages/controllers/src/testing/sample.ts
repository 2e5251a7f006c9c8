import { isJsonObject, type Json, type JsonObject } from '@sluice/core';

/** Texts for fields with a pattern: the first one that fits. */
const TEXTS = ['x', '1m', 'https://a.example', 'oci://a.example/x', 'sha256:00', '2026-01-01T00:00:00Z'];

/**
 * A value of a schema that has all fields, but for those that `leaveOut` names by the end of their path, and for lists that
 * must be empty.
 */
export function sampleOf(schema: Json, leaveOut: readonly string[], path = ''): Json {
  if (!isJsonObject(schema)) return null;
  if (Array.isArray(schema['enum'])) return schema['enum'][0]!;
  if (schema['x-kubernetes-int-or-string'] === true) return 1;
  switch (schema['type']) {
    case 'string':
      return textOf(schema);
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1;
    case 'array':
      return schema['maxItems'] === 0 ? [] : [sampleOf(schema['items']!, leaveOut, path)];
    case 'object':
      return objectOf(schema, leaveOut, path);
    default:
      return { any: 'thing' };
  }
}

function textOf(schema: JsonObject): string {
  const { format, pattern } = schema;
  if (format === 'date-time') return '2026-01-01T00:00:00Z';
  const text = typeof pattern === 'string' ? TEXTS.find((each) => new RegExp(pattern, 'u').test(each)) : TEXTS[0];
  if (text === undefined) throw new Error(`no text fits ${JSON.stringify(pattern)}`);
  return text;
}

function objectOf(schema: JsonObject, leaveOut: readonly string[], path: string): JsonObject {
  if (isJsonObject(schema['additionalProperties'])) return { key: sampleOf(schema['additionalProperties'], leaveOut, `${path}.key`) };
  if (!isJsonObject(schema['properties'])) return { any: 'thing' };
  const fields = Object.entries(schema['properties'])
    .map(([name, field]) => [name, field, `${path}.${name}`] as const)
    .filter(([, , at]) => !leaveOut.some((end) => at.endsWith(end)));
  return Object.fromEntries(fields.map(([name, field, at]) => [name, sampleOf(field, leaveOut, at)]));
}
