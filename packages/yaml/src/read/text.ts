import { YamlError, markAt, type Source } from '../error.js';
import { defaultLimits, type YamlLimits, type YamlTextOptions } from '../options.js';

/** A text that is ready to be scanned: decoded, without its byte order mark, every character of it allowed. */
export interface CheckedText {
  readonly source: Source;
  readonly limits: YamlLimits;
}

/** What YAML does not take, and surrogates, which have to come in pairs. */
// oxlint-disable-next-line no-control-regex -- these are the characters in question
const suspicious = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x84\x86-\x9F\uD800-\uDFFF\uFFFE\uFFFF]/;
// oxlint-disable-next-line no-control-regex -- these are the characters in question
const control = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x84\x86-\x9F\uFFFE\uFFFF]/;
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

export function checkText(input: string | Uint8Array, options: YamlTextOptions): CheckedText {
  const { file, confidential } = options;
  const limits = { ...defaultLimits, ...options.limits };
  if (input.length > limits.size) {
    throw new YamlError('YamlTooComplex', `yaml: ${input.length} bytes are more than the ${limits.size} allowed`, { text: '', file });
  }
  const decoded = typeof input === 'string' ? input : decode(input, { text: '', file, confidential });
  const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded;
  const source = { text, file, confidential };
  if (suspicious.test(text)) refuse(source);
  return { source, limits };
}

function refuse(source: Source): void {
  const { text } = source;
  for (const [pattern, problem] of [
    [control, 'control characters are not allowed'],
    [loneSurrogate, 'invalid Unicode character'],
  ] as const) {
    const found = pattern.exec(text);
    if (found !== null) throw new YamlError('YamlInvalid', `yaml: ${problem}`, source, markAt(text, found.index));
  }
}

function decode(bytes: Uint8Array, source: Source): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    if (encoding !== 'utf-8') throw new YamlError('YamlInvalid', 'yaml: incomplete UTF-16 surrogate pair', source);
    const { problem, index } = utf8Fault(bytes);
    const before = new TextDecoder().decode(bytes.subarray(0, index));
    throw new YamlError('YamlInvalid', `yaml: ${problem}`, { ...source, text: before }, markAt(before, before.length));
  }
}

/** What is wrong with bytes that are not UTF-8, in go-yaml's words, and where. */
function utf8Fault(bytes: Uint8Array): { problem: string; index: number } {
  for (let index = 0; index < bytes.length;) {
    const byte = bytes[index] ?? 0;
    const width = byte < 0x80 ? 1 : byte >> 5 === 6 ? 2 : byte >> 4 === 14 ? 3 : byte >> 3 === 30 ? 4 : 0;
    if (width === 0) return { problem: 'invalid leading UTF-8 octet', index };
    if (index + width > bytes.length) return { problem: 'incomplete UTF-8 octet sequence', index };
    let value = width === 1 ? byte : byte & (0xff >> (width + 1));
    for (let offset = 1; offset < width; offset++) {
      const next = bytes[index + offset] ?? 0;
      if ((next & 0xc0) !== 0x80) return { problem: 'invalid trailing UTF-8 octet', index };
      value = value * 64 + (next & 0x3f);
    }
    if (value < [0, 0, 0x80, 0x800, 0x10000][width]!) return { problem: 'invalid length of a UTF-8 sequence', index };
    if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) return { problem: 'invalid Unicode character', index };
    index += width;
  }
  return { problem: 'invalid leading UTF-8 octet', index: bytes.length };
}
