import { expectKind } from '../node/expect-kind.js';
import { Scalar, isNull, rawTextOf, setField, untaggedScalar, type Mapping, type Node, type Sequence } from '../node/node.js';

/** The values of an element's keys; empty where it lacks one. */
type KeyValues = string[];

/** Merges an element of the list with the element of the patch that has the same keys. Undefined: it goes. */
type MergeElement = (own: Node | undefined, change: Node | undefined) => Node | undefined;

/**
 * Merges lists whose elements are told apart by `keys` (none: by themselves), as kyaml does: elements of the patch first,
 * in its order, then the rest. This follows kyaml to the letter, faults included, because what it does with keys that
 * only some elements have is what people's clusters run.
 */
export function mergeElements(
  into: Sequence,
  patch: Sequence | undefined,
  keys: readonly string[],
  merge: MergeElement,
): Sequence | undefined {
  const isScalars = keys.length === 0;
  const effectiveKeys = isScalars ? [''] : [...keys];
  const sources = patch === undefined ? [into] : [patch, into];
  const wanted = isScalars ? distinctTexts(sources) : distinctKeyValues(sources, effectiveKeys);
  if (effectiveKeys.length > 1) completeKeyValues(wanted);
  const hasValue = effectiveKeys.map((_, index) => wanted.some((values) => values[index] !== ''));
  const result: Sequence = [];
  let validKeys: string[] = [];
  for (const values of wanted) {
    let validValues: string[];
    [validKeys, validValues] = usableKeys(values, effectiveKeys, hasValue);
    const [ownKeys, ownValues] = usableKeys(
      validValues,
      validKeys,
      validValues.map((value) => value !== ''),
    );
    const own = findElement(into, ownKeys, ownValues);
    const change = patch === undefined ? undefined : findElement(patch, ownKeys, ownValues);
    const merged = merge(own, change);
    if (isNull(merged) || (merged instanceof Map && merged.size === 0)) {
      deleteElement(into, validKeys, validValues);
    } else {
      setElement(result, withKeys(merged, validKeys, validValues), validKeys, validValues);
    }
  }
  if (wanted.length > 0) {
    appendElements(result, into, validKeys);
    return result;
  }
  return into;
}

function distinctTexts(sources: readonly Sequence[]): KeyValues[] {
  return [...new Set(sources.flatMap((source) => source.map(rawTextOf)))].map((text) => [text]);
}

function distinctKeyValues(sources: readonly Sequence[], keys: readonly string[]): KeyValues[] {
  const distinct = new Map<string, KeyValues>();
  for (const source of sources) {
    for (const element of source) {
      const values = keys.map((key) => (element instanceof Map && !isNull(element.get(key)) ? rawTextOf(element.get(key)) : ''));
      const id = JSON.stringify(values);
      if (!distinct.has(id)) distinct.set(id, values);
    }
  }
  return [...distinct.values()];
}

/** Two elements that differ only in a key that one of them lacks are the same one: both get the fuller values. */
function completeKeyValues(wanted: KeyValues[]): void {
  if (!wanted.some((values) => values.includes(''))) return;
  for (let a = 0; a < wanted.length; a++) {
    for (let b = 0; b < wanted.length; b++) {
      const joined = joinKeyValues(wanted[a]!, wanted[b]!);
      if (joined !== undefined) {
        wanted[a] = joined;
        wanted[b] = joined;
      }
    }
  }
}

function joinKeyValues(one: KeyValues, other: KeyValues): KeyValues | undefined {
  const joined: string[] = [];
  let isCommon = false;
  for (const [index, value] of one.entries()) {
    const otherValue = other[index] ?? '';
    if (value === otherValue) isCommon = true;
    else if (value !== '' && otherValue !== '') return undefined;
    joined.push(value === '' ? otherValue : value);
  }
  return isCommon ? joined : undefined;
}

/** Keys that no element has do not count, unless none has any. */
function usableKeys(values: readonly string[], keys: readonly string[], hasValue: readonly boolean[]): [string[], string[]] {
  if (!hasValue.includes(true)) return [[...keys], [...values]];
  return [keys.filter((_, index) => hasValue[index]), values.filter((value, index) => value !== '' || hasValue[index])];
}

/** The first element whose keys have these values. */
function findElement(list: Sequence, keys: readonly string[], values: readonly string[]): Node | undefined {
  const key = keys[0] ?? '';
  if (key === '') return list.find((element) => rawTextOf(element) === (values[0] ?? ''));
  if (keys.length !== values.length) return undefined;
  return list.find((element) => element instanceof Map && keys.every((name, index) => matches(element, name, values[index] ?? '')));
}

function matches(element: Mapping, key: string, value: string): boolean {
  const field = element.get(key);
  return field !== undefined && rawTextOf(field) === value;
}

function withKeys(element: Node, keys: readonly string[], values: readonly string[]): Node {
  if (!(element instanceof Map)) return element;
  for (const [index, key] of keys.entries()) {
    const value = values[index] ?? '';
    if (!element.has(key) && value !== '') setField(element, key, untaggedScalar(value));
  }
  return element;
}

/** The rest of the list behind what the patch brought. */
function appendElements(result: Sequence, rest: Sequence, keys: readonly string[]): void {
  const placed = new Set<Node>(result);
  for (const element of rest) {
    if (keys[0] === '') {
      setElement(result, element, [''], [rawTextOf(element)]);
      continue;
    }
    const values: string[] = [];
    if (!isNull(element)) expectKind(element, 'mapping');
    for (const key of keys) {
      const value = element instanceof Map ? element.get(key) : undefined;
      if (value === undefined) result.push(element);
      else values.push(rawTextOf(value));
    }
    if (placed.has(element) && keys.length === 1 && values.length === 1) continue;
    if (keys.length > 1) deleteElement(result, keys, values);
    setElement(result, element, keys, values);
  }
}

/** Removes the elements whose keys have these values. */
export function deleteElement(list: Sequence, keys: readonly string[], values: readonly string[]): void {
  setElement(list, undefined, keys, values);
}

/** Puts an element in the place of those with the same keys, or behind the others. Empty elements are dropped on the way. */
function setElement(list: Sequence, element: Node | undefined, keys: readonly string[], values: readonly string[]): void {
  const forMappings = (keys[0] ?? '') !== '' && (values[0] ?? '') !== '';
  const kept: Sequence = [];
  let found = false;
  for (const item of list) {
    if (isNull(item) || (item instanceof Map && item.size === 0)) continue;
    if (!(item instanceof Map) && forMappings) {
      kept.push(item);
    } else if (!elementMatches(item, keys, values)) {
      if (values.length > 0) kept.push(item);
    } else {
      found = true;
      if (element !== undefined) kept.push(element);
    }
  }
  list.length = 0;
  for (const item of kept) list.push(item);
  if (!isNull(element) && !found) list.push(element);
}

function elementMatches(item: Node, keys: readonly string[], values: readonly string[]): boolean {
  let last = false;
  for (const [index, key] of keys.entries()) {
    if (index < values.length) last = fieldMatches(item, key, values[index]!);
    if (!last) return false;
  }
  return true;
}

/** An empty value matches any. */
function fieldMatches(item: Node, key: string, value: string): boolean {
  if (key === '') {
    expectKind(item, 'scalar');
    return (item as Scalar).text === value;
  }
  expectKind(item, 'mapping');
  const field = (item as Mapping).get(key);
  return field !== undefined && (value === '' || rawTextOf(field) === value);
}
