import { RE2JS } from 're2js';

const everything = (): boolean => true;

/**
 * A pattern of `.Files.Glob`: `*` and `?` stay inside of a segment, `**` does not, `[abc]`, `[!a-z]` and `{one,other}` are
 * choices. A malformed one matches everything, as in Helm.
 */
export function compileGlob(pattern: string): (path: string) => boolean {
  const source = expressionOf(Array.from(pattern));
  if (source === undefined) return everything;
  const expression = RE2JS.compile(`^(?:${source})$`, RE2JS.DOTALL);
  return (path) => expression.matcher(path).find();
}

function expressionOf(pattern: readonly string[]): string | undefined {
  let source = '';
  let depth = 0;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    switch (character) {
      case '*':
        if (pattern[at + 1] === '*') {
          source += '.*';
          at++;
        } else source += '[^/]*';
        break;
      case '?':
        source += '[^/]';
        break;
      case '\\':
        source += RE2JS.quote(pattern[++at] ?? '');
        break;
      case '{':
        source += '(?:';
        depth++;
        break;
      case '}':
        source += depth > 0 ? ')' : RE2JS.quote(character);
        if (depth > 0) depth--;
        break;
      case ',':
        source += depth > 0 ? '|' : ',';
        break;
      case '[': {
        const end = pattern.indexOf(']', at + 2);
        if (end < 0) return undefined;
        const negated = pattern[at + 1] === '!';
        const set = pattern.slice(at + (negated ? 2 : 1), end);
        const isRange = set.length === 3 && set[1] === '-';
        const members = isRange ? `${escapeMember(set[0]!)}-${escapeMember(set[2]!)}` : set.map(escapeMember).join('');
        if (members === '' || (isRange && set[0]! > set[2]!)) return undefined;
        source += `[${negated ? '^' : ''}${members}]`;
        at = end;
        break;
      }
      default:
        source += RE2JS.quote(character);
    }
  }
  return depth === 0 ? source : undefined;
}

function escapeMember(character: string): string {
  return /[a-zA-Z0-9]/.test(character) || character > '\u007f' ? character : `\\${character}`;
}
