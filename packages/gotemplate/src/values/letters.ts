/** Letter cases as Go's unicode package has them: a character for a character, where JavaScript would write `ß` as `SS`. */
export function toUpper(text: string): string {
  return mapped(text, text.toUpperCase(), upperOf);
}

export function toLower(text: string): string {
  return mapped(text, text.toLowerCase(), lowerOf);
}

function mapped(text: string, whole: string, each: (char: string) => string): string {
  return BEYOND_ASCII.test(text) ? Array.from(text, each).join('') : whole;
}

const BEYOND_ASCII = /[^\p{ASCII}]/u;

function upperOf(char: string): string {
  return single(char, char.toUpperCase());
}

function lowerOf(char: string): string {
  // The one letter whose simple lower case JavaScript does not have.
  return char === '\u0130' ? 'i' : single(char, char.toLowerCase());
}

function single(char: string, mapping: string): string {
  return mapping.length === char.length || Array.from(mapping).length === 1 ? mapping : char;
}

export function isUpper(char: string): boolean {
  return /^\p{Lu}$/u.test(char);
}

export function isLower(char: string): boolean {
  return /^\p{Ll}$/u.test(char);
}

/** unicode.IsSpace. */
export function isSpace(char: string): boolean {
  return /^\p{White_Space}$/u.test(char);
}

/** strings.TrimSpace. */
export function trimSpace(text: string): string {
  // By index: a pattern for space at the end would look at each run of spaces again from each of its characters.
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charAt(start))) start++;
  while (end > start && isSpace(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
