import { SluiceError, isJsonObject, setOwn } from '@sluice/core';
import { formatFloatG } from '@sluice/yaml';

/** What Go's structs say of a field: its type, and whether it is printed when empty. */
interface Field {
  readonly type: 'string' | 'boolean' | 'time' | 'strings' | 'map' | 'any' | readonly Fields[];
  readonly always?: true;
  /** YAML's numbers and booleans become text. Not so in the fields of a Chart.yaml: Helm embeds them, and its decoder does not look through. */
  readonly converts?: true;
}
type Fields = Readonly<Record<string, Field>>;

const text: Field = { type: 'string' };
const texts: Field = { type: 'strings' };
const own: Field = { type: 'string', converts: true };
const truth: Field = { type: 'boolean' };
const annotations: Field = { type: 'map' };

const maintainer: Fields = { name: text, email: text, url: text };
const dependency: Fields = {
  name: { ...text, always: true },
  version: text,
  repository: { ...text, always: true },
  condition: text,
  tags: texts,
  enabled: truth,
  'import-values': { type: 'any' },
  alias: text,
};

/** A chart's version in an index, in the order of Helm's struct. */
const chartVersion: Fields = {
  name: text,
  home: text,
  sources: texts,
  version: text,
  description: text,
  keywords: texts,
  maintainers: { type: [maintainer] },
  icon: text,
  apiVersion: text,
  condition: text,
  tags: text,
  appVersion: text,
  deprecated: truth,
  annotations,
  kubeVersion: text,
  dependencies: { type: [dependency] },
  type: text,
  urls: { ...texts, always: true, converts: true },
  created: { type: 'time', always: true },
  removed: truth,
  digest: own,
  checksum: own,
  engine: own,
  tillerVersion: own,
  url: own,
};

/** An index without its entries. */
const header: Fields = {
  serverInfo: { type: 'any' },
  apiVersion: own,
  generated: { type: 'time' },
  publicKeys: { ...texts, converts: true },
  annotations: { ...annotations, converts: true },
};

export interface ReadRules {
  /** In YAML unknown fields are errors, and some scalars become text, as with Helm. */
  readonly format: 'json' | 'yaml';
}

/** Reads a chart's version. What is in the result is in the order in which it is printed; empty fields are left out. */
export function readChartVersion(value: unknown, at: string, rules: ReadRules): Record<string, unknown> {
  return readStruct(chartVersion, value, at, rules);
}

export function readHeader(value: Record<string, unknown>, rules: ReadRules): Record<string, unknown> {
  return readStruct(header, value, 'the index', rules);
}

const zeroTime = '0001-01-01T00:00:00Z';

function readStruct(fields: Fields, value: unknown, at: string, rules: ReadRules): Record<string, unknown> {
  if (!isJsonObject(value)) throw invalid(at, `is ${describe(value)} and should be an object`);
  const result: Record<string, unknown> = {};
  if (rules.format === 'yaml') {
    for (const key of Object.keys(value))
      if (!Object.hasOwn(fields, key)) throw invalid(at, `has the unknown field ${JSON.stringify(key)}`);
  }
  for (const [key, field] of Object.entries(fields)) {
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    const read = given === undefined || given === null ? undefined : readField(field, given, `${at}: ${key}`, rules);
    if (field.always === true) result[key] = read ?? (field.type === 'time' ? zeroTime : field.type === 'string' ? '' : null);
    else if (read !== undefined && read !== '' && read !== false && !isEmpty(read)) result[key] = read;
  }
  return result;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

function readField({ type, converts }: Field, value: unknown, at: string, rules: ReadRules): unknown {
  const isLoose = rules.format === 'yaml' && converts === true;
  switch (type) {
    case 'any':
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw invalid(at, `is ${describe(value)} and should be true or false`);
      return value;
    case 'string':
      return printable(readText(value, at, isLoose));
    case 'time':
      return readTime(readText(value, at, isLoose), at);
    case 'strings':
      return readList(value, at).map((each) => (each === null ? '' : printable(readText(each, at, isLoose))));
    case 'map': {
      if (!isJsonObject(value)) throw invalid(at, `is ${describe(value)} and should be an object`);
      const result: Record<string, string> = {};
      const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      for (const key of keys) setOwn(result, key, value[key] === null ? '' : readText(value[key], `${at}.${key}`, isLoose));
      return result;
    }
    default:
      return readList(value, at).map((each, index) => (each === null ? null : readStruct(type[0] ?? {}, each, `${at}[${index}]`, rules)));
  }
}

function readList(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(at, `is ${describe(value)} and should be a list`);
  return value;
}

function readText(value: unknown, at: string, isLoose: boolean): string {
  if (typeof value === 'string') return value;
  if (isLoose) {
    if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
    if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : formatFloatG(value);
  }
  throw invalid(at, `is ${describe(value)} and should be text: put it in quotes`);
}

/** An instant, as Go prints it again: no trailing zeros, and nine digits of a second at most. */
function readTime(time: string, at: string): string {
  const [, date, fraction = '', zone = ''] =
    /^(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  if (date === undefined || Number.isNaN(Date.parse(`${date}Z`))) {
    throw invalid(at, `is ${JSON.stringify(time.slice(0, 100))} and should be a time like 2006-01-02T15:04:05Z`);
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

function invalid(at: string, why: string): SluiceError {
  return new SluiceError('SourceAnswerInvalid', `failed to load index: ${at} ${why}`);
}
