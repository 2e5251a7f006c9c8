import { formatDuration, parseDuration } from '@sluice/core';

export type FlagType = 'bool' | 'string' | 'int' | 'float32' | 'duration' | 'stringArray' | 'strings' | 'stringToString';

export interface FlagSpec {
  readonly name: string;
  readonly shorthand?: string;
  readonly type: FlagType;
  readonly usage: string;
  /** As it is typed. What `--help` shows, unless it is the type's zero. */
  readonly default?: string;
  /** The values that are allowed. */
  readonly oneOf?: readonly string[];
  /** What `--help` calls the type; by default the type, or the values that are allowed. */
  readonly typeName?: string;
  /** Makes what was typed into the value that is meant. Throws what is wrong with it. */
  readonly accept?: (text: string) => string;
  readonly hidden?: boolean;
  /** What to say to those who give the flag: why it is no longer needed. It is hidden, too. */
  readonly deprecated?: string;
  /** What it is when it is given without a value; such a flag takes a value only after `=`. */
  readonly bare?: string;
  /** Whether it says how the cluster is reached. Commands may have flags of such names that mean something else. */
  readonly isConnection?: boolean;
}

type FlagValue = boolean | string | number | readonly string[];

/** The values of a command's flags, by name, with defaults filled in. */
export class FlagValues {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #set = new Map<string, FlagValue>();

  constructor(specs: Iterable<FlagSpec>) {
    this.#specs = new Map(Array.from(specs, (spec) => [spec.name, spec]));
  }

  /** Whether the flag was on the command line. */
  changed(name: string): boolean {
    return this.#set.has(name);
  }

  /** The text of a flag that says how the cluster is reached; undefined when it was not given, or is another of that name. */
  connection(name: string): string | undefined {
    const spec = this.#specs.get(name);
    if (spec?.isConnection !== true) return undefined;
    const value = this.#value(name);
    return value === '' || value === false ? undefined : String(value);
  }

  /** Whether the command has such a flag. */
  has(name: string): boolean {
    return this.#specs.has(name);
  }

  /** The same values, with one flag as if it had been given. */
  with(name: string, text: string): FlagValues {
    const copy = new FlagValues(this.#specs.values());
    for (const [key, value] of this.#set) copy.#set.set(key, value);
    const spec = this.#specs.get(name);
    if (spec !== undefined) copy.set(spec, text);
    return copy;
  }

  /** The same values, less one flag. */
  without(name: string): FlagValues {
    const copy = new FlagValues([...this.#specs.values()].filter((spec) => spec.name !== name));
    for (const [key, value] of this.#set) if (key !== name) copy.#set.set(key, value);
    return copy;
  }

  bool(name: string): boolean {
    return this.#value(name) === true;
  }

  string(name: string): string {
    return String(this.#value(name));
  }

  /** An `int` or `float32`; a `duration` in milliseconds. */
  number(name: string): number {
    return Number(this.#value(name));
  }

  /** A list; of `stringToString`, its `key=value` pairs. */
  list(name: string): readonly string[] {
    return this.#value(name) as readonly string[];
  }

  /** A `stringToString`, in the order it was given. */
  pairs(name: string): ReadonlyMap<string, string> {
    return new Map(this.list(name).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  }

  /** Sets a flag from the text that was typed. Throws an error with pflag's text. */
  set(spec: FlagSpec, text: string): void {
    let value: FlagValue;
    try {
      value = parseValue(spec, text);
    } catch (error) {
      const shown = spec.shorthand === undefined ? `--${spec.name}` : `-${spec.shorthand}, --${spec.name}`;
      throw new Error(`invalid argument ${JSON.stringify(text)} for ${JSON.stringify(shown)} flag: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const before = this.#set.get(spec.name);
    this.#set.set(spec.name, Array.isArray(value) && Array.isArray(before) ? [...(before as string[]), ...(value as string[])] : value);
  }

  #value(name: string): FlagValue {
    const set = this.#set.get(name);
    if (set !== undefined) return set;
    const spec = this.#specs.get(name);
    if (spec === undefined) throw new Error(`the command has no flag --${name}`);
    return spec.default === undefined ? ZERO[spec.type] : parseValue(spec, spec.default);
  }
}

const ZERO: Readonly<Record<FlagType, FlagValue>> = {
  bool: false,
  string: '',
  int: 0,
  float32: 0,
  duration: 0,
  stringArray: [],
  strings: [],
  stringToString: [],
};

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

function parseValue(spec: FlagSpec, typed: string): FlagValue {
  const text = spec.accept === undefined ? typed : spec.accept(typed);
  if (spec.oneOf !== undefined && !spec.oneOf.includes(text)) throw new Error(`must be one of: ${spec.oneOf.join(', ')}`);
  switch (spec.type) {
    case 'bool': {
      const value = BOOLEANS.get(text);
      if (value === undefined) throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
      return value;
    }
    case 'string':
      return text;
    case 'int':
      if (!/^[-+]?\d+$/.test(text)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
      return Number(text);
    case 'float32':
      if (text.trim() === '' || Number.isNaN(Number(text)))
        throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
      return Number(text);
    case 'duration':
      return parseDuration(text);
    case 'stringArray':
      return [text];
    case 'strings':
      return csvFields(text);
    case 'stringToString':
      return csvFields(text).map((pair) => {
        if (!pair.includes('=')) throw new Error(`${pair} must be formatted as key=value`);
        return pair;
      });
  }
}

/** The fields of a line of comma-separated values; a field in double quotes may have commas. */
function csvFields(line: string): string[] {
  if (line === '') return [];
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const at = field.lastIndex;
    const match = field.exec(line);
    if (match === null) throw new Error(`parse error on line 1, column ${at + 1}: bare or unclosed " in a field`);
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') return fields;
  }
}

/** A flag's type as `--help` shows it. */
export function shownType({ type, typeName, oneOf }: FlagSpec): string {
  if (type === 'bool') return '';
  return ` ${typeName ?? oneOf?.join('|') ?? type}`;
}

/** A flag's default as `--help` shows it; empty for a type's zero. */
export function shownDefault(spec: FlagSpec): string {
  if (spec.default === undefined || spec.default === '') return '';
  if (spec.type === 'string' && spec.typeName === undefined && spec.oneOf === undefined)
    return ` (default ${JSON.stringify(spec.default)})`;
  if (spec.type === 'strings') return ` (default [${spec.default}])`;
  if (spec.type === 'duration') return ` (default ${formatDuration(parseDuration(spec.default))})`;
  return ` (default ${spec.default})`;
}
