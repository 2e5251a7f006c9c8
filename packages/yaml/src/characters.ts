/** Character classes, by UTF-16 code unit. In a text that is scanned NUL stands for the end: it can't occur inside. */

/** The codes of some ASCII characters. */
export function codesOf(characters: string): number[] {
  return Array.from(characters, (character) => character.charCodeAt(0));
}

export function isBreak(code: number): boolean {
  return code === 10 || code === 13 || code === 0x85 || code === 0x2028 || code === 0x2029;
}

export function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

export function isBreakOrEnd(code: number): boolean {
  return code === 0 || isBreak(code);
}

export function isBlankOrEnd(code: number): boolean {
  return code === 32 || code === 10 || code === 0 || code === 9 || isBreak(code);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Letters, digits, `_` and `-`: what anchors and tag handles are made of. */
export function isWord(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95 || code === 45;
}
