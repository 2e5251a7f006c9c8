import { deepEqual, isJsonObject, setOwn } from '@sluice/core';
import { goValue } from '../apply/go-format.js';
import { badRequest, internal } from '../refusal.js';
import type { FieldNode, TypeNode } from '../types/type-node.js';

const DELETE_FROM_LIST = '$deleteFromPrimitiveList/';
const ELEMENT_ORDER = '$setElementOrder/';

/**
 * Strategic merge patch: maps are merged, and lists by the merge key or strategy of their type. Directives:
 * `$patch: delete | replace`, `$retainKeys`, `$deleteFromPrimitiveList/list`, `$setElementOrder/list`.
 * The target is not changed; what the patch does not reach is shared.
 */
export function strategicMerge(type: TypeNode, target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) throw badRequest('a strategic merge patch must be an object');
  return mergeMap(type, isJsonObject(target) ? target : {}, patch);
}

/** A JSON object on its way through the merge. */
type JsonMap = Record<string, unknown>;

function mergeMap(type: TypeNode, target: JsonMap, patch: JsonMap): JsonMap {
  if (Object.hasOwn(patch, '$patch')) return applyDirective(patch);
  const out: JsonMap = { ...target };
  const rest = new Map(Object.entries(patch));
  retainKeys(out, rest);
  orderElements(type, out, rest);
  for (const [name, value] of rest) {
    const isDeletion = name.startsWith(DELETE_FROM_LIST);
    const key = isDeletion ? name.slice(DELETE_FROM_LIST.length) : name;
    if (value === null) {
      delete out[key];
      continue;
    }
    const before = Object.hasOwn(out, key) ? out[key] : undefined;
    if (before === undefined || kindOf(before) !== kindOf(value)) {
      if (isDeletion) continue;
      const clean = withoutDirectives(withoutNulls(value));
      if (clean === undefined) delete out[key];
      else setOwn<unknown>(out, key, clean);
      continue;
    }
    const field = type.map?.fields.get(key);
    const below = field?.type ?? type.map?.element ?? {};
    if (isJsonObject(value)) {
      setOwn<unknown>(out, key, field?.patchStrategies.includes('replace') === true ? value : mergeMap(below, before as JsonMap, value));
    } else if (Array.isArray(value)) {
      setOwn<unknown>(out, key, mergeList(field, before as unknown[], value, isDeletion));
    } else {
      setOwn<unknown>(out, key, value);
    }
  }
  return out;
}

function applyDirective(patch: JsonMap): JsonMap {
  const { $patch: directive, ...rest } = patch;
  if (directive === 'replace') return rest;
  if (directive === 'delete') return {};
  throw internal(`unknown patch type: ${goValue(directive)} in map: ${goValue(patch)}`);
}

