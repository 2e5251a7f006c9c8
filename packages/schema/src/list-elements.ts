import { isJsonObject } from '@sluice/core';
import { duplicate, type FieldError, invalid } from './field-error.js';
import type { SchemaNode } from './node.js';

/** The faults of sets and keyed lists: elements that occur twice. On an update only asked when the old value had none. */
export function validateListElements(schema: SchemaNode, value: unknown, path = ''): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return [
      ...(schema.listType === 'set'
        ? duplicatesOf(value, value, path)
        : schema.listType === 'map'
          ? keyDuplicates(schema, value, path)
          : []),
      ...(items === undefined ? [] : value.flatMap((item, index) => validateListElements(items, item, `${path}[${index}]`))),
    ];
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, below]) => {
    const property = schema.properties.get(key);
    if (property !== undefined) return validateListElements(property, below, path === '' ? key : `${path}.${key}`);
    return typeof schema.additional === 'object' ? validateListElements(schema.additional, below, `${path}[${key}]`) : [];
  });
}

function keyDuplicates(schema: SchemaNode, items: readonly unknown[], path: string): FieldError[] {
  const wrong = items.findIndex((item) => item !== null && !isJsonObject(item));
  if (wrong >= 0) return [invalid(`${path}[${wrong}]`, items[wrong], 'must be an object for an array of list-type map')];
  const keys = items.map((item) =>
    Object.fromEntries(
      schema.listMapKeys
        .filter((key) => isJsonObject(item) && Object.hasOwn(item, key))
        .map((key) => [key, (item as Record<string, unknown>)[key]]),
    ),
  );
  return duplicatesOf(keys, keys, path);
}

/** One fault for each value that occurs again, at its second place. */
function duplicatesOf(values: readonly unknown[], shown: readonly unknown[], path: string): FieldError[] {
  const seen = new Map<string, number>();
  const errors: FieldError[] = [];
  for (const [index, value] of values.entries()) {
    const key = JSON.stringify(value);
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    if (times === 1) errors.push(duplicate(`${path}[${index}]`, shown[index]));
  }
  return errors;
}
