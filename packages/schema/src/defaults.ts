import { isJsonObject, setOwn } from '@sluice/core';
import type { SchemaNode } from './node.js';

export interface DefaultOptions {
  /** Leave nulls that the schema does not allow, for the validation to find: they were made by a write, not sent. */
  readonly keepNulls?: boolean;
}

/**
 * A value with the defaults of its schema, and without nulls where the schema allows none. Shares what does not change;
 * the very same value when there is nothing to add or to drop.
 */
export function applySchemaDefaults(schema: SchemaNode, value: unknown, options: DefaultOptions = {}): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    let changed = false;
    const out = value.map((item) => {
      const after =
        item === null && !items.nullable && items.default !== undefined ? items.default : applySchemaDefaults(items, item, options);
      changed ||= after !== item;
      return after;
    });
    return changed ? out : value;
  }
  if (!isJsonObject(value)) return value;
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const known = schema.properties.get(key) ?? (typeof schema.additional === 'object' ? schema.additional : undefined);
    if (known === undefined) continue;
    const before = value[key];
    if (before === null && !known.nullable) {
      if (known.default === undefined && options.keepNulls === true) continue;
      out ??= { ...value };
      if (known.default === undefined) delete out[key];
      else setOwn(out, key, applySchemaDefaults(known, known.default, options));
      continue;
    }
    const after = applySchemaDefaults(known, before, options);
    if (after === before) continue;
    out ??= { ...value };
    setOwn(out, key, after);
  }
  if (schema.hasDefaults) {
    for (const [key, property] of schema.properties) {
      if (property.default === undefined || Object.hasOwn(value, key)) continue;
      out ??= { ...value };
      setOwn(out, key, applySchemaDefaults(property, property.default, options));
    }
  }
  return out ?? value;
}
