import { setOwn } from '@sluice/core';
import { isTrue } from '../values/truth.js';
import { isMap, isNilCollection, sortedKeys, type GoMap, type GoValue } from '../values/values.js';
import { isList } from './elements.js';

/**
 * Merges a map into another, as mergo does: maps into maps all the way down, everything else where the target has nothing (no key,
 * or an empty value). With `overwrite` the source's values win, empty ones too. Values are shared, not copied.
 */
export function mergeInto(target: GoMap, source: GoMap, overwrite: boolean): void {
  for (const key of sortedKeys(source)) {
    const value = source[key];
    const before: GoValue = Object.hasOwn(target, key) ? target[key] : undefined;
    if (value === null || value === undefined || isNilCollection(value)) {
      if (overwrite) setOwn(target, key, value);
      continue;
    }
    if (isMap(value) && isMap(before) && !isNilCollection(before)) mergeInto(before, value, overwrite);
    if (isList(value) && overwrite) setOwn(target, key, value);
    const isFilled = before !== undefined && isTrue(before);
    if (isFilled && (isList(value) || (isMap(value) && isMap(before)))) continue;
    if (overwrite || !isFilled) setOwn(target, key, value);
  }
}
