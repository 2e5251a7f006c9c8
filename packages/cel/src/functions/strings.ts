import { CelError } from '../error.js';
import { compileRegex } from '../regex.js';
import { bytes, int, listOf, string } from '../types.js';
import { CelList } from '../values.js';
import { LibraryBuilder } from './registry.js';
import { format } from './show.js';

/** The strings extension, encoders, and Kubernetes' regex functions. Positions count characters, not UTF-16 units. */
export const stringsLibrary = new LibraryBuilder()
  .method('charAt', ['string', 'int'], string, ([text, index]: [string, bigint]) => {
    const characters = Array.from(text);
    if (index < 0n || index > characters.length) throw new CelError(`index out of range: ${index}`);
    return characters[Number(index)] ?? '';
  })
  .method('indexOf', ['string', 'string'], int, ([text, part]: [string, string]) => indexOf(text, part, 0n))
  .method('indexOf', ['string', 'string', 'int'], int, ([text, part, from]: [string, string, bigint]) => indexOf(text, part, from))
  .method('lastIndexOf', ['string', 'string'], int, ([text, part]: [string, string]) => position(text, text.lastIndexOf(part)))
  .method('lastIndexOf', ['string', 'string', 'int'], int, ([text, part, from]: [string, string, bigint]) => {
    const start = Array.from(text).slice(0, Number(from)).join('').length;
    return position(text, text.lastIndexOf(part, start));
  })
  .method('join', ['list'], string, ([list]: [CelList]) => texts(list).join(''))
  .method('join', ['list', 'string'], string, ([list, separator]: [CelList, string]) => texts(list).join(separator))
  .method('lowerAscii', ['string'], string, ([text]: [string]) => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()))
  .method('upperAscii', ['string'], string, ([text]: [string]) => text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase()))
  .method('replace', ['string', 'string', 'string'], string, ([text, from, to]: [string, string, string]) => replace(text, from, to, -1n))
  .method('replace', ['string', 'string', 'string', 'int'], string, ([text, from, to, limit]: [string, string, string, bigint]) =>
    replace(text, from, to, limit),
  )
  .method('split', ['string', 'string'], listOf(string), ([text, separator]: [string, string]) => new CelList(split(text, separator, -1n)))
  .method(
    'split',
    ['string', 'string', 'int'],
    listOf(string),
    ([text, separator, limit]: [string, string, bigint]) => new CelList(split(text, separator, limit)),
  )
  .method('substring', ['string', 'int'], string, ([text, from]: [string, bigint]) => substring(text, from, undefined))
  .method('substring', ['string', 'int', 'int'], string, ([text, from, to]: [string, bigint, bigint]) => substring(text, from, to))
  .method('trim', ['string'], string, ([text]: [string]) => text.trim())
  .method('reverse', ['string'], string, ([text]: [string]) => Array.from(text).reverse().join(''))
  .method('format', ['string', 'list'], string, ([pattern, args]: [string, CelList]) => format(pattern, args))
  .fn('strings.quote', ['string'], string, ([text]: [string]) => quote(text))
  .fn('base64.encode', ['bytes'], string, ([data]: [Uint8Array]) => Buffer.from(data).toString('base64'))
  .fn('base64.decode', ['string'], bytes, ([text]: [string]) => {
    const plain = text.replace(/=+$/, '');
    if (!/^[A-Za-z0-9+/]*$/.test(plain)) throw new CelError('illegal base64 data');
    return new Uint8Array(Buffer.from(plain, 'base64'));
  })
  .method('find', ['string', 'string'], string, ([text, pattern]: [string, string], context) => {
    context.spend(1 + (text.length * pattern.length) / 40);
    const matcher = compileRegex(pattern).matcher(text);
    return matcher.find() ? (matcher.group() ?? '') : '';
  })
  .method('findAll', ['string', 'string'], listOf(string), ([text, pattern]: [string, string], context) => {
    context.spend(1 + (text.length * pattern.length) / 40);
    return new CelList(findAll(text, pattern, -1n));
  })
  .method('findAll', ['string', 'string', 'int'], listOf(string), ([text, pattern, limit]: [string, string, bigint], context) => {
    context.spend(1 + (text.length * pattern.length) / 40);
    return new CelList(findAll(text, pattern, limit));
  })
  .build();

function texts(list: CelList): string[] {
  return [...list].map((item) => {
    if (typeof item !== 'string') throw new CelError('no such overload: join');
    return item;
  });
}

function indexOf(text: string, part: string, from: bigint): bigint {
  const characters = Array.from(text);
  if (from < 0n || from > characters.length) throw new CelError(`index out of range: ${from}`);
  return position(text, text.indexOf(part, characters.slice(0, Number(from)).join('').length));
}

function position(text: string, index: number): bigint {
  return BigInt(index < 0 ? -1 : Array.from(text.slice(0, index)).length);
}

function replace(text: string, from: string, to: string, limit: bigint): string {
  if (limit < 0n) return text.replaceAll(from, () => to);
  const pieces = text.split(from);
  const count = Math.min(Number(limit), pieces.length - 1);
  return [...pieces.slice(0, count).map((piece) => piece + to), pieces.slice(count).join(from)].join('');
}

function split(text: string, separator: string, limit: bigint): string[] {
  if (limit === 0n) return [];
  const pieces = separator === '' ? Array.from(text) : text.split(separator);
  if (limit < 0n || pieces.length <= limit) return pieces;
  const count = Number(limit) - 1;
  return [...pieces.slice(0, count), pieces.slice(count).join(separator)];
}

function substring(text: string, from: bigint, to: bigint | undefined): string {
  const characters = Array.from(text);
  const end = to ?? BigInt(characters.length);
  if (from < 0n || from > characters.length) throw new CelError(`index out of range: ${from}`);
  if (end < 0n || end > characters.length) throw new CelError(`index out of range: ${end}`);
  if (from > end) throw new CelError(`invalid substring range. start: ${from}, end: ${end}`);
  return characters.slice(Number(from), Number(end)).join('');
}

const escapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function quote(text: string): string {
  return `"${Array.from(text, (character) => escapes[character] ?? character).join('')}"`;
}

function findAll(text: string, pattern: string, limit: bigint): string[] {
  const matcher = compileRegex(pattern).matcher(text);
  const found: string[] = [];
  const most = limit < 0n ? Infinity : Number(limit);
  for (; found.length < most && matcher.find();) found.push(matcher.group() ?? '');
  return found;
}
