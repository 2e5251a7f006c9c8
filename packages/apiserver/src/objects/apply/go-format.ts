import { setOwn } from '@sluice/core';

/** Values as Go's `%v` prints them, which is how the real server shows them in its errors. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${goValue(item)}`).join(' ')}]`;
  }
  return typeof value === 'number' ? goNumber(value) : `${value as string | boolean | bigint}`;
}

/** Values as Go's `%#v` prints them. */
export function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[string]interface {}{${entries.map(([key, item]) => `${JSON.stringify(key)}:${goSyntax(item)}`).join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : goValue(value);
}

/** The name of the Go type that a JSON value has after decoding. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'object':
      return 'map[string]interface {}';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    default:
      return Number.isInteger(value) ? 'int64' : 'float64';
  }
}

/** A float64 as Go's `%v` (`%g` with the shortest digits) prints it; integers in full. */
export function goNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e21)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return String(value);
}

/** A value with the keys of its maps sorted, as Go writes them; parts that are `untouched` keep the order they have. */
export function sortedKeys(value: unknown, untouched?: unknown): unknown {
  if ((value === untouched && untouched !== undefined) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => sortedKeys(item, Array.isArray(untouched) ? untouched[index] : undefined));
  const before = (typeof untouched === 'object' && untouched !== null ? untouched : {}) as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    setOwn(out, key, sortedKeys((value as Record<string, unknown>)[key], Object.hasOwn(before, key) ? before[key] : undefined));
  }
  return out;
}
