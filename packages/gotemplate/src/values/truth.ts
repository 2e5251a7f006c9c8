import { GoComplex, GoDuration, GoFloat32, GoInt, JsonNumber, type GoValue } from './values.js';

/** Whether a value is true: not the zero of its type, not empty, not nil. Structs always are. */
export function isTrue(value: GoValue): boolean {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return value !== '';
    case 'number':
      return value !== 0;
    case 'undefined':
      return false;
  }
  if (value === null) return false;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length > 0;
  if (value instanceof GoInt) return value.value !== 0n;
  if (value instanceof GoFloat32) return value.value !== 0;
  if (value instanceof GoDuration) return value.nanoseconds !== 0n;
  if (value instanceof GoComplex) return value.real !== 0 || value.imaginary !== 0;
  if (value instanceof JsonNumber) return value.text !== '';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return true;
  for (const key in value) if (Object.hasOwn(value, key)) return true;
  return false;
}
