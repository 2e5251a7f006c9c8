/**
 * One segment of a path pattern, as Go's filepath.Match takes it: `*` any characters, `?` one, `[a-z]` and `[^a-z]`
 * one of some, `\` the next one itself. Undefined for a pattern that is malformed: Go matches nothing with it.
 */
export type Glob = (name: string) => boolean;

type Token = { readonly star: true } | { readonly star: false; readonly takes: (character: string) => boolean };

export function compileGlob(pattern: string): Glob | undefined {
  const tokens = parse(Array.from(pattern));
  if (tokens === undefined) return undefined;
  // Nearly all patterns are a name or an ending, and every file of a source is asked about every pattern.
  if (!/[*?[\\]/.test(pattern)) return (name) => name === pattern;
  if (/^\*[^*?[\\]*$/.test(pattern)) return (name) => name.endsWith(pattern.slice(1));
  return (name) => matches(tokens, Array.from(name));
}

function parse(pattern: readonly string[]): Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at++] ?? '';
    if (character === '*') {
      if (tokens.at(-1)?.star !== true) tokens.push({ star: true });
    } else if (character === '?') {
      tokens.push({ star: false, takes: (other) => other !== '/' });
    } else if (character === '[') {
      const set = parseSet(pattern, at);
      if (set === undefined) return undefined;
      at = set.end;
      tokens.push({ star: false, takes: set.takes });
    } else {
      const literal = character === '\\' ? pattern[at++] : character;
      if (literal === undefined) return undefined;
      tokens.push({ star: false, takes: (other) => other === literal });
    }
  }
  return tokens;
}

function parseSet(pattern: readonly string[], start: number): { end: number; takes: (character: string) => boolean } | undefined {
  let at = start;
  const negated = pattern[at] === '^';
  if (negated) at++;
  const ranges: [number, number][] = [];
  const bound = (): number | undefined => {
    let character = pattern[at++];
    if (character === '-' || character === ']') return undefined;
    if (character === '\\') character = pattern[at++];
    return character?.codePointAt(0);
  };
  while (pattern[at] !== ']' || ranges.length === 0) {
    const low = bound();
    if (low === undefined) return undefined;
    let high: number | undefined = low;
    if (pattern[at] === '-') {
      at++;
      high = bound();
      if (high === undefined) return undefined;
    }
    ranges.push([low, high]);
    if (at >= pattern.length) return undefined;
  }
  return {
    end: at + 1,
    takes(character) {
      const code = character.codePointAt(0) ?? 0;
      return ranges.some(([low, high]) => low <= code && code <= high) !== negated;
    },
  };
}

/** Goes back to the last star only: the time is at most the product of the lengths, whatever the pattern. */
function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.star === true) {
      star = token++;
      starAt = at;
    } else if (current?.takes(name[at] ?? '') === true) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (tokens[token]?.star === true) token++;
  return token === tokens.length;
}
