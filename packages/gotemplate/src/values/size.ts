import { GoStruct, isMap, type GoValue } from './values.js';

/**
 * Whether a value, printed, would show more than `limit` elements. Lists and maps can hold the same list many times, and themselves:
 * a few lines of a template make one that no machine can print.
 */
export function isLargerThan(value: GoValue, limit: number): boolean {
  let left = limit;
  const visit = (item: GoValue): boolean => {
    if (typeof item !== 'object' || item === null) return true;
    if (Array.isArray(item)) return (left -= item.length) >= 0 && item.every(visit);
    if (isMap(item)) {
      const keys = Object.keys(item);
      return (left -= keys.length) >= 0 && keys.every((key) => visit(item[key]));
    }
    return !(item instanceof GoStruct) || (--left >= 0 && Array.from(item.fields.values()).every(visit));
  };
  return !visit(value);
}
