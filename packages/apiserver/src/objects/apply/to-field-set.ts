import { isJsonObject } from '@sluice/core';
import { type ListShape, shapeOf, type TypeNode } from '../types/type-node.js';
import { FieldSet, FieldSetBuilder, fieldType } from './field-set.js';
import { listElements } from './list-element.js';
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
