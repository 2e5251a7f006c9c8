import { contextFunction, goFunction } from '../exec/function.js';
import type { SprigHost } from './host.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const ASCII = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');

export function randomFunctions({ randomBytes }: SprigHost) {
  /** Makes whole numbers below bounds, each as likely as the others; `count` is about how many there will be. */
  const numbers = (count: number): ((bound: number) => number) => {
    let bytes = randomBytes(0);
    let at = 0;
    return (bound) => {
      const most = 2 ** 48 - (2 ** 48 % bound);
      for (;;) {
        // The system is asked for many at a time: it takes a microsecond to answer.
        if (at === bytes.length) {
          bytes = randomBytes(6 * Math.min(Math.max(count, 1), 1_024));
          at = 0;
        }
        const number = bytes.readUIntBE(at, 6);
        at += 6;
        if (number < most) return number % bound;
      }
    };
  };
  const characters = (alphabet: string) =>
    contextFunction(['int'], 'string', (context, count) => {
      if (count <= 0) return '';
      context.checkTextLength(count);
      const below = numbers(count);
      let text = '';
      while (text.length < count) text += alphabet.charAt(below(alphabet.length));
      return text;
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
      return numbers(1)(high - low) + low;
    }),
    shuffle: goFunction(['string'], 'string', (text) => {
      const chars = Array.from(text);
      const below = numbers(chars.length);
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
