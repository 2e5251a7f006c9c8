import { isPrintable } from '../parse/literals.js';
import { formatFloat } from './decimal.js';
import { pad, type Spec } from './flags.js';

const LETTER_BASES: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, x: 16, X: 16, v: 10 };

/** An integer for `%d`, `%x`, `%o`, `%b`. */
export function formatInteger(value: bigint, isSigned: boolean, verb: string, spec: Spec): string {
  const base = LETTER_BASES[verb] ?? 10;
  const negative = isSigned && value < 0n;
  let digits = (negative ? -value : value).toString(base);
  if (verb === 'X') digits = digits.toUpperCase();
  const sign = negative ? '-' : spec.plus ? '+' : spec.space ? ' ' : '';
  // A precision of zero makes the value zero vanish.
  if (spec.precision === 0 && value === 0n) return pad('', { ...spec, zero: false });
  let prefix = verb === 'O' ? '0o' : '';
  if (spec.sharp) {
    if (base === 2) prefix = '0b';
    else if (verb === 'x' || verb === 'X') prefix = `0${verb}`;
  }
  if (spec.precision !== undefined) digits = digits.padStart(spec.precision, '0');
  else if (spec.zero && !spec.minus && spec.width !== undefined) digits = digits.padStart(spec.width - sign.length, '0');
  if (spec.sharp && verb === 'o' && !digits.startsWith('0')) digits = `0${digits}`;
  return pad(sign + prefix + digits, { ...spec, zero: false });
}

/** A code point for `%c`. */
export function formatRune(value: bigint, spec: Spec): string {
  return pad(runeOf(value), spec);
}

/** A code point for `%q`: a character constant. */
export function quoteRune(value: bigint, spec: Spec): string {
  const char = runeOf(value);
  const code = char.codePointAt(0) ?? 0;
  const short = new Map([
    ['\x07', '\\a'],
    ['\b', '\\b'],
    ['\f', '\\f'],
    ['\n', '\\n'],
    ['\r', '\\r'],
    ['\t', '\\t'],
    ['\v', '\\v'],
    ['\\', '\\\\'],
    ["'", "\\'"],
  ]).get(char);
  const visible = isPrintable(char) && (!spec.plus || code < 0x80);
  return pad(`'${short ?? (visible ? char : escapeCode(code))}'`, spec);
}

