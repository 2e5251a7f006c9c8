import { readData } from '../data.js';

export interface MessageField {
  readonly name: string;
  readonly shape: 'single' | 'list' | 'map';
  /** `string`, `int64`, … or the name of a message. */
  readonly type: string;
}

let source: Readonly<Record<string, string>> | undefined;
const read = new Map<string, ReadonlyMap<number, MessageField>>();

/** The fields of a message by number; undefined when there is no such message. Written `1 name string|2 items []core.v1.Pod|3 labels {}string`. */
export function messageFields(name: string): ReadonlyMap<number, MessageField> | undefined {
  source ??= readData('protobuf') as Record<string, string>;
  const known = read.get(name);
  if (known !== undefined) return known;
  const line = Object.hasOwn(source, name) ? source[name] : undefined;
  if (line === undefined) return undefined;
  const fields = new Map<number, MessageField>();
  for (const field of line === '' ? [] : line.split('|')) {
    const [number = '', fieldName = '', type = ''] = field.split(' ');
    const shape = type.startsWith('[]') ? 'list' : type.startsWith('{}') ? 'map' : 'single';
    fields.set(Number(number), { name: fieldName, shape, type: shape === 'single' ? type : type.slice(2) });
  }
  read.set(name, fields);
  return fields;
}
