import type { HelmVersion } from '../version.js';

const SEPARATOR = /(?:^|\n)---[ \t\n\f\r]*/g;
/** What `\s` is in Go's expressions. */
const BLANKS = ' \t\n\f\r';
/** What Go trims. */
const SPACES = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/**
 * The documents of a rendered text, in order. Cut wherever a line begins with `---`, as Helm does it, whatever YAML would
 * say to that. Helm 3 trims documents on both sides, Helm 4 keeps their ends.
 */
export function splitManifests(text: string, helm: HelmVersion): string[] {
  const trim = helm === 3 ? trimSpace : trimSpaceLeft;
  const whole = trim(text);
  const documents: string[] = [];
  const add = (document: string): void => {
    const trimmed = trim(document);
    if (trimSpaceLeft(trimmed) !== '') documents.push(trimmed);
  };
  let from = 0;
  for (const match of whole.matchAll(SEPARATOR)) {
    // A separator takes the blanks before its line break with it.
    let end = match.index;
    while (end > from && BLANKS.includes(whole[end - 1]!)) end--;
    add(whole.slice(from, end));
    from = match.index + match[0].length;
  }
  add(whole.slice(from));
  return documents;
}

/** As Go's strings.TrimSpace. */
export function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && SPACES.test(text[end - 1]!)) end--;
  return trimSpaceLeft(text.slice(0, end));
}

function trimSpaceLeft(text: string): string {
  let start = 0;
  while (start < text.length && SPACES.test(text[start]!)) start++;
  return text.slice(start);
}
