import { CelError } from '../error.js';
import { arithmetic, compare, equals } from '../operators.js';
import { bool, type CelType, dyn, int, listOf, optionalOf } from '../types.js';
import { CelDuration, CelList, CelMap, CelOptional, type CelValue } from '../values.js';
import { LibraryBuilder } from './registry.js';
import { listHas } from './standard.js';

const same = ([list]: readonly CelType[]): CelType => list ?? dyn;
const element = ([list]: readonly CelType[]): CelType => (list?.kind === 'list' ? list.element : dyn);

/** Kubernetes' list functions, the lists and sets extensions, and math. */
export const listsLibrary = new LibraryBuilder()
  .method('isSorted', ['list'], bool, ([list]: [CelList]) => {
    for (let index = 1; index < list.size; index++) if ((compare('<=', list.at(index - 1), list.at(index)) ?? 1) > 0) return false;
    return true;
  })
  .method('sum', ['list'], element, ([list]: [CelList], context) => {
    context.spend(list.size);
    const [first = 0n, ...rest] = list;
    if (list.size > 0 && typeof first !== 'bigint' && typeof first !== 'number' && !(first instanceof CelDuration))
      throw new CelError('no such overload: sum');
    return rest.reduce<CelValue>((sum, item) => arithmetic('+', sum, item), first);
  })
  .method('min', ['list'], element, ([list]: [CelList]) => extreme(list, -1, 'min'))
  .method('max', ['list'], element, ([list]: [CelList]) => extreme(list, 1, 'max'))
  .method('indexOf', ['list', 'dyn'], int, ([list, value]: [CelList, CelValue]) =>
    BigInt([...list].findIndex((item) => equals(item, value))),
  )
  .method('lastIndexOf', ['list', 'dyn'], int, ([list, value]: [CelList, CelValue]) =>
    BigInt([...list].findLastIndex((item) => equals(item, value))),
  )
  .method(
    'first',
    ['list'],
    (args) => optionalOf(element(args)),
    ([list]: [CelList]) => (list.size === 0 ? CelOptional.none : new CelOptional(list.at(0))),
  )
  .method(
    'last',
    ['list'],
    (args) => optionalOf(element(args)),
    ([list]: [CelList]) => (list.size === 0 ? CelOptional.none : new CelOptional(list.at(list.size - 1))),
  )
  .method('slice', ['list', 'int', 'int'], same, ([list, from, to]: [CelList, bigint, bigint]) => {
    if (from < 0n || to < 0n) throw new CelError('cannot slice with negative indexes');
    if (from > to) throw new CelError(`start index must be less than or equal to end index`);
    if (to > list.size) throw new CelError(`cannot slice(${from}, ${to}), list is length ${list.size}`);
    return new CelList([...list].slice(Number(from), Number(to)));
  })
  .method('flatten', ['list'], listOf(dyn), ([list]: [CelList]) => new CelList(flatten(list, 1n)))
  .method('flatten', ['list', 'int'], listOf(dyn), ([list, depth]: [CelList, bigint]) => new CelList(flatten(list, depth)))
  .method('distinct', ['list'], same, ([list]: [CelList], context) => {
    const out: CelValue[] = [];
    for (const item of list) {
      context.spend(1 + out.length);
      if (!out.some((other) => equals(other, item))) out.push(item);
    }
    return new CelList(out);
  })
  .method('reverse', ['list'], same, ([list]: [CelList]) => new CelList([...list].reverse()))
  .method('sort', ['list'], same, ([list]: [CelList], context) => {
    context.spend(list.size);
    return new CelList([...list].sort((a, b) => compare('<', a, b) ?? 0));
  })
  .fn('lists.range', ['int'], listOf(int), ([count]: [bigint], context) => {
    context.spend(Number(count));
    return new CelList(Array.from({ length: Math.max(0, Number(count)) }, (_, index) => BigInt(index)));
  })
  .fn(
    'sets.contains',
    ['list', 'list'],
    bool,
    ([list, part]: [CelList, CelList], context) => (context.spend(list.size * part.size), subset(part, list)),
  )
  .fn(
    'sets.equivalent',
    ['list', 'list'],
    bool,
    ([a, b]: [CelList, CelList], context) => (context.spend(a.size * b.size * 2), subset(a, b) && subset(b, a)),
  )
  .fn(
    'sets.intersects',
    ['list', 'list'],
    bool,
    ([a, b]: [CelList, CelList], context) => (context.spend(a.size * b.size), [...a].some((item) => listHas(b, item))),
  )
  .fn(
    'optional.of',
    ['dyn'],
    ([type = dyn]) => optionalOf(type),
    ([value]: [CelValue]) => new CelOptional(value),
  )
  .fn(
    'optional.ofNonZeroValue',
    ['dyn'],
    ([type = dyn]) => optionalOf(type),
    ([value]: [CelValue]) => (isZero(value) ? CelOptional.none : new CelOptional(value)),
  )
  .fn('optional.none', [], optionalOf(dyn), () => CelOptional.none)
  .fn('optional.unwrap', ['list'], listOf(dyn), ([list]: [CelList]) => unwrap(list))
  .method('unwrapOpt', ['list'], listOf(dyn), ([list]: [CelList]) => unwrap(list))
  .method('hasValue', ['optional'], bool, ([optional]: [CelOptional]) => optional.value !== undefined)
  .method('value', ['optional'], inner, ([optional]: [CelOptional]) => {
    if (optional.value === undefined) throw new CelError('optional.none() dereference');
    return optional.value;
  })
  .method(
    'orValue',
    ['optional', 'dyn'],
    inner,
    ([optional, other]: [CelOptional, CelValue]) => optional.value ?? (optional.value === null ? null : other),
  )
  .method('or', ['optional', 'optional'], same, ([optional, other]: [CelOptional, CelOptional]) =>
    optional.value === undefined ? other : optional,
  )
  .fn('math.greatest', ['list'], element, ([list]: [CelList]) => extreme(list, 1, 'math.greatest'))
  .fn('math.least', ['list'], element, ([list]: [CelList]) => extreme(list, -1, 'math.least'))
  .fn('math.greatest', ['dyn', 'dyn'], dyn, ([a, b]: [CelValue, CelValue]) => extreme(new CelList([a, b]), 1, 'math.greatest'))
  .fn('math.least', ['dyn', 'dyn'], dyn, ([a, b]: [CelValue, CelValue]) => extreme(new CelList([a, b]), -1, 'math.least'))
  .fn('math.abs', ['int'], int, ([value]: [bigint]) => (value < 0n ? -value : value))
  .build();

function inner([optional]: readonly CelType[]): CelType {
  return optional?.kind === 'optional' ? optional.value : dyn;
}

function extreme(list: CelList, sign: number, name: string): CelValue {
  if (list.size === 0) throw new CelError(`${name} called on empty list`);
  let best = list.at(0);
  for (const item of list) if ((compare('<', item, best) ?? 0) * sign > 0) best = item;
  return best;
}

function flatten(list: CelList, depth: bigint): CelValue[] {
  return [...list].flatMap((item) => (item instanceof CelList && depth > 0n ? flatten(item, depth - 1n) : [item]));
}

function subset(part: CelList, list: CelList): boolean {
  for (const item of part) if (!listHas(list, item)) return false;
  return true;
}

function unwrap(list: CelList): CelList {
  return new CelList([...list].flatMap((item) => (item instanceof CelOptional && item.value !== undefined ? [item.value] : [])));
}

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === '' || value === 0n || value === 0) return true;
  return (value instanceof CelList || value instanceof CelMap) && value.size === 0;
}
