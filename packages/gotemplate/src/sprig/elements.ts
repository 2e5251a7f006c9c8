import {
  GoInt,
  goInt,
  isMap,
  typeName,
  GoStruct,
  GoTime,
  GoDuration,
  GoError,
  JsonNumber,
  type GoSlice,
  type GoValue,
} from '../values/values.js';

/** What Go says when a function looks at nil as if it were something. */
export const NIL_POINTER = 'runtime error: invalid memory address or nil pointer dereference';

export function isList(value: GoValue): value is GoSlice | Uint8Array {
  return Array.isArray(value) || value instanceof Uint8Array;
}

/** A list's elements. */
export function elements(list: GoSlice | Uint8Array): GoValue[] {
  return list instanceof Uint8Array ? Array.from(list, (byte) => goInt(byte, 'uint8')) : list;
}

/** The elements of what should be a list: otherwise `complaint` and the kind that it is of instead. */
export function elementsOf(value: GoValue, complaint: string): GoValue[] {
  if (isList(value)) return elements(value);
  if (value === null || value === undefined) throw new Error(NIL_POINTER);
  throw new Error(`${complaint} ${kindOf(value)}`);
}

/** A value's kind, as reflect.Kind prints it. */
export function kindOf(value: GoValue): string {
  if (value === null || value === undefined) return 'invalid';
  if (isList(value)) return 'slice';
  if (isMap(value)) return 'map';
  if (value instanceof GoInt) return value.kind;
  if (value instanceof GoDuration) return 'int64';
  if (value instanceof JsonNumber) return 'string';
  if (value instanceof GoError) return 'ptr';
  if (value instanceof GoTime) return 'struct';
  if (value instanceof GoStruct) return value.goType.startsWith('*') ? 'ptr' : 'struct';
  return typeName(value);
}
