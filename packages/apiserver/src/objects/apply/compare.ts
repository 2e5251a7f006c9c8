import { deepEqual, isJsonObject } from '@sluice/core';
import { type ListShape, type MapShape, shapeOf, type TypeNode } from '../types/type-node.js';
import { FieldSet, FieldSetBuilder, fieldType } from './field-set.js';
import { listElements } from './list-element.js';
import { fieldElement, type PathElement } from './path-element.js';

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const nothing: Comparison = { added: FieldSet.empty, modified: FieldSet.empty, removed: FieldSet.empty };

/** Which paths two values of a type differ in. */
export function compare(type: TypeNode, before: unknown, after: unknown): Comparison {
  if (before === after) return nothing;
  const walk: Walk = { added: new FieldSetBuilder(), modified: new FieldSetBuilder(), removed: new FieldSetBuilder(), path: [] };
  compareValues(type, before, after, walk);
  return { added: walk.added.build(), modified: walk.modified.build(), removed: walk.removed.build() };
}

interface Walk {
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
  readonly path: PathElement[];
}

function compareValues(type: TypeNode, before: unknown, after: unknown, walk: Walk): void {
  // What both share is equal; only what is there on one side has paths to report.
  if (before === after) return;
  const left = shapeOf(type, before);
  const right = shapeOf(type, after);
  let isLeaf: boolean;
  if (after === undefined) isLeaf = compareAs(left, type, before, after, walk);
  else if (before === undefined || left === right) isLeaf = compareAs(right, type, before, after, walk);
  else {
    compareAs(left, type, before, after, walk);
    isLeaf = compareAs(right, type, before, after, walk);
  }
  if (isLeaf) return;
  if (before === undefined) walk.added.insert(walk.path);
  else if (after === undefined) walk.removed.insert(walk.path);
}

/** Compares as one shape; true when the values were compared as a whole. */
function compareAs(shape: 'map' | 'list' | 'scalar' | undefined, type: TypeNode, before: unknown, after: unknown, walk: Walk): boolean {
  if (shape === 'map') {
    const map = type.map as MapShape;
    const left = isJsonObject(before) ? before : undefined;
    const right = isJsonObject(after) ? after : undefined;
    if (!map.atomic && !(isEmpty(left) && isEmpty(right))) {
      compareMaps(map, left ?? {}, right ?? {}, walk);
      return false;
    }
  } else if (shape === 'list') {
    const list = type.list as ListShape;
    const left = Array.isArray(before) ? before : undefined;
    const right = Array.isArray(after) ? after : undefined;
    if (!list.atomic && !(isEmpty(left) && isEmpty(right))) {
      compareLists(list, left ?? [], right ?? [], walk);
      return false;
    }
  }
  if (before === undefined) walk.added.insert(walk.path);
  else if (after === undefined) walk.removed.insert(walk.path);
  else if (!deepEqual(before, after)) walk.modified.insert(walk.path);
  return true;
}

function compareMaps(map: MapShape, before: Record<string, unknown>, after: Record<string, unknown>, walk: Walk): void {
  const visit = (key: string, left: unknown, right: unknown): void => {
    const type = fieldType(map, key);
    if (type === undefined) return;
    walk.path.push(fieldElement(key));
    compareValues(type, left, right, walk);
    walk.path.pop();
  };
  for (const key of Object.keys(before)) visit(key, before[key], Object.hasOwn(after, key) ? after[key] : undefined);
  for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) visit(key, undefined, after[key]);
}

function compareLists(list: ListShape, before: readonly unknown[], after: readonly unknown[], walk: Walk): void {
  const left = grouped(list, before);
  const right = grouped(list, after);
  for (const [element, items] of left) compareElement(list, element, items, right.get(element) ?? [], walk);
  for (const [element, items] of right) if (!left.has(element)) compareElement(list, element, [], items, walk);
}

function compareElement(list: ListShape, element: PathElement, before: readonly unknown[], after: readonly unknown[], walk: Walk): void {
  walk.path.push(element);
  if (before.length <= 1 && after.length <= 1) {
    compareValues(list.element, before[0], after[0], walk);
  } else if (before.length > 1 && after.length > 1) {
    if (!deepEqual(before, after)) walk.modified.insert(walk.path);
  } else if (before.length > 1) {
    // Duplicates became one: they are gone as a leaf, and the one element is new.
    if (after.length > 0) compareValues(list.element, undefined, after[0], walk);
    walk.removed.insert(walk.path);
  } else {
    if (before.length > 0) compareValues(list.element, before[0], undefined, walk);
    walk.added.insert(walk.path);
  }
  walk.path.pop();
}

function grouped(list: ListShape, items: readonly unknown[]): Map<PathElement, unknown[]> {
  const out = new Map<PathElement, unknown[]>();
  for (const [index, element] of listElements(list, items).entries()) {
    if (element === undefined) continue;
    const known = out.get(element);
    if (known === undefined) out.set(element, [items[index]]);
    else known.push(items[index]);
  }
  return out;
}

function isEmpty(value: object | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0;
}
