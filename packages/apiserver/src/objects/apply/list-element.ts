import { isJsonObject } from '@sluice/core';
import type { ListShape } from '../types/type-node.js';
import { keyElement, type PathElement, valueElement } from './path-element.js';

/** The identity of an element of a set or a keyed list, or an error in the words of the API server. */
export function listElement(list: ListShape, item: unknown): PathElement | { readonly error: string } {
  if (list.keys.length === 0) {
    if (Array.isArray(item)) return { error: 'not supported: associative list with lists as elements' };
    if (item === null || item === undefined) return { error: "associative list without keys has an element that's an explicit null" };
    return typeof item === 'object' ? { error: "associative list without keys has an element that's a map type" } : valueElement(item);
  }
  if (item === null || item === undefined) return { error: 'associative list with keys may not have a null element' };
  if (!isJsonObject(item)) return { error: 'associative list with keys may not have non-map elements' };
  const keys: Record<string, unknown> = {};
  let found = false;
  for (const key of list.keys) {
    // The default of a key belongs to it: a port without a protocol is the TCP port.
    const value = Object.hasOwn(item, key) ? item[key] : list.element.map?.fields.get(key)?.default;
    if (value === undefined) continue;
    keys[key] = value;
    found = true;
  }
  if (found) return keyElement(keys);
  const names = list.keys.map((key) => JSON.stringify(key)).join(' ');
  return {
    error: `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  };
}

/** The identities of a list's elements; those without one are left out. */
export function listElements(list: ListShape, items: readonly unknown[]): (PathElement | undefined)[] {
  return items.map((item) => {
    const element = listElement(list, item);
    return typeof element === 'string' ? element : undefined;
  });
}
