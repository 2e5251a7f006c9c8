/**
 * What a file holds, in the order in which it stands there: SOPS computes its MAC over the values in that order, keeps
 * comments as values, and tells integers from floats and times.
 */
export type Value = Scalar | Comment | Mapping | Value[];

/** A string is bytes where it is no UTF-8: a binary file's content may be anything. Integers have 64 bits. */
export type Scalar = string | Uint8Array | bigint | number | boolean | null | Timestamp;

/** Keys may repeat. A comment on its own line, or behind the entry that follows, stands in the place of a key. */
export interface Item {
  key: string | Comment;
  value: Value;
}

export class Mapping {
  readonly items: Item[];
  constructor(items: Item[] = []) {
    this.items = items;
  }

  /** The value of the first entry with a key. */
  get(key: string): Value | undefined {
    return this.items.find((item) => item.key === key)?.value;
  }
}

/** The text behind `#`. `inline`: it stood behind a value, on its line. */
export class Comment {
  readonly text: string;
  readonly inline: boolean;
  constructor(text: string, inline = false) {
    this.text = text;
    this.inline = inline;
  }
}

/** A time as RFC 3339 writes it. */
export class Timestamp {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The bytes that stand for a scalar: what is encrypted, and what the MAC is computed over. */
export function scalarBytes(value: Exclude<Scalar, null>): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return plainFloat(value);
  return value instanceof Timestamp ? value.text : value.toString();
}

/** Bytes as a string where they are UTF-8. */
export function textOf(bytes: Uint8Array): string | Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  // What isn't UTF-8 has been replaced, which U+FFFD shows; it may also have been in the text.
  return text.includes('\uFFFD') && !Buffer.from(text).equals(bytes) ? bytes : text;
}

/** As Go's `strconv.FormatFloat(value, 'f', -1, 64)`: all digits, no exponent. */
function plainFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, first, fraction = '', exponent] = match;
  const digits = first + fraction;
  const point = 1 + Number(exponent);
  return point <= 0 ? `${sign}0.${'0'.repeat(-point)}${digits}` : sign + digits.padEnd(point, '0');
}
