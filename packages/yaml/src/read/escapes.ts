const short = new Map<number, string>(
  Object.entries({
    '0': '\0',
    a: '\x07',
    b: '\b',
    t: '\t',
    '\t': '\t',
    n: '\n',
    v: '\v',
    f: '\f',
    r: '\r',
    e: '\x1B',
    ' ': ' ',
    '"': '"',
    "'": "'",
    '\\': '\\',
    N: '\x85',
    _: '\xA0',
    L: '\u2028',
    P: '\u2029',
  }).map(([name, value]) => [name.charCodeAt(0), value]),
);
const numeric = new Map([
  [120 /* x */, 2],
  [117 /* u */, 4],
  [85 /* U */, 8],
]);

/** An escape of a double-quoted scalar: what it means and its length with the backslash; or what is wrong with it. */
export type Escape = { readonly value: string; readonly length: number } | { readonly problem: string; readonly length: number };

/** The escape whose backslash is at `pos`. An escaped line break is none. */
export function readEscape(text: string, pos: number): Escape {
  const code = text.charCodeAt(pos + 1);
  const value = short.get(code);
  if (value !== undefined) return { value, length: 2 };
  const count = numeric.get(code);
  if (count === undefined) return { problem: 'found unknown escape character', length: 0 };
  const digits = text.slice(pos + 2, pos + 2 + count);
  if (digits.length < count || !/^[0-9a-fA-F]+$/.test(digits)) return { problem: 'did not find expected hexdecimal number', length: 2 };
  const point = Number.parseInt(digits, 16);
  if ((point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) {
    return { problem: 'found invalid Unicode character escape code', length: 2 };
  }
  return { value: String.fromCodePoint(point), length: 2 + count };
}
