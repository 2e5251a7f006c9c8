import {
  GoComplex,
  GoDuration,
  GoError,
  GoFloat32,
  GoInt,
  GoStruct,
  GoTime,
  isMap,
  isNilCollection,
  JsonNumber,
  typeName,
  type GoValue,
} from '../values/values.js';

/** reflect.DeepEqual: of the same type, and equal in everything. The int 1 is not the float 1. */
export function deepEqualValues(a: GoValue, b: GoValue): boolean {
  if ((a ?? null) === null || (b ?? null) === null) return (a ?? null) === (b ?? null);
  if (typeof a !== 'object' || a === null) return a === b;
  if (typeof b !== 'object' || b === null || typeName(a) !== typeName(b)) return false;
  if (isNilCollection(a) !== isNilCollection(b)) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqualValues(item, b[index]));
  if (isMap(a)) {
    const keys = Object.keys(a);
    return (
      isMap(b) && keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && deepEqualValues(a[key], b[key]))
    );
  }
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof GoInt) return b instanceof GoInt && a.value === b.value;
  if (a instanceof GoFloat32) return b instanceof GoFloat32 && a.value === b.value;
  if (a instanceof GoComplex) return b instanceof GoComplex && a.real === b.real && a.imaginary === b.imaginary;
  if (a instanceof GoDuration) return b instanceof GoDuration && a.nanoseconds === b.nanoseconds;
  if (a instanceof JsonNumber) return b instanceof JsonNumber && a.text === b.text;
  if (a instanceof GoError) return b instanceof GoError && a.message === b.message;
  if (a instanceof GoTime) return b instanceof GoTime && a.equals(b);
  return (
    a instanceof GoStruct &&
    b instanceof GoStruct &&
    Array.from(a.fields).every(([name, value]) => deepEqualValues(value, b.fields.get(name)))
  );
}
