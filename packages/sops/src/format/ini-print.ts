import { sopsError } from '../error.js';
import { Comment, Mapping } from '../tree.js';
import { flatText } from './dotenv.js';
import { DEFAULT_SECTION } from './ini-read.js';

interface Key {
  text: string;
  comment: string;
}

/** Sections as gopkg.in/ini.v1 writes them: an empty line between them, the equals signs of each one below each other. */
export function printIni({ items }: Mapping): string {
  const sections = items.flatMap(({ key, value }) => {
    if (key instanceof Comment) return [];
    if (value instanceof Mapping) return [{ name: key, value }];
    throw sopsError('SopsFileInvalid', `the value of ${JSON.stringify(key)} is not a section: an INI file has sections of single values`);
  });
  return sections
    .map(({ name, value }, index) => {
      const { comment, keys } = keysOf(value);
      const heading = commentLines(comment);
      if (index > 0 || name.toUpperCase() !== DEFAULT_SECTION) heading.push(`[${name}]`);
      else if (keys.size === 0) return heading.map((line) => `${line}\n`).join('');
      const lines = [...heading, ...keyLines(keys)].map((line) => `${line}\n`).join('');
      return index < sections.length - 1 ? `${lines}\n` : lines;
    })
    .join('');
}

/** The comment of a section is what stands in it first; a comment below a key is about the key. */
function keysOf(section: Mapping): { comment: string; keys: Map<string, Key> } {
  const keys = new Map<string, Key>();
  let comment = '';
  let last: Key | undefined;
  for (const [index, { key, value }] of section.items.entries()) {
    if (key instanceof Comment) {
      if (index === 0) comment = key.text;
      else if (last !== undefined) last.comment = key.text;
      continue;
    }
    last = keys.get(key) ?? { text: '', comment: '' };
    last.text = flatText(key, value);
    keys.set(key, last);
  }
  return { comment, keys };
}

function keyLines(keys: ReadonlyMap<string, Key>): string[] {
  let width = 0;
  for (const name of keys.keys()) width = Math.max(width, Buffer.byteLength(keyText(name)));
  return [...keys].flatMap(([name, { text, comment }]) => [
    ...commentLines(comment),
    `${keyText(name)}${' '.repeat(width - Buffer.byteLength(keyText(name)))} = ${valueText(text)}`,
  ]);
}

function keyText(name: string): string {
  if (/["=:]/.test(name)) return `\`${name}\``;
  return name.includes('`') ? `"""${name}"""` : name;
}

function valueText(text: string): string {
  if (/[\n`]/.test(text)) return `"""${text}"""`;
  if (/[#;]/.test(text)) return `\`${text}\``;
  return text.trim() === text ? text : `"${text}"`;
}

function commentLines(comment: string): string[] {
  if (comment === '') return [];
  return comment.split('\n').map((line) => (/^[#;]/.test(line) ? `${line[0]} ${line.slice(1).trim()}` : `; ${line.trim()}`));
}
