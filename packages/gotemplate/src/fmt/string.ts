import { goQuote, isPrintable, stringToBytes } from '../parse/literals.js';
import { pad, type Spec } from './flags.js';
import { escapeCode } from './number.js';

/** A string for `%s` and `%v`: cut to the precision, in runes. */
export function formatString(text: string, spec: Spec): string {
  return pad(truncated(text, spec), spec);
}

/** A string for `%q`: quoted, with `#` raw where that can be, with `+` in ASCII. */
export function quoteString(text: string, spec: Spec): string {
  const cut = truncated(text, spec);
  if (spec.sharp && canBackquote(cut)) return pad(`\`${cut}\``, spec);
  const quoted = goQuote(cut);
  return pad(spec.plus ? asciiOnly(quoted) : quoted, spec);
}

function truncated(text: string, { precision }: Spec): string {
  if (precision === undefined || text.length <= precision) return text;
  return Array.from(text).slice(0, precision).join('');
}

function canBackquote(text: string): boolean {
  return Array.from(text).every(
    (char) =>
      char === '\t' ||
      (char !== '`' &&
        char !== '\ufeff' &&
        char !== '\x7f' &&
        (char.codePointAt(0) ?? 0) >= 0x20 &&
        (isPrintable(char) || (char.codePointAt(0) ?? 0) >= 0x80) &&
        !/\p{Surrogate}/u.test(char)),
  );
}

function asciiOnly(quoted: string): string {
  return Array.from(quoted, (char) => ((char.codePointAt(0) ?? 0) < 0x80 ? char : escapeCode(char.codePointAt(0) ?? 0))).join('');
}

/** Bytes for `%x` and `%X`; with a space between them, with `#` behind `0x`. */
export function formatHex(value: string | Uint8Array, verb: string, spec: Spec): string {
  const all = typeof value === 'string' ? stringToBytes(value) : value;
  const bytes = spec.precision === undefined ? all : all.subarray(0, spec.precision);
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  let text = digits.join(spec.space ? (spec.sharp ? ' 0x' : ' ') : '');
  if (spec.sharp && bytes.length > 0) text = `0x${text}`;
  if (verb === 'X') text = text.toUpperCase();
  return pad(text, spec);
}
