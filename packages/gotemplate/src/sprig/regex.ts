import { RE2JS } from 're2js';
import { goFunction } from '../exec/function.js';
import { goQuote } from '../parse/literals.js';
import { nilSlice, typedSlice, type GoValue } from '../values/values.js';

/** Patterns are mostly constants of a chart: each is compiled once. */
const patterns = new Map<string, RE2JS>();
const MAX_PATTERNS = 512;

function compile(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const compiled = RE2JS.compile(pattern);
  if (patterns.size >= MAX_PATTERNS) patterns.clear();
  patterns.set(pattern, compiled);
  return compiled;
}

/** regexp.MustCompile: it panics with more words. */
function mustCompile(pattern: string): RE2JS {
  try {
    return compile(pattern);
  } catch (error) {
    const quoted = pattern.includes('`') || /[\p{Cc}\ufeff]/u.test(pattern.replaceAll('\t', '')) ? goQuote(pattern) : `\`${pattern}\``;
    throw new Error(`regexp: Compile(${quoted}): ${(error as Error).message}`, { cause: error });
  }
}

/** Groups of a match by number, the whole first; undefined for those that took no part. */
interface Match {
  readonly start: number;
  readonly end: number;
  readonly group: (nameOrNumber: string) => string;
}

/** Up to `limit` matches from the left. One that is empty does not count right after another. */
function* findAll(pattern: RE2JS, text: string, limit = Infinity): Generator<Match> {
  const matcher = pattern.matcher(text);
  const names = pattern.namedGroups();
  let previousEnd = -1;
  let found = 0;
  let from = 0;
  while (found < limit && from <= text.length && matcher.find(from)) {
    const start = matcher.start();
    const end = matcher.end();
    if (end > start || start !== previousEnd) {
      found++;
      yield { start, end, group: (name) => groupOf(matcher, names, name) };
    }
    previousEnd = end;
    from = end > start ? end : end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
  }
}

function groupOf(matcher: ReturnType<RE2JS['matcher']>, names: Record<string, number>, name: string): string {
  const number = /^\d+$/.test(name) ? Number(name) : Object.hasOwn(names, name) ? (names[name] ?? -1) : -1;
  if (number < 0 || number > matcher.groupCount()) return '';
  return matcher.group(number) ?? '';
}

function find(pattern: RE2JS, text: string): string {
  const matcher = pattern.matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

function findTexts(pattern: RE2JS, text: string, limit: number): GoValue {
  const found = Array.from(findAll(pattern, text, limit < 0 ? Infinity : limit), ({ start, end }) => text.slice(start, end));
  return found.length === 0 ? nilSlice('[]string') : typedSlice('[]string', found);
}

function replaceAll(pattern: RE2JS, text: string, replacement: (match: Match) => string): string {
  let result = '';
  let end = 0;
  for (const match of findAll(pattern, text)) {
    result += text.slice(end, match.start) + replacement(match);
    end = match.end;
  }
  return result + text.slice(end);
}

/** `$1`, `${1}`, `$name` and `$$` in a replacement. A name is as long as it can be: `$1W` is the group `1W`. */
function expand(template: string, match: Match): string {
  return template.replaceAll(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu, (whole, braced?: string, plain?: string) =>
    whole === '$$' ? '$' : match.group(braced ?? plain ?? ''),
  );
}

function split(pattern: RE2JS, text: string, limit: number): GoValue {
  if (limit === 0) return nilSlice('[]string');
  if (pattern.pattern() !== '' && text === '') return typedSlice('[]string', ['']);
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const match of findAll(pattern, text, limit < 0 ? Infinity : limit)) {
    if (limit > 0 && parts.length === limit - 1) break;
    end = match.start;
    if (match.end !== 0) parts.push(text.slice(begin, end));
    begin = match.end;
  }
  if (end !== text.length) parts.push(text.slice(begin));
  return typedSlice('[]string', parts);
}

/** Both variants of a function: the plain one panics for a bad pattern, the other returns the error. */
function variants(compiler: (pattern: string) => RE2JS) {
  return {
    find: goFunction(['string', 'string'], 'string', (pattern, text) => find(compiler(pattern), text)),
    findAll: goFunction(['string', 'string', 'int'], 'struct', (pattern, text, limit) => findTexts(compiler(pattern), text, limit)),
    replaceAll: goFunction(['string', 'string', 'string'], 'string', (pattern, text, template) =>
      replaceAll(compiler(pattern), text, (match) => expand(template, match)),
    ),
    replaceAllLiteral: goFunction(['string', 'string', 'string'], 'string', (pattern, text, replacement) =>
      replaceAll(compiler(pattern), text, () => replacement),
    ),
    split: goFunction(['string', 'string', 'int'], 'struct', (pattern, text, limit) => split(compiler(pattern), text, limit)),
  };
}

const plain = variants(mustCompile);
const must = variants(compile);

export const regex = {
  // The one that takes a bad pattern for one that does not match.
  regexMatch: goFunction(['string', 'string'], 'bool', (pattern, text) => {
    try {
      return compile(pattern).matcher(text).find();
    } catch {
      return false;
    }
  }),
  mustRegexMatch: goFunction(['string', 'string'], 'bool', (pattern, text) => compile(pattern).matcher(text).find()),
  regexFind: plain.find,
  mustRegexFind: must.find,
  regexFindAll: plain.findAll,
  mustRegexFindAll: must.findAll,
  regexReplaceAll: plain.replaceAll,
  mustRegexReplaceAll: must.replaceAll,
  regexReplaceAllLiteral: plain.replaceAllLiteral,
  mustRegexReplaceAllLiteral: must.replaceAllLiteral,
  regexSplit: plain.split,
  mustRegexSplit: must.split,
  regexQuoteMeta: goFunction(['string'], 'string', (text) => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`)),
};