/** A code point as an escape of a Go string. */
export function escapeCode(code: number): string {
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** A code point for `%U`: `U+0041`, with `#` also the character. */
export function formatUnicode(value: bigint, spec: Spec): string {
  const digits = BigInt.asUintN(64, value).toString(16).toUpperCase();
  const name = `U+${digits.padStart(Math.max(spec.precision ?? 4, 4), '0')}`;
  const char = runeOf(value);
  const shown = spec.sharp && value >= 0n && value <= 0x10ffffn && isPrintable(char) ? `${name} '${char}'` : name;
  return pad(shown, { ...spec, zero: false });
}

function runeOf(value: bigint): string {
  const valid = value >= 0n && value <= 0x10ffffn && (value < 0xd800n || value > 0xdfffn);
  return valid ? String.fromCodePoint(Number(value)) : '\ufffd';
}

/** A float for `%e`, `%f`, `%g`, `%x`, `%b` and `%v`. */
export function formatFloatVerb(value: number, bits: 32 | 64, verb: string, defaultPrecision: number, spec: Spec): string {
  const precision = spec.precision ?? defaultPrecision;
  const isHex = verb === 'x' || verb === 'X';
  let text = isHex ? hexFloat(value, precision, verb) : verb === 'b' ? binaryFloat(value, bits) : formatFloat(value, verb, precision, bits);
  if (!/^[-+]/.test(text)) text = `+${text}`;
  if (spec.space && text.startsWith('+') && !spec.plus) text = ` ${text.slice(1)}`;
  const isSpecial = /Inf|NaN/.test(text);
  // An infinity shows its sign always, NaN only when asked.
  if (isSpecial) return pad(text.endsWith('NaN') && !spec.plus && !spec.space ? text.slice(1) : text, { ...spec, zero: false });
  if (spec.sharp && verb !== 'b') text = keepPoint(text, verb, spec.precision);
  const zero = spec.zero && !spec.minus;
  if (spec.plus || !text.startsWith('+')) {
    // The sign comes before the zeros that fill the width.
    if (zero && spec.width !== undefined && spec.width > text.length && /^[-+ ]/.test(text)) {
      return text.charAt(0) + text.slice(1).padStart(spec.width - 1, '0');
    }
    return pad(text, { ...spec, zero });
  }
  return pad(text.slice(1), { ...spec, zero });
}

/** `#`: the decimal point stays, and for `%g` the zeros at the end do. */
function keepPoint(text: string, verb: string, precision: number | undefined): string {
  let digits = 0;
  if ('vgGxX'.includes(verb)) digits = precision ?? (verb === 'x' || verb === 'X' ? 6 : 6);
  const exponentAt = /[eEpP]/.exec(verb === 'x' || verb === 'X' ? text.replace(/[eE]/g, '0') : text)?.index ?? text.length;
  const mantissa = text.slice(0, exponentAt);
  const tail = text.slice(exponentAt);
  const hasPoint = mantissa.includes('.');
  const significant = mantissa
    .replace(/^[-+ ]?(0[xX])?/, '')
    .replace('.', '')
    .replace(/^0+/, '');
  if (digits === 0) return hasPoint ? text : `${mantissa}.${tail}`;
  const body = mantissa.replace(/^[-+ ]?(0[xX])?/, '').replace('.', '');
  const counted = significant === '' ? body.length : significant.length;
  return `${mantissa}${hasPoint ? '' : '.'}${'0'.repeat(Math.max(digits - counted, 0))}${tail}`;
}

/** strconv's format `x`: -0x1.yyyyyyyyp±ddd. */
function hexFloat(value: number, precision: number, verb: string): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const { negative, mantissa, exponent } = parts(value);
  let bits = mantissa;
  let power = exponent + 52;
  if (bits === 0n) power = 0;
  // Shift the first 1 into bit 60, as strconv does.
  bits <<= 8n;
  while (bits !== 0n && (bits & (1n << 60n)) === 0n) {
    bits <<= 1n;
    power--;
  }
  if (precision >= 0 && precision < 15) {
    const shift = BigInt(precision * 4);
    const extra = (bits << shift) & ((1n << 60n) - 1n);
    bits >>= 60n - shift;
    if ((extra | (bits & 1n)) > 1n << 59n) bits++;
    bits <<= 60n - shift;
    if ((bits & (1n << 61n)) !== 0n) {
      bits >>= 1n;
      power++;
    }
  }
  const digits = (bits & ((1n << 60n) - 1n)).toString(16).padStart(15, '0');
  const fraction = precision < 0 ? digits.replace(/0+$/, '') : digits.slice(0, precision).padEnd(precision, '0');
  const text = `0x${bits >> 60n === 0n ? '0' : '1'}${fraction === '' ? '' : `.${fraction}`}p${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return (negative ? '-' : '') + (verb === 'X' ? text.toUpperCase() : text);
}

/** strconv's format `b`: an integer times a power of two. */
function binaryFloat(value: number, bits: 32 | 64): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const { negative, mantissa, exponent } = parts(value);
  const narrow = bits === 32 ? 29 : 0;
  const power = exponent + narrow;
  return `${negative ? '-' : ''}${mantissa >> BigInt(narrow)}p${power < 0 ? '-' : '+'}${Math.abs(power)}`;
}

function parts(value: number): { negative: boolean; mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const raw = view.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  return {
    negative: raw >> 63n === 1n,
    mantissa: biased === 0 ? fraction : fraction | 0x10000000000000n,
    exponent: (biased === 0 ? 1 : biased) - 1075,
  };
}
