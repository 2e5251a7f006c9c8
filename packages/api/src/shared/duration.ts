import { string, type Schema } from '../dsl/schema.js';

/** A length of time as Go writes it: `30s`, `1m30s`, `1h`. */
export function duration(about: string, rules: { readonly default?: string } = {}): Schema<string> {
  return string(about, { pattern: String.raw`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`, ...rules });
}

/** A length of time without hours: the limit of a single request. */
export function timeout(about: string, rules: { readonly default?: string } = {}): Schema<string> {
  return string(about, { pattern: String.raw`^([0-9]+(\.[0-9]+)?(ms|s|m))+$`, ...rules });
}
