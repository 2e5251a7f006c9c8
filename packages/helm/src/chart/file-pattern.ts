/**
 * A pattern of Go's filepath.Match: `*` and `?` stay inside of a segment, `[a-z]` and `[^a-z]` are sets, `\` takes the next
 * character as it is. Undefined when the pattern is malformed. Linear in the text for every star: no expression explodes.
 */
export function compileFilePattern(pattern: string): ((text: string) => boolean) | undefined {
  const parts = parsePattern(Array.from(pattern));
  return parts === undefined ? undefined : (text) => matches(parts, Array.from(text));
}

/** Whether a text matches a pattern; a malformed one matches nothing. */
export function matchesFile(pattern: string, text: string): boolean {
  return compileFilePattern(pattern)?.(text) === true;
}

/** One character of some, or any number of characters (a star). */
type Part = 'star' | ((character: string) => boolean);

const STAR: Part = 'star';

function parsePattern(pattern: readonly string[]): Part[] | undefined {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '*') parts.push(STAR);
    else if (character === '?') parts.push((other) => other !== '/');
    else if (character === '[') {
      const set = parseSet(pattern, at + 1);
      if (set === undefined) return undefined;
      parts.push(set.part);
      at = set.end;
    } else {
      const literal = character === '\\' ? pattern[++at] : character;
      if (literal === undefined) return undefined;
      parts.push((other) => other === literal);
    }
  }
  return parts;
}

function parseSet(pattern: readonly string[], start: number): { part: Part; end: number } | undefined {
  let at = start;
  const negated = pattern[at] === '^';
  if (negated) at++;
  const ranges: [low: string, high: string][] = [];
  const one = (): string | undefined => {
    const character = pattern[at];
    if (character === undefined || character === '-' || character === ']') return undefined;
    at++;
    return character === '\\' ? pattern[at++] : character;
  };
  while (pattern[at] !== ']' || ranges.length === 0) {
    const low = one();
    if (low === undefined) return undefined;
    let high: string | undefined = low;
    if (pattern[at] === '-') {
      at++;
      high = one();
    }
    if (high === undefined || at >= pattern.length) return undefined;
    ranges.push([low, high]);
  }
  const inSet = (character: string): boolean => ranges.some(([low, high]) => low <= character && character <= high);
  return { part: (character) => inSet(character) !== negated, end: at };
}

function matches(parts: readonly Part[], text: readonly string[]): boolean {
  let part = 0;
  let at = 0;
  let star: { part: number; at: number } | undefined;
  while (at < text.length || part < parts.length) {
    const wanted = parts[part];
    if (wanted === 'star') {
      star = { part, at };
      part++;
      continue;
    }
    const character = text[at];
    if (wanted !== undefined && character !== undefined && wanted(character)) {
      part++;
      at++;
      continue;
    }
    // Back to the last star, which takes one more character, but no slash.
    const taken = star === undefined ? undefined : text[star.at];
    if (star === undefined || taken === undefined || taken === '/') return false;
    star.at++;
    ({ at } = star);
    part = star.part + 1;
  }
  return true;
}
