/** Cuts the shortest or longest start that a shell pattern matches; a pattern that is not one cuts nothing. */
export function trimPrefix(bytes: string, pattern: string, which: 'shortest' | 'longest'): string {
  const lengths = matchingPrefixes(bytes, pattern);
  if (lengths === undefined || lengths.length === 0) return bytes;
  return bytes.slice(which === 'shortest' ? lengths[0]! : lengths.at(-1)!);
}

/** The same from the end: both turned round, character by character. */
export function trimSuffix(bytes: string, pattern: string, which: 'shortest' | 'longest'): string {
  return reverse(trimPrefix(reverse(bytes), reverse(pattern), which));
}

function reverse(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return Buffer.from(Array.from(text).reverse().join(''), 'utf8').toString('latin1');
}

/** One step of a pattern: any number of characters, one character of a set, or one byte. */
type Step =
  | { readonly type: 'star' }
  | { readonly type: 'any' }
  | { readonly type: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly type: 'byte'; readonly byte: string };

/**
 * The lengths (above zero, in bytes, ascending) of the starts that the pattern matches; undefined for a pattern that is
 * not one. All positions are walked at once, so that no pattern takes more than its length times the text's.
 */
function matchingPrefixes(bytes: string, pattern: string): number[] | undefined {
  const steps = parsePattern(pattern);
  if (steps === undefined) return undefined;
  let positions = new Set([0]);
  for (const step of steps) {
    const next = new Set<number>();
    if (step.type === 'star') {
      const first = Math.min(...positions);
      for (let at = first; at <= bytes.length; at++) next.add(at);
    } else {
      for (const at of positions) {
        const width = stepWidth(step, bytes, at);
        if (width > 0) next.add(at + width);
      }
    }
    positions = next;
    if (positions.size === 0) return [];
  }
  return [...positions].filter((length) => length > 0).sort((a, b) => a - b);
}

function stepWidth(step: Exclude<Step, { type: 'star' }>, bytes: string, at: number): number {
  if (at >= bytes.length) return 0;
  if (step.type === 'byte') return bytes[at] === step.byte ? 1 : 0;
  const [char, width] = charAt(bytes, at);
  if (step.type === 'any') return width;
  return step.ranges.some(([low, high]) => low <= char && char <= high) !== step.negated ? width : 0;
}

function parsePattern(pattern: string): Step[] | undefined {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length;) {
    const char = pattern[at]!;
    if (char === '*') {
      if (steps.at(-1)?.type !== 'star') steps.push({ type: 'star' });
      at++;
    } else if (char === '?') {
      steps.push({ type: 'any' });
      at++;
    } else if (char === '[') {
      const set = parseSet(pattern, at + 1);
      if (set === undefined) return undefined;
      steps.push(set.step);
      at = set.end;
    } else {
      if (char === '\\') at++;
      if (at >= pattern.length) return undefined;
      steps.push({ type: 'byte', byte: pattern[at]! });
      at++;
    }
  }
  return steps;
}

function parseSet(pattern: string, start: number): { step: Step; end: number } | undefined {
  let at = start;
  const negated = pattern[at] === '^';
  if (negated) at++;
  const ranges: (readonly [number, number])[] = [];
  for (;;) {
    if (pattern[at] === ']' && ranges.length > 0) return { step: { type: 'set', negated, ranges }, end: at + 1 };
    const low = setChar(pattern, at);
    if (low === undefined) return undefined;
    at = low.end;
    let high = low;
    if (pattern[at] === '-') {
      const end = setChar(pattern, at + 1);
      if (end === undefined) return undefined;
      high = end;
      at = end.end;
    }
    ranges.push([low.char, high.char]);
  }
}

function setChar(pattern: string, at: number): { char: number; end: number } | undefined {
  if (at >= pattern.length || pattern[at] === '-' || pattern[at] === ']') return undefined;
  const start = pattern[at] === '\\' ? at + 1 : at;
  if (start >= pattern.length) return undefined;
  const [char, width] = charAt(pattern, start);
  return start + width >= pattern.length ? undefined : { char, end: start + width };
}

/** The character at a byte offset and its width; a byte that starts none counts as U+FFFD, one byte wide. */
function charAt(bytes: string, at: number): [char: number, width: number] {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return [first, 1];
  const width = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const char = Buffer.from(bytes.slice(at, at + width), 'latin1').toString('utf8');
  return char.length <= 2 && char !== '\ufffd' && Array.from(char).length === 1 ? [char.codePointAt(0)!, width] : [0xfffd, 1];
}
