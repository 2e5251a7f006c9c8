/** A JSON value. Integers that a float64 can't hold are `bigint` where the source said so (YAML, CRD fields). */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;

/** A JSON object. Keys are data: `__proto__` and `constructor` may be among them (see {@link setOwn}). */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Whether a value is a JSON object: not null, not a list, not a scalar. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * `target[key] = value` for keys that come from outside. A plain assignment to `__proto__` would replace the object's
 * prototype; here it is a key like any other.
 */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** Whether two JSON values are equal; the order of an object's keys does not count. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]));
}

/** JSON text of a value. As `JSON.stringify`, but integers that are `bigint` are written as the numbers they are. */
export function printJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // A bigint is what makes it throw (a cycle too, which no JSON value has); asking first would walk every object twice.
    if (error instanceof TypeError && error.message.includes('BigInt')) return printWithIntegers(value) ?? 'null';
    throw error;
  }
}

function printWithIntegers(value: unknown): string | undefined {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => printWithIntegers(item) ?? 'null').join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const fields = Object.keys(value).flatMap((key) => {
    const text = printWithIntegers(value[key]);
    return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`];
  });
  return `{${fields.join(',')}}`;
}

/** JSON text with the escapes that Go's encoding/json makes besides: signatures and hashes are over these bytes. */
export function withGoEscapes(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JSON text as Go's encoding/json prints it, with keys in the order that they have. */
export function goJson(value: unknown): string {
  return withGoEscapes(JSON.stringify(value));
}
