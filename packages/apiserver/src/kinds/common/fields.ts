/** An object's fields as they come: JSON that a schema has already checked, read without casts. */
export type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = Object.freeze({});
const EMPTY: readonly never[] = Object.freeze([]);

/** The value as an object; what is none reads as an empty one. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : NONE;
}

/** The value as a list of objects; what is none reads as an empty one. */
export function itemsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? (value as readonly Fields[]) : EMPTY;
}

/** The value as a list of strings. */
export function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : EMPTY;
}

/** The value as a map of strings: labels, annotations, selectors. */
export function mapOf(value: unknown): Readonly<Record<string, string>> {
  return fieldsOf(value) as Readonly<Record<string, string>>;
}

/** The value as a string; what is none reads as the empty one, as in Go. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value as a number; what is none reads as zero, as in Go. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : 0;
}

/** Whether a field is there at all: null counts as absent, as it does to the API server. */
export function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
