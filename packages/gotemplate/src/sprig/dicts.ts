import { setOwn } from '@sluice/core';
import { contextFunction, goFunction } from '../exec/function.js';
import {
  isMap,
  isNilCollection,
  sortedKeys,
  typedMap,
  typedSlice,
  typeName,
  GO_METHODS,
  type GoMap,
  type GoValue,
} from '../values/values.js';
import { mergeInto } from './merge.js';
import { textValue } from './text-value.js';

function dict(values: readonly GoValue[]): GoMap {
  const map: GoMap = {};
  for (let index = 0; index < values.length; index += 2) {
    setOwn(map, textValue(values[index]), index + 1 < values.length ? values[index + 1] : '');
  }
  return map;
}

function set(map: GoMap, key: string, value: GoValue): GoMap {
  if (isNilCollection(map)) throw new Error('assignment to entry in nil map');
  setOwn(map, key, value);
  return map;
}

function unset(map: GoMap, key: string): GoMap {
  // Deleting by name is what a map is for; a null prototype would not help the ones that come from outside.
  Reflect.deleteProperty(map, key);
  return map;
}

function pick(map: GoMap, keys: readonly string[]): GoMap {
  const picked: GoMap = {};
  for (const key of keys) if (Object.hasOwn(map, key)) setOwn(picked, key, map[key]);
  return picked;
}

function omit(map: GoMap, keys: readonly string[]): GoMap {
  const omitted = new Set(keys);
  return pick(
    map,
    Object.keys(map).filter((key) => !omitted.has(key)),
  );
}

/** `dig "a" "b" default map`: map.a.b, or the default where a key is missing. */
function dig(values: readonly GoValue[]): GoValue {
  if (values.length < 3) throw new Error('dig needs at least three arguments');
  const found = values.at(-1);
  const keys = values.slice(0, -2);
  let map = asPlainMap(found);
  for (const [index, key] of keys.map(asString).entries()) {
    if (!Object.hasOwn(map, key)) return values.at(-2) ?? null;
    const step = map[key];
    if (index === keys.length - 1) return step;
    map = asPlainMap(step);
  }
  return found;
}

function asPlainMap(value: GoValue): GoMap {
  if (isMap(value) && typeName(value) === 'map[string]interface {}') return value;
  throw new Error(`interface conversion: interface {} is ${shownType(value)}, not map[string]interface {}`);
}

function asString(value: GoValue): string {
  if (typeof value === 'string') return value;
  throw new Error(`interface conversion: interface {} is ${shownType(value)}, not string`);
}

function shownType(value: GoValue): string {
  return value === null || value === undefined ? 'nil' : typeName(value);
}

/** A copy of maps and lists, all the way down. */
function deepCopy(value: GoValue): GoValue {
  if (Array.isArray(value)) return typedSlice(typeName(value), value.map(deepCopy), value[GO_METHODS]);
  if (value instanceof Uint8Array) return value.slice();
  if (!isMap(value)) return value;
  const copy: GoMap = {};
  for (const key of Object.keys(value)) setOwn(copy, key, deepCopy(value[key]));
  return typedMap(typeName(value), copy, value[GO_METHODS]);
}

function merged(overwrite: boolean): (target: GoMap, ...sources: GoMap[]) => GoMap {
  return (target, ...sources) => {
    // A nil map can not take anything; Go makes a new one then.
    const result = isNilCollection(target) ? {} : target;
    for (const source of sources) mergeInto(result, source, overwrite);
    return result;
  };
}

const merge = goFunction(['map[string]any', '...map[string]any'], 'any', merged(false));
const mergeOverwrite = goFunction(['map[string]any', '...map[string]any'], 'any', merged(true));
const copy = contextFunction(['any'], 'any', (context, value) => {
  context.checkSize(value);
  if (value === null) throw new Error('reflect: call of reflect.Value.Type on zero Value');
  return deepCopy(value);
});

export const dicts = {
  dict: goFunction(['...any'], 'map[string]any', (...values) => dict(values)),
  get: goFunction(['map[string]any', 'string'], 'any', (map, key) => (Object.hasOwn(map, key) ? map[key] : '')),
  set: goFunction(['map[string]any', 'string', 'any'], 'map[string]any', set),
  unset: goFunction(['map[string]any', 'string'], 'map[string]any', unset),
  hasKey: goFunction(['map[string]any', 'string'], 'bool', (map, key) => Object.hasOwn(map, key)),
  pluck: goFunction(['string', '...map[string]any'], '[]any', (key, ...maps) =>
    maps.filter((map) => Object.hasOwn(map, key)).map((map) => map[key]),
  ),
  // Go's order is random; that of the keys is one of those.
  keys: goFunction(['...map[string]any'], '[]string', (...maps) => maps.flatMap(sortedKeys)),
  values: goFunction(['map[string]any'], '[]any', (map) => sortedKeys(map).map((key) => map[key])),
  pick: goFunction(['map[string]any', '...string'], 'map[string]any', (map, ...keys) => pick(map, keys)),
  omit: goFunction(['map[string]any', '...string'], 'map[string]any', (map, ...keys) => omit(map, keys)),
  dig: goFunction(['...any'], 'any', (...values) => dig(values)),
  merge,
  mustMerge: merge,
  mergeOverwrite,
  mustMergeOverwrite: mergeOverwrite,
  deepCopy: copy,
  mustDeepCopy: copy,
};