/** `$retainKeys` names the keys that stay; a union's other members go. */
function retainKeys(out: JsonMap, patch: Map<string, unknown>): void {
  if (!patch.has('$retainKeys')) return;
  const keys = patch.get('$retainKeys');
  patch.delete('$retainKeys');
  if (!Array.isArray(keys)) throw badRequest('invalid patch format of retainKeys');
  const retained = new Set<unknown>(keys);
  for (const [key, value] of patch) {
    if (value === null || key.startsWith(DELETE_FROM_LIST) || key.startsWith(ELEMENT_ORDER)) continue;
    if (!retained.has(key)) throw badRequest('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(out)) if (!retained.has(key)) delete out[key];
}

/** Handles the lists that have a `$setElementOrder`, and takes them out of the patch. */
function orderElements(type: TypeNode, out: JsonMap, patch: Map<string, unknown>): void {
  for (const [name, order] of patch) {
    if (!name.startsWith(ELEMENT_ORDER)) continue;
    patch.delete(name);
    if (!Array.isArray(order)) throw badRequest('invalid patch format of setElementOrder list');
    const key = name.slice(ELEMENT_ORDER.length);
    const before = Object.hasOwn(out, key) ? out[key] : undefined;
    const change = patch.get(key);
    if ((before !== undefined && !Array.isArray(before)) || (change !== undefined && !Array.isArray(change))) {
      throw badRequest('invalid patch format of setElementOrder list');
    }
    const field = type.map?.fields.get(key);
    const mergeKey = field?.patchMergeKey;
    if (change !== undefined) checkOrder(change as unknown[], order, mergeKey);
    let merged: unknown[];
    if (before !== undefined && change !== undefined) merged = mergeList(field, before as unknown[], change as unknown[], false);
    else if (before !== undefined) merged = before as unknown[];
    else if (change !== undefined) merged = withoutDirectives(change) as unknown[];
    else continue;
    const listed = merged.filter((item) => inList(order, item, mergeKey));
    const others = merged.filter((item) => !inList(order, item, mergeKey));
    setOwn<unknown>(out, key, interleave(listed, others, order, (before ?? []) as unknown[], mergeKey));
    patch.delete(key);
  }
}

function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (patch.length === 0 || order.length === 0) return;
  const items = patch.filter((item) => !(isJsonObject(item) && Object.hasOwn(item, '$patch')));
  let at = 0;
  for (const wanted of order) if (at < items.length && sameItem(items[at], wanted, mergeKey)) at++;
  if (at < items.length) {
    throw internal(`The order in patch list:\n${goValue(patch)}\n doesn't match $setElementOrder list:\n${goValue(order)}\n`);
  }
}

function mergeList(field: FieldNode | undefined, before: readonly unknown[], patch: readonly unknown[], isDeletion: boolean): unknown[] {
  if (isDeletion) return before.filter((item) => !patch.includes(item));
  if (field?.patchStrategies.includes('merge') !== true) return [...patch];
  if (before.length === 0 && patch.length === 0) return [];
  const kinds = new Set([...before, ...patch].map(kindOf));
  if (kinds.size > 1) throw internal(`list element types are not identical: ${goValue([before, patch])}`);
  if (!kinds.has('map')) {
    const merged = [...new Set([...before, ...patch])];
    const listed = merged.filter((item) => patch.includes(item));
    return interleave(
      listed,
      merged.filter((item) => !patch.includes(item)),
      patch,
      before,
      undefined,
    );
  }
  const mergeKey = field.patchMergeKey;
  if (mergeKey === undefined) throw internal(`cannot merge lists without merge key for ${field.type.list?.element.goName ?? field.name}`);
  return mergeKeyedList(field, before as readonly JsonMap[], patch as readonly JsonMap[], mergeKey);
}

function mergeKeyedList(field: FieldNode, before: readonly JsonMap[], patch: readonly JsonMap[], mergeKey: string): unknown[] {
  let items = [...before];
  const changes: JsonMap[] = [];
  let isReplaced = false;
  for (const change of patch) {
    if (!Object.hasOwn(change, '$patch')) changes.push(change);
    else if (change['$patch'] === 'replace') isReplaced = true;
    else if (change['$patch'] === 'delete') items = items.filter((item) => item[mergeKey] !== keyOf(change, mergeKey));
    else if (change['$patch'] === 'merge') throw internal('merging lists cannot yet be specified in the patch');
    else throw internal(`unknown patch type: ${goValue(change['$patch'])} in map: ${goValue(change)}`);
  }
  if (isReplaced) return changes;
  const element = field.type.list?.element ?? {};
  for (const change of changes) {
    const key = keyOf(change, mergeKey);
    const index = items.findIndex((item) => item[mergeKey] === key);
    if (index < 0) items.push(change);
    else items[index] = mergeMap(element, items[index] ?? {}, change);
  }
  const listed = items.filter((item) => inList(changes, item, mergeKey));
  return interleave(
    listed,
    items.filter((item) => !inList(changes, item, mergeKey)),
    changes,
    before,
    mergeKey,
  );
}

function keyOf(item: JsonMap, mergeKey: string): unknown {
  if (Object.hasOwn(item, mergeKey)) return item[mergeKey];
  throw internal(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`);
}

/**
 * The listed items in the order that the patch wants, and the others where they were relative to those: an item that
 * stood before another in the live list stays before it.
 */
function interleave(
  listed: readonly unknown[],
  others: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const wanted = sortBy(listed, order, mergeKey);
  const rest = sortBy(others, before, mergeKey);
  const out: unknown[] = [];
  let left = 0;
  let right = 0;
  while (left < wanted.length && right < rest.length) {
    const wantedAt = positionOf(before, wanted[left], mergeKey);
    const restAt = positionOf(before, rest[right], mergeKey);
    // A listed item that is new comes as early as it can.
    if (wantedAt >= 0 && restAt >= 0 && restAt < wantedAt) out.push(rest[right++]);
    else out.push(wanted[left++]);
  }
  return [...out, ...wanted.slice(left), ...rest.slice(right)];
}

function sortBy(items: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): unknown[] {
  const place = new Map(items.map((item) => [item, positionOf(order, item, mergeKey)]));
  return [...items].sort((a, b) => {
    const x = place.get(a) as number;
    const y = place.get(b) as number;
    return x < 0 || y < 0 ? 0 : x - y;
  });
}

function inList(list: readonly unknown[], item: unknown, mergeKey: string | undefined): boolean {
  return positionOf(list, item, mergeKey) >= 0;
}

function positionOf(list: readonly unknown[], item: unknown, mergeKey: string | undefined): number {
  return list.findIndex((other) => sameItem(other, item, mergeKey));
}

function sameItem(a: unknown, b: unknown, mergeKey: string | undefined): boolean {
  if (mergeKey === undefined) return a === b;
  if (!isJsonObject(a) || !isJsonObject(b)) throw internal('invalid argument type in a list that is merged by key');
  return deepEqual(keyOf(a, mergeKey), keyOf(b, mergeKey));
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  return value !== null && typeof value === 'object' ? 'map' : typeof value;
}

/** New data without directives; undefined when a directive says that there is none. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, '$patch')) return undefined;
  const out: JsonMap = {};
  for (const key of Object.keys(value)) {
    const below = withoutDirectives(value[key]);
    if (below !== undefined) setOwn<unknown>(out, key, below);
  }
  return out;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const out: JsonMap = {};
  for (const key of Object.keys(value)) if (value[key] !== null) setOwn<unknown>(out, key, withoutNulls(value[key]));
  return out;
}
