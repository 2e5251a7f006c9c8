import { goFunction } from '../exec/function.js';
import { byteLength, sliceBytes } from '../values/bytes.js';
import { stringToBytes } from '../parse/literals.js';
import {
  elementType,
  GoInt,
  goInt,
  isMap,
  keyType,
  sliceOf,
  typeName,
  zeroValue,
  type GoMap,
  type GoValue,
  type IntKind,
} from '../values/values.js';

/** `index x 1 "a"`: x[1]["a"]. */
function indexAll(item: GoValue, indexes: readonly GoValue[]): GoValue {
  if (item === undefined || item === null) throw new Error('index of untyped nil');
  let found: GoValue = item;
  for (const index of indexes) {
    if (found === null || found === undefined) throw new Error('index of nil pointer');
    found = indexOne(found, index);
  }
  return found;
}

function indexOne(item: GoValue, index: GoValue): GoValue {
  if (isMap(item)) return indexMap(item, index);
  if (typeof item === 'string') {
    const bytes = stringToBytes(item);
    return goInt(bytes[position(index, bytes.length, 'string')] ?? 0, 'uint8');
  }
  if (Array.isArray(item)) return item[position(index, item.length, 'slice')];
  if (item instanceof Uint8Array) return goInt(item[position(index, item.length, 'slice')] ?? 0, 'uint8');
  throw new Error(`can't index item of type ${pointedTo(item)}`);
}

function position(index: GoValue, length: number, kind: 'slice' | 'string'): number {
  const at = indexArgument(index, length);
  // The length itself passes the check, and fails in the indexing.
  if (at === length) throw new Error(`reflect: ${kind} index out of range`);
  return at;
}

function indexArgument(index: GoValue, limit: number): number {
  if (index === undefined || index === null) throw new Error('cannot index slice/array with nil');
  if (!(index instanceof GoInt)) throw new Error(`cannot index slice/array with type ${typeName(index)}`);
  const at = BigInt.asIntN(64, index.value);
  if (at < 0n || at > BigInt(limit)) throw new Error(`index out of range: ${at}`);
  return Number(at);
}

function indexMap(map: GoMap, index: GoValue): GoValue {
  const type = keyType(map);
  if (index === undefined || index === null) {
    if (type === 'interface {}') return null;
    throw new Error(`value is nil; should be of type ${type}`);
  }
  const key = mapKey(index, type);
  if (Object.hasOwn(map, key)) return map[key];
  return zeroValue(elementType(typeName(map)));
}

function mapKey(index: Exclude<GoValue, undefined | null>, type: string): string {
  if (typeof index === 'string' && type === 'string') return index;
  if (index instanceof GoInt && /^u?int/.test(type)) return goInt(index.value, type as IntKind).value.toString();
  if (typeName(index) === type && (typeof index === 'number' || typeof index === 'boolean')) return String(index);
  throw new Error(`value has type ${typeName(index)}; should be ${type}`);
}

/** `slice x 1 2`: x[1:2]. */
function slice(item: GoValue, indexes: readonly GoValue[]): GoValue {
  if (item === undefined || item === null) throw new Error('slice of untyped nil');
  if (indexes.length > 3) throw new Error(`too many slice indexes: ${indexes.length}`);
  const isText = typeof item === 'string';
  if (isText && indexes.length === 3) throw new Error('cannot 3-index slice a string');
  if (!isText && !Array.isArray(item) && !(item instanceof Uint8Array)) {
    throw new Error(`can't slice item of type ${typeName(item)}`);
  }
  const length = isText ? byteLength(item) : item.length;
  const given = indexes.map((index) => indexArgument(index, length));
  const [start = 0, end = length, capacity = length] = given;
  if (start > end) throw new Error(`invalid slice index: ${start} > ${end}`);
  if (end > capacity) throw new Error(`invalid slice index: ${end} > ${capacity}`);
  if (isText) return sliceBytes(item, start, end);
  return Array.isArray(item) ? sliceOf(item, start, end) : item.subarray(start, end);
}

function length(item: GoValue): number {
  if (item === null) throw new Error('len of nil pointer');
  if (item === undefined) throw new Error('reflect: call of reflect.Value.Type on zero Value');
  if (typeof item === 'string') return byteLength(item);
  if (Array.isArray(item) || item instanceof Uint8Array) return item.length;
  if (isMap(item)) return Object.keys(item).length;
  throw new Error(`len of type ${pointedTo(item)}`);
}

/** The type of a value, or of what it points to. */
function pointedTo(item: GoValue): string {
  return typeName(item).replace(/^\*/, '');
}

export const collections = {
  index: goFunction(['value', '...value'], 'any', (item, ...indexes) => indexAll(item, indexes)),
  slice: goFunction(['value', '...value'], 'any', (item, ...indexes) => slice(item, indexes)),
  len: goFunction(['value'], 'int', length),
};
