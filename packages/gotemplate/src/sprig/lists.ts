import type { CallContext } from '../exec/context.js';
import { contextFunction, goFunction, type GoFunction } from '../exec/function.js';
import { isTrue } from '../values/truth.js';
import { nilSlice, sliceOf, typedSlice, type GoValue } from '../values/values.js';
import { toInt } from './cast.js';
import { deepEqualValues } from './deep-equal.js';
import { elements, elementsOf, isList, kindOf, NIL_POINTER } from './elements.js';

function isIn(list: readonly GoValue[], value: GoValue): boolean {
  return list.some((item) => deepEqualValues(value, item));
}

function unique(list: readonly GoValue[]): GoValue[] {
  // Texts, which most lists hold, are looked up; other values are compared one by one.
  const texts = new Set<string>();
  const found: GoValue[] = [];
  for (const item of list) {
    if (typeof item === 'string' ? texts.has(item) : isIn(found, item)) continue;
    if (typeof item === 'string') texts.add(item);
    found.push(item);
  }
  return found;
}

function has(needle: GoValue, haystack: GoValue): boolean {
  if (haystack === null || haystack === undefined) return false;
  return isIn(elementsOf(haystack, 'Cannot find has on type'), needle);
}

function slice(list: GoValue, indexes: readonly GoValue[]): GoValue {
  if (!isList(list)) elementsOf(list, 'list should be type of slice or array but');
  const items = list as readonly GoValue[] | Uint8Array;
  const { length } = items;
  if (length === 0) return null;
  const start = indexes.length > 0 ? toInt(indexes[0]) : 0;
  const end = indexes.length > 1 ? toInt(indexes[1]) : length;
  if (start < 0 || end < start || end > length) throw new Error('reflect.Value.Slice: slice index out of bounds');
  return items instanceof Uint8Array ? items.subarray(start, end) : sliceOf(items as GoValue[], start, end);
}

function chunk(size: number, list: readonly GoValue[]): GoValue {
  // How many there are is what Go's arithmetic makes of it: with a size that is negative that can be none.
  const count = Math.floor((list.length - 1) / size) + 1;
  if (!Number.isFinite(count) || count < 0 || (count > 0 && size <= 0)) throw new Error('runtime error: makeslice: len out of range');
  const chunks = Array.from({ length: count }, (_, index): GoValue => list.slice(index * size, (index + 1) * size));
  return typedSlice('[][]interface {}', chunks);
}

function concat(context: CallContext, lists: readonly GoValue[]): GoValue {
  const all: GoValue[] = [];
  for (const list of lists) {
    if (list === null || list === undefined) throw new Error(NIL_POINTER);
    if (!isList(list)) throw new Error(`Cannot concat type ${kindOf(list)} as list`);
    context.checkListLength(all.length + list.length);
    for (const item of elements(list)) all.push(item);
  }
  return all.length === 0 ? nilSlice() : all;
}

/** A function of a list, under its name and under that of the variant that says `must`. */
function both(name: string, declared: GoFunction): Record<string, GoFunction> {
  return { [name]: declared, [`must${name.charAt(0).toUpperCase()}${name.slice(1)}`]: declared };
}

const push = contextFunction(['any', 'any'], '[]any', (context, list, value) => {
  const items = elementsOf(list, 'Cannot push on type');
  context.checkListLength(items.length + 1);
  return [...items, value];
});

/** Functions that fail by panicking, or by returning an error: a template sees the same of both. */
export const lists: Record<string, GoFunction> = {
  list: goFunction(['...any'], '[]any', (...values) => values),
  tuple: goFunction(['...any'], '[]any', (...values) => values),
  ...both('append', push),
  ...both('push', push),
  ...both(
    'prepend',
    goFunction(['any', 'any'], '[]any', (list, value) => [value, ...elementsOf(list, 'Cannot prepend on type')]),
  ),
  ...both(
    'first',
    goFunction(['any'], 'any', (list) => elementsOf(list, 'Cannot find first on type')[0] ?? null),
  ),
  ...both(
    'last',
    goFunction(['any'], 'any', (list) => elementsOf(list, 'Cannot find last on type').at(-1) ?? null),
  ),
  ...both(
    'rest',
    goFunction(['any'], '[]any', (list) => {
      const items = elementsOf(list, 'Cannot find rest on type');
      return items.length === 0 ? nilSlice() : items.slice(1);
    }),
  ),
  ...both(
    'initial',
    goFunction(['any'], '[]any', (list) => {
      const items = elementsOf(list, 'Cannot find initial on type');
      return items.length === 0 ? nilSlice() : items.slice(0, -1);
    }),
  ),
  ...both(
    'reverse',
    goFunction(['any'], '[]any', (list) => [...elementsOf(list, 'Cannot find reverse on type')].reverse()),
  ),
  ...both(
    'compact',
    goFunction(['any'], '[]any', (list) => elementsOf(list, 'Cannot compact on type').filter(isTrue)),
  ),
  ...both(
    'uniq',
    goFunction(['any'], '[]any', (list) => unique(elementsOf(list, 'Cannot find uniq on type'))),
  ),
  ...both(
    'without',
    goFunction(['any', '...any'], '[]any', (list, ...omitted) =>
      elementsOf(list, 'Cannot find without on type').filter((item) => !isIn(omitted, item)),
    ),
  ),
  ...both('has', goFunction(['any', 'any'], 'bool', has)),
  ...both(
    'slice',
    goFunction(['any', '...any'], 'any', (list, ...indexes) => slice(list, indexes)),
  ),
  ...both(
    'chunk',
    goFunction(['int', 'any'], 'struct', (size, list) => chunk(size, elementsOf(list, 'Cannot chunk type'))),
  ),
  concat: contextFunction(['...any'], 'any', (context, ...values) => concat(context, values)),
};
