import { isJsonObject } from '@sluice/core';
import { type ListShape, shapeOf, type TypeNode } from '../types/type-node.js';
import { type Entry, FieldSet, FieldSetBuilder, fieldType } from './field-set.js';
import { listElement, listElements } from './list-element.js';
import { fieldElement, type PathElement } from './path-element.js';

/** The paths of all that a value says: its leaves, and the elements of its lists and of its free-form maps. */
export function toFieldSet(type: TypeNode, value: unknown): FieldSet {
  const builder = new FieldSetBuilder();
  collect(type, value, [], builder);
  return builder.build();
}

function collect(type: TypeNode, value: unknown, path: PathElement[], out: FieldSetBuilder): void {
  switch (shapeOf(type, value)) {
    case 'scalar':
      out.insert(path);
      return;
    case 'list':
      if (type.list?.atomic === true) out.insert(path);
      else if (Array.isArray(value) && type.list !== undefined) collectList(type.list, value, path, out);
      return;
    case 'map': {
      const map = type.map;
      if (map === undefined) return;
      if (map.atomic) {
        out.insert(path);
        return;
      }
      if (!isJsonObject(value)) return;
      for (const key of Object.keys(value)) {
        const below = value[key];
        const belowType = fieldType(map, key);
        path.push(fieldElement(key));
        if (belowType !== undefined) collect(belowType, below, path, out);
        const isEmpty = below === null || (isJsonObject(below) && Object.keys(below).length === 0);
        if (isEmpty || !map.fields.has(key)) out.insert(path);
        path.pop();
      }
      return;
    }
    default:
  }
}

function collectList(list: ListShape, items: readonly unknown[], path: PathElement[], out: FieldSetBuilder): void {
  const elements = listElements(list, items);
  const duplicates = duplicatesOf(elements);
  for (const [index, element] of elements.entries()) {
    if (element === undefined) continue;
    path.push(element);
    // Elements with the same identity are owned together, as a leaf.
    if (!duplicates.has(element)) collect(list.element, items[index], path, out);
    out.insert(path);
    path.pop();
  }
}

const none: ReadonlySet<PathElement> = new Set();

function duplicatesOf(elements: readonly (PathElement | undefined)[]): ReadonlySet<PathElement> {
  const seen = new Set(elements);
  if (seen.size === elements.length) return none;
  const duplicates = new Set<PathElement>();
  seen.clear();
  for (const element of elements) {
    if (element === undefined) continue;
    if (seen.has(element)) duplicates.add(element);
    seen.add(element);
  }
  return duplicates;
}

/** Whether {@link toFieldSet} of a value is a set that is known already, without building it. */
export function hasFields(type: TypeNode, value: unknown, fields: FieldSet): boolean {
  return matches(type, value, fields.isEmpty ? undefined : { member: false, child: fields }, false);
}

function matches(type: TypeNode, value: unknown, entry: Entry | undefined, isMember: boolean): boolean {
  switch (shapeOf(type, value)) {
    case 'scalar':
      return entry?.member === true && entry.child === undefined;
    case 'list': {
      if (type.list?.atomic === true) return entry?.member === true && entry.child === undefined;
      if ((entry?.member ?? false) !== isMember || type.list === undefined) return false;
      return Array.isArray(value) ? matchesList(type.list, value, entry?.child) : entry?.child === undefined;
    }
    case 'map': {
      const { map } = type;
      if (map?.atomic !== false) return entry?.member === true && entry.child === undefined;
      if ((entry?.member ?? false) !== isMember) return false;
      if (!isJsonObject(value)) return entry?.child === undefined;
      const keys = Object.keys(value);
      if (keys.length !== (entry?.child?.entries.size ?? 0)) return false;
      for (const key of keys) {
        const below = value[key];
        const belowEntry = entry?.child?.entries.get(fieldElement(key));
        const belowType = fieldType(map, key);
        const isEmpty = below === null || (isJsonObject(below) && Object.keys(below).length === 0);
        if (belowEntry === undefined || belowType === undefined) return false;
        if (!matches(belowType, below, belowEntry, isEmpty || !map.fields.has(key))) return false;
      }
      return true;
    }
    default:
      return false;
  }
}

/** Lists with equal elements are left to {@link toFieldSet}. */
function matchesList(list: ListShape, items: readonly unknown[], fields: FieldSet | undefined): boolean {
  if (items.length !== (fields?.entries.size ?? 0)) return false;
  const seen = items.length < 2 ? undefined : new Set<PathElement>();
  for (const item of items) {
    const element = listElement(list, item);
    if (typeof element !== 'string' || seen?.has(element) === true) return false;
    seen?.add(element);
    const entry = fields?.entries.get(element);
    if (entry === undefined || !matches(list.element, item, entry, true)) return false;
  }
  return true;
}
