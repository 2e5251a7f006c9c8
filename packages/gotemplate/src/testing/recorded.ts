import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesToString } from '../parse/literals.js';

import { parseGoDuration } from '../time/duration.js';
import { parseGoTime } from '../time/parse.js';
import {
  GoDuration,
  GoError,
  GoFloat32,
  goInt,
  JsonNumber,
  nilMap,
  nilSlice,
  typedMap,
  typedSlice,
  type GoValue,
  type IntKind,
} from '../values/values.js';

/** A recorded case of templates that the real text/template ran. */
export interface Recorded {
  readonly name: string;
  readonly template: string;
  readonly pre?: readonly [name: string, text: string][];
  readonly exec?: string;
  readonly data?: unknown;
  readonly numbers?: 'float64' | 'int' | 'int64';
  readonly funcs?: 'test' | 'sprig';
  readonly options?: readonly string[];
  readonly delims?: readonly [string, string];
  readonly mode?: 'parse' | 'empty';
  readonly tree?: string;
  readonly trees?: Record<string, string>;
  readonly expected?: string;
  readonly error?: string;
  readonly stage?: 'parse' | 'exec';
  readonly env?: Record<string, string>;
  readonly matcher?: string;
  readonly property?: Readonly<Record<string, unknown>> & { readonly kind: string };
}

const shared = join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared/conformance');

export function recordingFolder(area: string): string {
  return join(shared, area);
}

/** The recordings of an area, by file; none, and the reason, where they are not on this machine. */
export function recordings(area: string): {
  skip: string | false;
  files: readonly (readonly [file: string, cases: readonly Recorded[]])[];
} {
  const folder = recordingFolder(area);
  if (!existsSync(folder)) return { skip: '../shared/conformance is not there', files: [] };
  const names = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('helm_') && name !== 'functions.json');
  return {
    skip: false,
    files: names.map((name) => [name, (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { cases: Recorded[] }).cases] as const),
  };
}

/** The data of a case: JSON, with `{"$type": …}` for other types than JSON's. */
export function decodeData(data: unknown, numbers: Recorded['numbers'] = 'float64'): GoValue {
  if (data === undefined) return undefined;
  if (data === null) return null;
  if (typeof data === 'number') {
    return numbers === 'float64' || !Number.isInteger(data) ? data : goInt(data, numbers);
  }
  if (typeof data !== 'object') return data as GoValue;
  if (Array.isArray(data)) return data.map((item) => decodeData(item, numbers));
  const keys = Object.keys(data);
  const [only = ''] = keys;
  if (keys.length === 1 && only.startsWith('$')) return decodeTyped(only.slice(1), (data as Record<string, unknown>)[only]);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decodeData(value, numbers)]));
}

function decodeTyped(type: string, raw: unknown): GoValue {
  const text = typeof raw === 'string' ? raw : JSON.stringify(raw);
  const goType = type.replaceAll('any', 'interface {}');
  if (raw === null) return type.startsWith('map') ? nilMap(goType) : nilSlice(goType);
  switch (type) {
    case '[]uint8':
      return Uint8Array.from(Buffer.from(text, 'base64'));
    case 'string64':
      return bytesToString(Buffer.from(text, 'base64'));
    case 'json.Number':
      return new JsonNumber(text);
    case 'error':
      return new GoError(text);
    case 'time':
      return parseGoTime('2006-01-02T15:04:05Z07:00', text);
    case 'duration':
      return new GoDuration(parseGoDuration(text));
  }
  if (type.startsWith('[]'))
    return typedSlice(
      goType,
      (raw as unknown[]).map((item) => decodeScalar(type.slice(2), item)),
    );
  if (type.startsWith('map[')) {
    const pairs = (Array.isArray(raw) ? raw : Object.entries(raw as object)) as [string, unknown][];
    const element = type.replace(/^map\[\w+\]/, '');
    return typedMap(goType, Object.fromEntries(pairs.map(([key, value]) => [key, decodeScalar(element, value)])));
  }
  return decodeScalar(type, raw);
}

function decodeScalar(type: string, raw: unknown): GoValue {
  const text = typeof raw === 'string' ? raw : JSON.stringify(raw);
  switch (type) {
    case 'any':
      return decodeData(raw);
    case 'string':
      return text;
    case 'bool':
      return text === 'true';
    case 'float64':
      return Number(text.replace('Inf', 'Infinity'));
    case 'float32':
      return new GoFloat32(Number(text.replace('Inf', 'Infinity')));
    default:
      return goInt(BigInt(text), type as IntKind);
  }
}
