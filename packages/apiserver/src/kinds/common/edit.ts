import { setOwn } from '@sluice/core';
import { fieldsOf, isSet, type Fields } from './fields.js';

/** A change of an object that copies only what it changes: the same object comes back when there is nothing to do. */
export type Edit = (value: Fields) => Fields;

/** Several edits, one after the other. */
export function pipe(...edits: readonly Edit[]): Edit {
  return (value) => {
    let result = value;
    for (const edit of edits) result = edit(result);
    return result;
  };
}

/** Sets fields that are absent or null. The values must not be changed by anyone: they are shared. */
export function defaults(values: Fields): Edit {
  const entries = Object.entries(values);
  return (value) => {
    let result: Record<string, unknown> | undefined;
    for (const [key, fallback] of entries) {
      if (isSet(value[key])) continue;
      result ??= { ...value };
      result[key] = fallback;
    }
    return result ?? value;
  };
}

/** Like {@link defaults}, for fields whose zero value counts as absent: strings, numbers, lists without a pointer in Go. */
export function zeroDefaults(values: Fields): Edit {
  const entries = Object.entries(values);
  return (value) => {
    let result: Record<string, unknown> | undefined;
    for (const [key, fallback] of entries) {
      const present = value[key];
      if (isSet(present) && present !== '' && present !== 0) continue;
      result ??= { ...value };
      result[key] = fallback;
    }
    return result ?? value;
  };
}

/** Edits the object in a field, when there is one. */
export function at(key: string, edit: Edit): Edit {
  return (value) => {
    const before = value[key];
    if (typeof before !== 'object' || before === null || Array.isArray(before)) return value;
    return withField(value, key, edit(before as Fields));
  };
}

/** Edits the object in a field; an absent one counts as empty. For structs that Go always has. */
export function within(key: string, edit: Edit): Edit {
  return (value) => withField(value, key, edit(fieldsOf(value[key])));
}

/** Edits every object of the list in a field. */
export function each(key: string, edit: Edit): Edit {
  return (value) => {
    const list = value[key];
    if (!Array.isArray(list)) return value;
    let result: unknown[] | undefined;
    for (let index = 0; index < list.length; index++) {
      const before: unknown = list[index];
      const after = edit(fieldsOf(before));
      if (after === before) continue;
      result ??= [...(list as unknown[])];
      result[index] = after;
    }
    return result === undefined ? value : withField(value, key, result);
  };
}

/** The object with one field set; the same object when it has that value already. `undefined` takes the field out. */
export function withField(value: Fields, key: string, field: unknown): Fields {
  if (value[key] === field && (field !== undefined || !Object.hasOwn(value, key))) return value;
  const result = { ...value };
  if (field === undefined) delete result[key];
  else setOwn(result, key, field);
  return result;
}
