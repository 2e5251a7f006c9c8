import { isJsonObject } from '@sluice/core';
import type { Json, OpenApiVersion } from './resource.js';

/**
 * A document in the protobuf form that older clients ask for (gnostic's openapi.v2 and openapi.v3): its schemas, which
 * are all that those clients read of it.
 */
export function encodeOpenApi(document: Json): Uint8Array {
  const isV2 = document['swagger'] !== undefined;
  const info = isJsonObject(document['info']) ? document['info'] : {};
  const title = text(1, info['title']);
  if (isV2) {
    const definitions = named(object(document['definitions']), (schema) => encodeSchema(schema, 2));
    return Buffer.concat([text(1, document['swagger']), message(2, title, text(2, info['version'])), message(8), message(9, definitions)]);
  }
  const schemas = object(object(document['components'])['schemas']);
  const encoded = named(schemas, (schema) => schemaOrReference(schema));
  return Buffer.concat([
    text(1, document['openapi']),
    message(2, title, text(6, info['version'])),
    message(4),
    message(5, message(1, encoded)),
  ]);
}

/** The field numbers of a schema's keys, which differ between the versions. */
const numbers = {
  2: {
    default: 5,
    pattern: 13,
    required: 19,
    enum: 20,
    additionalProperties: 21,
    type: 22,
    items: 23,
    allOf: 24,
    properties: 25,
    description: 4,
    format: 2,
    extension: 31,
  },
  3: {
    default: 33,
    pattern: 17,
    required: 23,
    enum: 24,
    additionalProperties: 32,
    type: 25,
    items: 30,
    allOf: 26,
    properties: 31,
    description: 34,
    format: 35,
    extension: 36,
  },
} as const;

function encodeSchema(schema: Json, version: OpenApiVersion): Buffer {
  const number = numbers[version];
  const nested = (value: Json): Buffer => (version === 2 ? encodeSchema(value, 2) : schemaOrReference(value));
  const parts: Buffer[] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$ref') parts.push(text(1, value));
    else if (key === 'type') parts.push(version === 2 ? message(number.type, text(1, value)) : text(number.type, value));
    else if (key === 'format' || key === 'pattern' || key === 'description') parts.push(text(number[key], value));
    else if (key === 'required' && Array.isArray(value)) parts.push(...value.map((name) => text(number.required, name)));
    else if (key === 'enum' && Array.isArray(value)) parts.push(...value.map((item) => message(number.enum, any(item))));
    else if (key === 'items' && isJsonObject(value)) parts.push(message(number.items, message(1, nested(value))));
    else if (key === 'properties' && isJsonObject(value)) parts.push(message(number.properties, named(value, nested)));
    else if (key === 'additionalProperties' && isJsonObject(value))
      parts.push(message(number.additionalProperties, message(1, nested(value))));
    else if ((key === 'allOf' || key === 'oneOf' || key === 'anyOf') && Array.isArray(value)) {
      const field = version === 2 ? number.allOf : { allOf: 26, oneOf: 27, anyOf: 28 }[key];
      if (version === 3 || key === 'allOf') parts.push(...value.map((item) => message(field, nested(object(item)))));
    } else if (key === 'default' && version === 2) parts.push(message(number.default, any(value)));
    else if (key === 'default' && typeof value === 'string') parts.push(message(number.default, text(3, value)));
    else if (key.startsWith('x-')) parts.push(message(number.extension, text(1, key), message(2, any(value))));
  }
  return Buffer.concat(parts);
}

function schemaOrReference(schema: Json): Buffer {
  return typeof schema['$ref'] === 'string' ? message(2, text(1, schema['$ref'])) : message(1, encodeSchema(schema, 3));
}

/** Any value, which is carried as YAML. */
function any(value: unknown): Buffer {
  return text(2, `${JSON.stringify(value)}\n`);
}

function named(values: Json, encode: (value: Json) => Buffer): Buffer {
  return Buffer.concat(Object.entries(values).map(([name, value]) => message(1, text(1, name), message(2, encode(object(value))))));
}

function object(value: unknown): Json {
  return isJsonObject(value) ? value : {};
}

function text(field: number, value: unknown): Buffer {
  return typeof value === 'string' ? message(field, Buffer.from(value)) : Buffer.alloc(0);
}

/** A field of bytes: its number, the length, and the content. */
function message(field: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}
