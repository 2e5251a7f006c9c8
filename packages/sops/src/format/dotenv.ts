import { formatFloatG } from '@sluice/yaml';
import { sopsError } from '../error.js';
import { Comment, Mapping, Timestamp, scalarBytes, textOf, type Item, type Value } from '../tree.js';

const LF = 10;

/** `KEY=value` lines as they stand there, quotes included; `\n` in a value is a line break. */
export function readDotenv(bytes: Uint8Array, file?: string): Mapping {
  const items: Item[] = [];
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const next = bytes.indexOf(LF, start);
    const end = next < 0 ? bytes.length : next;
    if (end > start) items.push(readLine(bytes.subarray(start, end), line, file));
    start = end + 1;
  }
  return new Mapping(items);
}

function readLine(bytes: Uint8Array, line: number, file: string | undefined): Item {
  // Bytes that are no UTF-8 have to come out again as they are.
  const text = textOf(bytes);
  if (text[0] === '#' || text[0] === 35)
    return { key: new Comment(String(typeof text === 'string' ? text.slice(1) : Buffer.from(text.subarray(1)))), value: null };
  const equals = typeof text === 'string' ? text.indexOf('=') : text.indexOf(61);
  if (equals < 0) {
    const place = { ...(file === undefined ? {} : { file }), line };
    throw sopsError('SopsFileInvalid', `line ${line} of the environment file has no "=": write KEY=value`, undefined, place);
  }
  if (typeof text !== 'string') {
    const value = replaced(text.subarray(equals + 1), String.raw`\n`, '\n');
    return { key: Buffer.from(text.subarray(0, equals)).toString('utf8'), value };
  }
  return { key: text.slice(0, equals), value: text.slice(equals + 1).replaceAll(String.raw`\n`, '\n') };
}

export function printDotenv({ items }: Mapping): Buffer {
  return Buffer.concat(
    items.map(({ key, value }) => {
      if (key instanceof Comment) return Buffer.from(`#${key.text}\n`);
      if (value instanceof Uint8Array)
        return Buffer.concat([Buffer.from(`${key}=`), replaced(value, '\n', String.raw`\n`), Buffer.from('\n')]);
      return Buffer.from(`${key}=${flatText(key, value).replaceAll('\n', String.raw`\n`)}\n`);
    }),
  );
}

/** Bytes with one text put in the place of another. */
function replaced(bytes: Uint8Array, from: string, to: string): Buffer {
  return Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll(from, to), 'latin1');
}

/** A value in a format that has strings alone. */
export function flatText(key: string, value: Value): string {
  if (value instanceof Mapping || Array.isArray(value)) {
    throw sopsError('SopsFileInvalid', `the value of ${JSON.stringify(key)} is a mapping or a list: this format has single values only`);
  }
  if (typeof value === 'string') return value;
  if (value === null) return '<nil>';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return floatText(value);
  if (value instanceof Comment) return value.text;
  if (value instanceof Timestamp) return value.text.replace(/\.\d+/, '');
  return Buffer.from(scalarBytes(value)).toString('utf8');
}

/** With a decimal point, so that it is read as a float again. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value < 0 ? '-Inf' : '+Inf';
  const text = formatFloatG(value).toUpperCase();
  return text.includes('.') || text.includes('E') ? text : `${text}.0`;
}
