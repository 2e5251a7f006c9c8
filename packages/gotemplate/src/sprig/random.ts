import { contextFunction, goFunction } from '../exec/function.js';
import type { SprigHost } from './host.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const ASCII = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');

export function randomFunctions({ randomBytes }: SprigHost) {
  /** A whole number below a bound, each as likely as the others. */
  const below = (bound: number): number => {
    const most = 2 ** 48 - (2 ** 48 % bound);
    for (;;) {
      const number = randomBytes(6).readUIntBE(0, 6);
      if (number < most) return number % bound;
    }
  };
  const characters = (alphabet: string) =>
    contextFunction(['int'], 'string', (context, count) => {
      if (count <= 0) return '';
      context.checkTextLength(count);
      return Array.from({ length: count }, () => alphabet.charAt(below(alphabet.length))).join('');
    });
  return {
    randAlphaNum: characters(LETTERS + DIGITS),
    randAlpha: characters(LETTERS),
    randNumeric: characters(DIGITS),
    randAscii: characters(ASCII),
    randBytes: contextFunction(['int'], 'string', (context, count) => {
      if (count < 0) throw new Error('runtime error: makeslice: len out of range');
      context.checkTextLength(count * 2);
      return randomBytes(count).toString('base64');
    }),
    randInt: goFunction(['int', 'int'], 'int', (low, high) => {
      if (high <= low) throw new Error('invalid argument to Intn');
      return below(high - low) + low;
    }),
    shuffle: goFunction(['string'], 'string', (text) => {
      const chars = Array.from(text);
      for (let index = chars.length - 1; index > 0; index--) {
        const other = below(index + 1);
        [chars[index], chars[other]] = [chars[other] ?? '', chars[index] ?? ''];
      }
      return chars.join('');
    }),
    uuidv4: goFunction([], 'string', () => {
      const bytes = randomBytes(16);
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    }),
  };
}
