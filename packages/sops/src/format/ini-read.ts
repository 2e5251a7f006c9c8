import { sopsError } from '../error.js';
import { Comment, Mapping, type Item } from '../tree.js';

/** The section of what stands before the first header; it is always there. */
export const DEFAULT_SECTION = 'DEFAULT';

/** The sections of an INI file, as gopkg.in/ini.v1 reads them; a section may be there twice. */
export function readIni(bytes: Uint8Array, file?: string): Mapping {
  return new IniReader(Buffer.from(bytes).toString('utf8'), file).read();
}

interface Section {
  readonly name: string;
  comment: string;
  /** A key that repeats keeps its place and takes the new value. */
  readonly keys: Map<string, { value: string; comment: string }>;
}

class IniReader {
  readonly #lines: readonly string[];
  readonly #file: string | undefined;
  readonly #sections: Section[] = [newSection(DEFAULT_SECTION)];
  #next = 0;
  /** Comments since the last section or key. */
  #comment = '';
  #unnamed = 1;

  constructor(text: string, file: string | undefined) {
    const withoutMark = text.startsWith('\uFEFF') ? text.slice(1) : text;
    this.#lines = withoutMark.split(/(?<=\n)/);
    this.#file = file;
  }

  read(): Mapping {
    while (this.#next < this.#lines.length) this.#line(this.#lines[this.#next++]!.trimStart());
    return new Mapping(this.#sections.map((section) => ({ key: section.name, value: sectionItems(section) })));
  }

  #line(line: string): void {
    if (line === '') return;
    if (line.startsWith('#') || line.startsWith(';')) this.#comment += line;
    else if (line.startsWith('[')) this.#header(line);
    else this.#key(line);
  }

  #header(line: string): void {
    const end = line.lastIndexOf(']');
    if (end < 0) throw this.#invalid('the header of a section is not closed: "]" is missing');
    if (end === 1) throw this.#invalid('a section has no name');
    const behind = line.slice(end + 1);
    const comment = behind.search(/[#;]/);
    if (comment >= 0) this.#comment += behind.slice(comment);
    this.#sections.push({ ...newSection(line.slice(1, end)), comment: this.#takeComment() });
    this.#unnamed = 1;
  }

  #key(line: string): void {
    const { name, rest } = this.#keyName(line);
    const value = this.#value(rest);
    const { keys } = this.#sections.at(-1)!;
    const key = name === '-' ? `#${this.#unnamed++}` : name;
    if (key === '') throw this.#invalid('a key has no name');
    keys.set(key, { value, comment: this.#takeComment() });
  }

  #keyName(line: string): { name: string; rest: string } {
    const quote = line.startsWith('"""') && line.length > 6 ? '"""' : /^["`]/.exec(line)?.[0];
    const close = quote === undefined ? 0 : line.indexOf(quote, quote.length);
    if (close < 0) throw this.#invalid('the quotes around a key are not closed');
    const from = quote === undefined ? 0 : close + quote.length;
    const delimiter = line.slice(from).search(/[=:]/);
    if (delimiter < 0) throw this.#invalid('a line has no "=": write key = value');
    if (from + delimiter === 0) throw this.#invalid('a key has no name');
    const name = quote === undefined ? line.slice(0, delimiter) : line.slice(quote.length, close);
    return { name: name.trim(), rest: line.slice(from + delimiter + 1) };
  }

  #value(behind: string): string {
    const text = behind.trimStart();
    if (text === '') return '';
    const quote = text.length > 3 && text.startsWith('"""') ? '"""' : text.startsWith('`') ? '`' : undefined;
    if (quote !== undefined) {
      const close = text.lastIndexOf(quote);
      return close < quote.length ? this.#quotedLines(text.slice(quote.length), quote) : text.slice(quote.length, close);
    }
    const line = text.trim();
    if (line.endsWith('\\')) return this.#continued(line.slice(0, -1));
    const comment = line.search(/[#;]/);
    if (comment >= 0) this.#comment += line.slice(comment);
    return unquoted(comment >= 0 ? line.slice(0, comment).trim() : line);
  }

  /** A quoted value goes on until its quotes are closed. */
  #quotedLines(first: string, quote: string): string {
    const parts = [first];
    for (; this.#next < this.#lines.length;) {
      const line = this.#lines[this.#next++]!;
      const close = line.lastIndexOf(quote);
      if (
        close < 0 ||
        line
          .slice(close + quote.length)
          .trim()
          .endsWith('\\')
      ) {
        parts.push(line);
        continue;
      }
      const comment = line.slice(close).search(/[#;]/);
      if (comment >= 0) this.#comment += line.slice(close + comment).trim();
      return parts.join('') + line.slice(0, close);
    }
    throw this.#invalid('the quotes around a value are not closed');
  }

  /** A line that ends with a backslash goes on in the next one. */
  #continued(first: string): string {
    let value = first;
    while (this.#next < this.#lines.length) {
      const line = this.#lines[this.#next++]!.trim();
      if (!line.endsWith('\\')) return value + line;
      value += line.slice(0, -1);
    }
    return value;
  }

  #takeComment(): string {
    const comment = this.#comment.trim();
    this.#comment = '';
    return comment;
  }

  #invalid(why: string): Error {
    const place = { ...(this.#file === undefined ? {} : { file: this.#file }), line: this.#next };
    return sopsError('SopsFileInvalid', `the INI file does not parse: line ${this.#next}: ${why}`, undefined, place);
  }
}

function newSection(name: string): Section {
  return { name, comment: '', keys: new Map() };
}

/** A section's comment is its first entry; a key's comment follows it. */
function sectionItems({ comment, keys }: Section): Mapping {
  const items: Item[] = [];
  if (comment !== '') items.push(commentItem(comment));
  for (const [name, key] of keys) {
    items.push({ key: name, value: key.value });
    if (key.comment !== '') items.push(commentItem(key.comment));
  }
  return new Mapping(items);
}

function commentItem(text: string): Item {
  const mark = text.startsWith(';') ? /^[; ]+/ : /^[# ]+/;
  return { key: new Comment(/^[;#]/.test(text) ? text.replace(mark, '') : text), value: null };
}

function unquoted(text: string): string {
  const quote = text[0];
  if (text.length < 2 || (quote !== '"' && quote !== "'") || text.indexOf(quote, 1) !== text.length - 1) return text;
  return text.slice(1, -1);
}
