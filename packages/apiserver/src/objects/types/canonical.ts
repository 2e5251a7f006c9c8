import { isJsonObject, type KubeObject, setOwn } from '@sluice/core';
import type { ObjectType } from './object-type.js';
import { canonicalQuantity } from './quantity.js';
import { canonicalMicroTime, canonicalTime } from './time.js';
import type { FieldNode, MapShape, TypeNode } from './type-node.js';

/**
 * An object of a built-in kind as the real server would write it after reading it: fields in the order of the Go
 * struct, without what is null or empty where Go leaves that out, with what Go always writes (`status: {}`), quantities
 * and times in their one spelling. Objects of custom resources stay as they are.
 *
 * The value must be well-typed, see decodeObject. Returns the same reference for what is canonical already.
 */
export function canonicalObject(type: ObjectType, object: KubeObject, options: CanonicalOptions = {}): KubeObject {
  return type.custom ? object : (canonicalValue(type.root, object, options.keepEmpty) as KubeObject);
}

export interface CanonicalOptions {
  /** Leave empty lists that are always written, as they were sent: storage makes them null, but who sent one owns it. */
  readonly keepEmpty?: boolean;
}

const empties = new WeakMap<TypeNode, KubeObject>();

/** What the real server compares a create with: the object with nothing set. */
export function emptyObject(type: ObjectType): KubeObject {
  const known = empties.get(type.root);
  if (known !== undefined) return known;
  const bare = { apiVersion: type.apiVersion, kind: type.kind } as KubeObject;
  const empty = type.custom ? { ...bare, metadata: {} } : canonicalObject(type, bare);
  empties.set(type.root, empty);
  return empty;
}

export function canonicalValue(type: TypeNode, value: unknown, keepEmpty = false): unknown {
  switch (type.go) {
    case 'struct':
      return canonicalStruct(type.map as MapShape, isJsonObject(value) ? value : {}, keepEmpty);
    case 'list': {
      if (!Array.isArray(value)) return null;
      const element = type.list?.element ?? {};
      let changed = false;
      const items = value.map((item) => {
        const canonical = canonicalValue(element, item, keepEmpty);
        changed ||= canonical !== item;
        return canonical;
      });
      return changed ? items : value;
    }
    case 'map': {
      if (!isJsonObject(value)) return null;
      const element = type.map?.element ?? {};
      let changed = false;
      const out: Record<string, unknown> = {};
      for (const key of Object.keys(value)) {
        const canonical = canonicalValue(element, value[key], keepEmpty);
        changed ||= canonical !== value[key];
        setOwn(out, key, canonical);
      }
      return changed ? out : value;
    }
    case 'string':
    case 'byte':
      return value ?? '';
    case 'boolean':
      return value ?? false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return value ?? 0;
    case 'quantity':
      return canonicalQuantity(value ?? '0');
    case 'time':
      return typeof value === 'string' ? canonicalTime(value) : null;
    case 'microTime':
      return typeof value === 'string' ? canonicalMicroTime(value) : null;
    default:
      return value;
  }
}

function canonicalStruct(map: MapShape, value: Record<string, unknown>, keepEmpty: boolean): unknown {
  const keys = Object.keys(value);
  const out: Record<string, unknown> = {};
  let at = 0;
  let changed = false;
  for (const field of map.fields.values()) {
    const before = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
    const after = canonicalField(field, before, keepEmpty);
    if (after === undefined) continue;
    out[field.name] = after;
    changed ||= after !== before || keys[at] !== field.name;
    at++;
  }
  return changed || at !== keys.length ? out : value;
}

/** The value of a field in JSON; undefined when it is left out. */
function canonicalField(field: FieldNode, value: unknown, keepEmpty: boolean): unknown {
  const { type, pointer, omitEmpty, omitZero } = field;
  if (value === undefined || value === null) {
    if (pointer) return omitEmpty ? undefined : null;
    if (omitZero) return undefined;
    const zero = canonicalValue(type, undefined);
    return omitEmpty && isEmptyInGo(type, zero) ? undefined : zero;
  }
  const canonical = canonicalValue(type, value, keepEmpty);
  if (pointer || !isEmptyInGo(type, canonical)) return canonical;
  if (omitEmpty) return undefined;
  // Storage does not tell an empty list from none.
  return !keepEmpty && (type.go === 'list' || type.go === 'map') ? null : canonical;
}

/** Whether Go's `omitempty` leaves a value out: never for structs, times and quantities. */
function isEmptyInGo(type: TypeNode, value: unknown): boolean {
  switch (type.go) {
    case 'string':
    case 'byte':
      return value === '';
    case 'boolean':
      return value === false;
    case 'int32':
    case 'int64':
    case 'double':
      return value === 0;
    case 'list':
    case 'map':
      return value === null || Object.keys(value as object).length === 0;
    case 'any':
      return value === undefined || value === null;
    default:
      return value === undefined;
  }
}
