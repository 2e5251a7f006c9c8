import { goFunction } from '../exec/function.js';
import { bytesToString, stringToBytes } from '../parse/literals.js';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE64 = /^[A-Za-z0-9+/]$/;

class CorruptInput extends Error {
  constructor(base: 32 | 64, at: number) {
    super(`illegal base${base} data at input byte ${at}`);
  }
}

/** The bytes of standard base64. Throws with Go's text; line feeds do not count. */
export function decodeBase64(text: string): Uint8Array {
  const fault = base64Fault(Buffer.from(stringToBytes(text)).toString('latin1'));
  if (fault !== undefined) throw new CorruptInput(64, fault);
  return Buffer.from(text, 'base64');
}

/** Where a text stops being base64. */
function base64Fault(text: string): number | undefined {
  const isBreak = (at: number): boolean => text[at] === '\n' || text[at] === '\r';
  let inGroup = 0;
  for (let at = 0; at < text.length; at++) {
    if (isBreak(at)) continue;
    const char = text[at] ?? '';
    if (BASE64.test(char)) {
      inGroup = (inGroup + 1) % 4;
      continue;
    }
    if (char !== '=' || inGroup < 2) return at;
    let end = at + 1;
    if (inGroup === 2) {
      while (isBreak(end)) end++;
      if (end >= text.length) return text.length;
      if (text[end] !== '=') return end - 1;
      end++;
    }
    while (isBreak(end)) end++;
    return end < text.length ? end : undefined;
  }
  return inGroup === 0 ? undefined : text.length - inGroup;
}

function encodeBase32(text: string): string {
  let result = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of stringToBytes(text)) {
    buffer = ((buffer & 0xff) << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      result += BASE32.charAt((buffer >> bits) & 31);
    }
  }
  if (bits > 0) result += BASE32.charAt((buffer << (5 - bits)) & 31);
  return result.padEnd(Math.ceil(result.length / 8) * 8, '=');
}

function decodeBase32(text: string): Uint8Array {
  const input = Buffer.from(stringToBytes(text))
    .toString('latin1')
    .replaceAll(/[\r\n]/g, '');
  const bytes: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (let at = 0; at < input.length; at++) {
    const inGroup = at % 8;
    const char = input[at] ?? '';
    if (char === '=' && inGroup >= 2 && input.length - at <= 8) {
      checkPadding(input, at, inGroup);
      return Uint8Array.from(bytes);
    }
    const value = BASE32.indexOf(char);
    if (value < 0) throw new CorruptInput(32, at);
    buffer = ((buffer & 0x7f) << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((buffer >> bits) & 0xff);
    }
  }
  const left = input.length % 8;
  if (left !== 0) throw new CorruptInput(32, input.length - left);
  return Uint8Array.from(bytes);
}

/** The padding from `at` on must fill the group of eight, and be as long as some number of bytes needs. */
function checkPadding(input: string, at: number, inGroup: number): void {
  const after = input.length - at - 1;
  if (after + inGroup < 7) throw new CorruptInput(32, input.length);
  for (let index = 0; index < 7 - inGroup; index++) {
    if (after > index && input[at + 1 + index] !== '=') throw new CorruptInput(32, at + index);
  }
  if (inGroup === 3 || inGroup === 6) throw new CorruptInput(32, at);
}

/** What a decoder makes of a text, or what it says is wrong with it. */
function decoded(decode: (text: string) => Uint8Array): (text: string) => string {
  return (text) => {
    try {
      return bytesToString(decode(text));
    } catch (error) {
      if (error instanceof CorruptInput) return error.message;
      throw error;
    }
  };
}

export const encodings = {
  b64enc: goFunction(['string'], 'string', (text) => Buffer.from(stringToBytes(text)).toString('base64')),
  b64dec: goFunction(['string'], 'string', decoded(decodeBase64)),
  b32enc: goFunction(['string'], 'string', encodeBase32),
  b32dec: goFunction(['string'], 'string', decoded(decodeBase32)),
};
