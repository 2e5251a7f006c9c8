/** An index in YAML, cut into the texts of its charts. */
export interface SplitIndex {
  /** Everything that is not below `entries:`. */
  readonly rest: string;
  /** Each is a mapping with one key, the chart's name. */
  readonly charts: readonly string[];
}

const entriesLine = /^entries:[ \t]*(?:#.*)?\r?$/m;

/**
 * Cuts an index in block style at its charts: each is then parsed by itself, which takes a part of the memory and half of
 * the time. By the rules of YAML a line at the indent of the first chart's name can only be a name, a dash of the list
 * below one, or a comment: everything else that belongs to a chart is indented deeper. Undefined when it is of another style.
 */
export function splitIndex(text: string): SplitIndex | undefined {
  const line = entriesLine.exec(text);
  if (line === null) return undefined;
  const start = line.index + line[0].length + 1;
  const end = endOf(text, start);
  const body = text.slice(start, end);
  const indent = /^( +)[^ \t\r\n#-]/m.exec(body)?.[1];
  if (indent === undefined) return undefined;
  const names = new RegExp(`^ {${indent.length}}(?![ \\t\\r\\n#]|-(?:[ \\t\\r\\n]|$))`, 'gm');
  const starts = [...body.matchAll(names)].map(({ index }) => index);
  // Something before the first chart that is not blank or a comment.
  if (/^[ \t]*[^ \t\r\n#]/m.test(body.slice(0, starts[0] ?? 0))) return undefined;
  const charts = starts.map((at, index) => body.slice(at, starts[index + 1] ?? body.length));
  return { rest: text.slice(0, line.index) + text.slice(end), charts };
}

/** Where the first line begins that is not below `entries:`: one without an indent. */
function endOf(text: string, start: number): number {
  const next = /^[^ \t\r\n#]/gm;
  next.lastIndex = start;
  return next.exec(text)?.index ?? text.length;
}
