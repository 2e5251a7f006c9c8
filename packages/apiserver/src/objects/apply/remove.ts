import { isJsonObject, setOwn } from '@sluice/core';
import { type ListShape, type MapShape, shapeOf, type TypeNode } from '../types/type-node.js';
import { type FieldSet, fieldType } from './field-set.js';
import { listElement } from './list-element.js';
import { fieldElement } from './path-element.js';

/**
 * A value without the paths of a set. A map or list that loses its last entry becomes null, as on the real server;
 * what does not change is shared.
 */
export function removeItems(type: TypeNode, value: unknown, remove: FieldSet): unknown {
  if (remove.isEmpty) return value;
  switch (shapeOf(type, value)) {
    case 'map':
      return isJsonObject(value) ? removeFromMap(type.map as MapShape, value, remove) : null;
    case 'list':
      return Array.isArray(value) ? removeFromList(type.list as ListShape, value, remove) : null;
    default:
      return value;
  }
}

function removeFromMap(map: MapShape, value: Record<string, unknown>, remove: FieldSet): unknown {
  // An empty or atomic map that is entered, because something below it is in the set, is lost.
  if (map.atomic) return null;
  const out: Record<string, unknown> = {};
  let kept = 0;
  let changed = false;
  for (const key of Object.keys(value)) {
    const entry = remove.entries.get(fieldElement(key));
    if (entry?.member === true) {
      changed = true;
      continue;
    }
    const before = value[key];
    const type = fieldType(map, key);
    const after = entry?.child === undefined || type === undefined ? before : removeItems(type, before, entry.child);
    changed ||= after !== before;
    setOwn(out, key, after);
    kept++;
  }
  return kept === 0 ? null : changed ? out : value;
}

function removeFromList(list: ListShape, items: readonly unknown[], remove: FieldSet): unknown {
  if (list.atomic) return null;
  const out: unknown[] = [];
  let changed = false;
  for (const item of items) {
    const element = listElement(list, item);
    const entry = typeof element === 'string' ? remove.entries.get(element) : undefined;
    if (entry?.member === true) {
      changed = true;
      continue;
    }
    const after = entry?.child === undefined ? item : removeItems(list.element, item, entry.child);
    changed ||= after !== item;
    out.push(after);
  }
  return out.length === 0 ? null : changed ? out : items;
}
