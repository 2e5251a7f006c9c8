import { setOwn, type Json } from '@sluice/core';
import {
  encodeJson,
  GoDuration,
  GoError,
  GoInt,
  GoStruct,
  GoTime,
  isNilCollection,
  JsonNumber,
  typeName,
  type GoMap,
  type GoValue,
} from '@sluice/gotemplate';

const LONE_SURROGATES = /\p{Surrogate}/gu;

/** A value as Go's encoding/json sees it: what JSON has no form for is an error. Integers are bigints. */
export function toJsonValue(value: GoValue): Json {
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'boolean':
      return value;
    case 'string':
      // Bytes that are no UTF-8.
      return value.replace(LONE_SURROGATES, '\ufffd');
    case 'number':
      if (!Number.isFinite(value)) encodeJson(value);
      return value;
  }
  if (value === null) return null;
  if (value instanceof GoInt) return value.value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return isNilCollection(value) ? null : value.map(toJsonValue);
  if (value instanceof GoStruct) return value.json === undefined ? fieldsOf(value) : toJsonValue(value.json());
  if (value instanceof GoTime || value instanceof JsonNumber) return JSON.parse(encodeJson(value)) as Json;
  if (value instanceof GoDuration) return value.nanoseconds;
  if (value instanceof GoError) return {};
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Error(`json: unsupported type: ${typeName(value)}`);
  if (isNilCollection(value)) return null;
  const map = value as GoMap;
  const object: Record<string, Json> = {};
  for (const key of Object.keys(map)) setOwn(object, key, toJsonValue(map[key]));
  return object;
}

function fieldsOf({ fields }: GoStruct): Json {
  return Object.fromEntries([...fields].map(([name, field]) => [name, toJsonValue(field)]));
}
