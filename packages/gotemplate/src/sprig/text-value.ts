import { textOfValue } from '../fmt/printf.js';
import { bytesToString } from '../parse/literals.js';
import type { GoValue } from '../values/values.js';

/** A value as text: strings and bytes as they are, everything else as `%v` prints it. */
export function textValue(value: GoValue): string {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? bytesToString(value) : textOfValue(value);
}
