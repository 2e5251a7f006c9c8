import { bytesToString, stringToBytes } from '../parse/literals.js';

const LONE_BYTE = /(?<![\ud800-\udbff])[\udc80-\udcff]/;
const BEYOND_ASCII = /[^\p{ASCII}]/u;

/** How many bytes a string has in Go. */
export function byteLength(text: string): number {
  if (!BEYOND_ASCII.test(text)) return text.length;
  return LONE_BYTE.test(text) ? stringToBytes(text).length : Buffer.byteLength(text);
}

/** Bytes `start` to `end` of a string, which may cut a character in two. */
export function sliceBytes(text: string, start: number, end?: number): string {
  if (!BEYOND_ASCII.test(text)) return text.slice(start, end);
  return bytesToString(stringToBytes(text).subarray(start, end));
}

/** A text whose stray bytes may have met to make characters: as output is read, they are those characters. */
export function joinBytes(text: string): string {
  return LONE_BYTE.test(text) ? bytesToString(stringToBytes(text)) : text;
}
