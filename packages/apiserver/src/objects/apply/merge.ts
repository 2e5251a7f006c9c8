import { deepEqual, isJsonObject, setOwn } from '@sluice/core';
import { type ListShape, type MapShape, shapeOf, type TypeNode } from '../types/type-node.js';
import { fieldType } from './field-set.js';
import { listElements } from './list-element.js';
import type { PathElement } from './path-element.js';

/**
 * The live value with the configured one merged in: what is configured wins, what is not stays. Shares all that does
 * not change with `live`; the same reference comes back when nothing does, which is how a no-op is recognised cheaply.
 */
export function merge(type: TypeNode, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const shape = shapeOf(type, config);
  if (shape !== shapeOf(type, live) || shape === 'scalar' || shape === undefined) return same(live, config);
  if (shape === 'map') {
    const map = type.map as MapShape;
    if (map.atomic || (isEmpty(live) && isEmpty(config))) return same(live, config);
    return mergeMaps(map, isJsonObject(live) ? live : {}, isJsonObject(config) ? config : {}, live);
  }
  const list = type.list as ListShape;
  if (list.atomic || (isEmpty(live) && isEmpty(config))) return same(live, config);
  return mergeLists(list, Array.isArray(live) ? live : [], Array.isArray(config) ? config : [], live);
}

function mergeMaps(map: MapShape, live: Record<string, unknown>, config: Record<string, unknown>, original: unknown): unknown {
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(config)) {
    const before = Object.hasOwn(live, key) ? live[key] : undefined;
    const type = fieldType(map, key);
    const after = type === undefined ? config[key] : merge(type, before, config[key]);
    if (after === before) continue;
    out ??= { ...live };
    setOwn(out, key, after);
  }
  return out ?? original;
}

/**
 * Elements keep the live order as far as the configured order does not contradict it; the configured order wins among
 * the elements that both have.
 */
function mergeLists(list: ListShape, live: readonly unknown[], config: readonly unknown[], original: unknown): unknown {
  const liveElements = listElements(list, live);
  const configElements = listElements(list, config);
  // A configuration that is not well-formed never passes for unchanged: it has to be seen by the validation.
  if (!areDistinct(configElements)) return [...config];
  if (sameElements(liveElements, configElements)) return mergeInPlace(list, live, config, original);
  const liveItems = indexed(live, liveElements);
  const configItems = indexed(config, configElements);
  const out: unknown[] = [];
  const done = new Set<PathElement>();
  const shared = configElements.filter((element) => element !== undefined && liveItems.has(element));
  let next = shared.shift();

  const takeConfigured = (element: PathElement): void => {
    done.add(element);
    out.push(merge(list.element, liveItems.get(element), configItems.get(element)));
  };
  let atLive = 0;
  let atConfig = 0;
  while (atLive < liveElements.length || atConfig < configElements.length) {
    const left = liveElements[atLive];
    const right = configElements[atConfig];
    if (left !== undefined && right !== undefined) {
      if (left === right) {
        takeConfigured(left);
        atLive++;
        atConfig++;
        next = shared.shift();
        continue;
      }
      // Configured further on: it comes when its turn in the configured order does.
      if (configItems.has(left) && next !== undefined && next !== left) {
        atLive++;
        continue;
      }
    }
    if (atLive < liveElements.length) {
      if (left === undefined || !configItems.has(left)) {
        out.push(live[atLive]);
        atLive++;
        continue;
      }
      if (done.has(left)) atLive++;
    }
    if (right !== undefined) {
      takeConfigured(right);
      atConfig++;
      if (next === right) next = shared.shift();
    } else if (atConfig < configElements.length) {
      atConfig++;
    }
  }
  const unchanged = out.length === live.length && out.every((item, index) => item === live[index]);
  return unchanged ? original : out;
}

/** The common case: the same elements in the same order. */
function mergeInPlace(list: ListShape, live: readonly unknown[], config: readonly unknown[], original: unknown): unknown {
  let out: unknown[] | undefined;
  for (let index = 0; index < live.length; index++) {
    const after = merge(list.element, live[index], config[index]);
    if (after === live[index]) continue;
    out ??= [...live];
    out[index] = after;
  }
  return out ?? original;
}

function sameElements(a: readonly (PathElement | undefined)[], b: readonly (PathElement | undefined)[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function areDistinct(elements: readonly (PathElement | undefined)[]): boolean {
  if (elements.includes(undefined)) return false;
  return elements.length < 2 || new Set(elements).size === elements.length;
}

/** The items by identity. An identity that occurs twice has no one item: null, so that the configured one replaces them. */
function indexed(items: readonly unknown[], elements: readonly (PathElement | undefined)[]): Map<PathElement, unknown> {
  const out = new Map<PathElement, unknown>();
  for (const [index, element] of elements.entries()) {
    if (element !== undefined) out.set(element, out.has(element) ? null : items[index]);
  }
  return out;
}

function same(live: unknown, config: unknown): unknown {
  return deepEqual(live, config) ? live : config;
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
