import { SluiceError, isJsonObject, setOwn } from '@sluice/core';
import { formatFloatG } from '@sluice/yaml';

/** What Go's structs say of a field: its type, and whether it is printed when empty. */
interface Field {
  readonly type: 'string' | 'boolean' | 'time' | 'strings' | 'map' | 'any' | Struct;
  readonly always?: true;
  /** YAML's numbers and booleans become text. Not so in the fields of a Chart.yaml: Helm embeds them, and its decoder does not look through. */
  readonly converts?: true;
}

/** A struct's fields in their order, taken apart once: an index has a million of them. */
interface Struct {
  readonly fields: readonly (readonly [name: string, field: Field])[];
  readonly names: ReadonlySet<string>;
}

function struct(fields: Readonly<Record<string, Field>>): Struct {
  return { fields: Object.entries(fields), names: new Set(Object.keys(fields)) };
}

const text: Field = { type: 'string' };
const texts: Field = { type: 'strings' };
const own: Field = { type: 'string', converts: true };
const truth: Field = { type: 'boolean' };
const annotations: Field = { type: 'map' };

const maintainer = struct({ name: text, email: text, url: text });
const dependency = struct({
  name: { ...text, always: true },
  version: text,
  repository: { ...text, always: true },
  condition: text,
  tags: texts,
  enabled: truth,
  'import-values': { type: 'any' },
  alias: text,
});

/** A chart's version in an index, in the order of Helm's struct. */
const chartVersion = struct({
  name: text,
  home: text,
  sources: texts,
  version: text,
  description: text,
  keywords: texts,
  maintainers: { type: maintainer },
  icon: text,
  apiVersion: text,
  condition: text,
  tags: text,
  appVersion: text,
  deprecated: truth,
  annotations,
  kubeVersion: text,
  dependencies: { type: dependency },
  type: text,
  urls: { ...texts, always: true, converts: true },
  created: { type: 'time', always: true },
  removed: truth,
  digest: own,
  checksum: own,
  engine: own,
  tillerVersion: own,
  url: own,
});

/** An index without its entries. */
const header = struct({
  serverInfo: { type: 'any' },
  apiVersion: own,
  generated: { type: 'time' },
  publicKeys: { ...texts, converts: true },
  annotations: { ...annotations, converts: true },
});

export interface ReadRules {
  /** In YAML unknown fields are errors, and some scalars become text, as with Helm. */
  readonly format: 'json' | 'yaml';
}

/**
 * Reads a chart's version. What is in the result is in the order in which it is printed; empty fields are left out.
 * `at` says where it is, should something be wrong.
 */
export function readChartVersion(value: unknown, at: () => string, rules: ReadRules): Record<string, unknown> {
  return placed(at, () => readStruct(chartVersion, value, rules));
}

export function readHeader(value: Record<string, unknown>, rules: ReadRules): Record<string, unknown> {
  return placed(
    () => 'the index',
    () => readStruct(header, value, rules),
  );
}

/** What is wrong, and where below the struct that is being read: the place is put together on the way up, where there is a fault. */
class Fault {
  readonly why: string;
  readonly place: string;

  constructor(why: string, place = '') {
    this.why = why;
    this.place = place;
  }
}

function placed<T>(at: () => string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new SluiceError('SourceAnswerInvalid', `failed to load index: ${at()}${error.place} ${error.why}`);
  }
}

const zeroTime = '0001-01-01T00:00:00Z';

function readStruct({ fields, names }: Struct, value: unknown, rules: ReadRules): Record<string, unknown> {
  if (!isJsonObject(value)) throw new Fault(`is ${describe(value)} and should be an object`);
  const result: Record<string, unknown> = {};
  if (rules.format === 'yaml') {
    for (const key in value) if (!names.has(key)) throw new Fault(`has the unknown field ${JSON.stringify(key)}`);
  }
  let current = '';
  try {
    for (const [key, field] of fields) {
      const given = Object.hasOwn(value, key) ? value[key] : undefined;
      if (given === undefined || given === null) {
        if (field.always === true) result[key] = field.type === 'time' ? zeroTime : field.type === 'string' ? '' : null;
        continue;
      }
      current = key;
      const read = readField(field, given, rules);
      if (field.always === true || (read !== '' && read !== false && !isEmpty(read))) result[key] = read;
    }
  } catch (error) {
    throw within(`: ${current}`, error);
  }
  return result;
}

/** The same fault, a level further up. */
function within(place: string, error: unknown): unknown {
  return error instanceof Fault ? new Fault(error.why, place + error.place) : error;
}

/** Reads the parts of something; a fault gets the name of its part. */
function each<T, R>(
  parts: Iterable<readonly [key: T, value: unknown]>,
  name: (key: T) => string,
  read: (value: unknown, key: T) => R,
): R[] {
  const results: R[] = [];
  for (const [key, value] of parts) {
    try {
      results.push(read(value, key));
    } catch (error) {
      throw within(name(key), error);
    }
  }
  return results;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

function readField({ type, converts }: Field, value: unknown, rules: ReadRules): unknown {
  const isLoose = rules.format === 'yaml' && converts === true;
  switch (type) {
    case 'any':
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw new Fault(`is ${describe(value)} and should be true or false`);
      return value;
    case 'string':
      return printable(readText(value, isLoose));
    case 'time':
      return readTime(readText(value, isLoose));
    case 'strings':
      return readList(value).map((item) => (item === null ? '' : printable(readText(item, isLoose))));
    case 'map': {
      if (!isJsonObject(value)) throw new Fault(`is ${describe(value)} and should be an object`);
      const result: Record<string, string> = {};
      const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      each(
        entries,
        (key) => `.${key}`,
        (item, key) => setOwn(result, key, item === null ? '' : readText(item, isLoose)),
      );
      return result;
    }
    default:
      return each(
        readList(value).entries(),
        (index) => `[${index}]`,
        (item) => (item === null ? null : readStruct(type, item, rules)),
      );
  }
}

function readList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Fault(`is ${describe(value)} and should be a list`);
  return value;
}

function readText(value: unknown, isLoose: boolean): string {
  if (typeof value === 'string') return value;
  if (isLoose) {
    if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
    if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : formatFloatG(value);
  }
  throw new Fault(`is ${describe(value)} and should be text: put it in quotes`);
}

/** An instant, as Go prints it again: no trailing zeros, and nine digits of a second at most. */
function readTime(time: string): string {
  const [, date, fraction = '', zone = ''] =
    /^(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  if (date === undefined || Number.isNaN(Date.parse(`${date}Z`))) {
    throw new Fault(`is ${JSON.stringify(time.slice(0, 100))} and should be a time like 2006-01-02T15:04:05Z`);
  }
  const digits = fraction.slice(0, 9).replace(/0+$/, '');
  return `${date}${digits === '' ? '' : `.${digits}`}${zone === '+00:00' ? 'Z' : zone}`;
}

const plain = /^[ -~]*$/;

/** Blanks become spaces, and what can't be printed goes, as with Helm. */
function printable(value: string): string {
  return plain.test(value) ? value : value.replaceAll(/[\t-\r\u0085\p{Z}]/gu, ' ').replaceAll(/\p{C}/gu, '');
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (typeof value === 'boolean') return `the boolean ${value}`;
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 100))}`;
  return value === null ? 'nothing' : 'an object';
}
