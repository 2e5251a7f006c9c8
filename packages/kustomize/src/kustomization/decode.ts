import { SluiceError, isJsonObject, setOwn, type ErrorPlace, type Json } from '@sluice/core';
import { formatFloatG, parseYamlNodes, type YamlNode } from '@sluice/yaml';

/**
 * Decodes JSON into typed values as Go's encoding/json does, whose rules and messages people know: names match whatever
 * their case, null is the same as absent, and a wrong type names the field.
 */
export interface Decoder<T> {
  /** The type in Go's words. */
  readonly type: string;
  /** What stands for null inside a list. */
  readonly zero: T;
  decode(value: Json, at: Where): T | undefined;
}

export type Decoded<D> = D extends Decoder<infer T> ? T : never;

/** Where in a document a decoder is. */
export interface Where {
  /** Field names down to here. */
  readonly path: readonly string[];
  /** The struct that the last field belongs to; undefined at the top. */
  readonly struct: string | undefined;
  /** Whether an unknown field is an error. */
  readonly isStrict: boolean;
  /** Whether numbers and booleans become strings where strings are wanted. */
  readonly coerces: boolean;
  /** Where unknown fields are noted that are no error. */
  readonly unknownFields?: string[];
}

/** A fault found by a decoder: the message in Go's words, and the path to the field. */
export class DecodeError extends Error {
  readonly path: readonly string[];

  constructor(message: string, path: readonly string[]) {
    super(message);
    this.path = path;
  }
}

function mismatch(value: Json, type: string, at: Where): DecodeError {
  const found =
    value === null
      ? 'null'
      : Array.isArray(value)
        ? 'array'
        : typeof value === 'boolean'
          ? 'bool'
          : typeof value === 'bigint'
            ? 'number'
            : typeof value;
  const names = at.path.filter((name) => !/^\d+$/.test(name)).join('.');
  const target = at.struct === undefined ? `Go value of type ${type}` : `Go struct field ${at.struct}.${names} of type ${type}`;
  return new DecodeError(`json: cannot unmarshal ${found} into ${target}`, at.path);
}

export const string: Decoder<string> = {
  type: 'string',
  zero: '',
  decode(value, at) {
    if (value === null) return undefined;
    if (typeof value === 'string') return value;
    if (!at.coerces || typeof value === 'object') throw mismatch(value, 'string', at);
    return typeof value === 'number' ? formatFloatG(value) : String(value);
  },
};

export const boolean: Decoder<boolean> = {
  type: 'bool',
  zero: false,
  decode(value, at) {
    if (value === null) return undefined;
    if (typeof value !== 'boolean') throw mismatch(value, 'bool', at);
    return value;
  },
};

export const integer: Decoder<number> = {
  type: 'int64',
  zero: 0,
  decode(value, at) {
    if (value === null) return undefined;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value !== 'number') throw mismatch(value, 'int64', at);
    if (!Number.isInteger(value))
      throw new DecodeError(mismatch(value, 'int64', at).message.replace('unmarshal number', `unmarshal number ${value}`), at.path);
    return value;
  },
};

export const anything: Decoder<Json> = { type: 'interface {}', zero: null, decode: (value) => value ?? undefined };

export function arrayOf<T>(element: Decoder<T>): Decoder<readonly T[]> {
  const type = `[]${element.type}`;
  return {
    type,
    zero: [],
    decode(value, at) {
      if (value === null) return undefined;
      if (!Array.isArray(value)) throw mismatch(value, type, at);
      return value.map((item: Json, index) => element.decode(item, { ...at, path: [...at.path, String(index)] }) ?? element.zero);
    },
  };
}

export function mapOf<T>(element: Decoder<T>): Decoder<Readonly<Record<string, T>>> {
  const type = `map[string]${element.type}`;
  return {
    type,
    zero: {},
    decode(value, at) {
      if (value === null) return undefined;
      if (!isJsonObject(value)) throw mismatch(value, type, at);
      const result: Record<string, T> = {};
      for (const key of Object.keys(value)) setOwn(result, key, element.decode(value[key] as Json, at) ?? element.zero);
      return result;
    },
  };
}

type Fields = Readonly<Record<string, Decoder<unknown>>>;

/** The struct of that name. Fields that a document does not have are absent from the result. */
export function object<F extends Fields>(struct: string, fields: F): Decoder<{ readonly [K in keyof F]?: Decoded<F[K]> }> {
  const byFoldedName = new Map(Object.entries(fields).map(([name, decoder]) => [name.toLowerCase(), { name, decoder }]));
  return {
    type: `types.${struct}`,
    zero: {},
    decode(value, at) {
      if (value === null) return undefined;
      if (!isJsonObject(value)) throw mismatch(value, `types.${struct}`, at);
      const result: Record<string, unknown> = {};
      for (const key of Object.keys(value)) {
        const field = byFoldedName.get(key.toLowerCase());
        if (field === undefined) {
          if (at.isStrict) throw new DecodeError(`json: unknown field ${JSON.stringify(key)}`, [...at.path, key]);
          at.unknownFields?.push([...at.path, key].join('.'));
          continue;
        }
        const decoded = field.decoder.decode(value[key] as Json, { ...at, struct, path: [...at.path, field.name] });
        if (decoded !== undefined) result[field.name] = decoded;
      }
      return result as { [K in keyof F]?: Decoded<F[K]> };
    },
  };
}

/** Decodes a whole document. A fault becomes an error that names the file, the line and the field. */
export function decodeDocument<T>(
  decoder: Decoder<T>,
  value: Json,
  options: {
    readonly isStrict: boolean;
    readonly coerces?: boolean;
    readonly prefix: string;
    readonly file?: string;
    readonly text?: string;
    readonly unknownFields?: string[];
  },
): T {
  try {
    return (
      decoder.decode(value, {
        path: [],
        struct: undefined,
        isStrict: options.isStrict,
        coerces: options.coerces ?? false,
        ...(options.unknownFields === undefined ? {} : { unknownFields: options.unknownFields }),
      }) ?? decoder.zero
    );
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const line = options.text === undefined ? undefined : lineOfField(options.text, error.path);
    const place: ErrorPlace = { ...(options.file === undefined ? {} : { file: options.file }), ...(line === undefined ? {} : { line }) };
    throw new SluiceError('KustomizationInvalid', `${options.prefix}${error.message}`, { cause: error, place });
  }
}

/** The line on which the field at a path stands, or the last one of the path that does. */
export function lineOfField(text: string, path: readonly string[]): number | undefined {
  let node: YamlNode | undefined;
  try {
    node = parseYamlNodes(text)[0]?.root;
  } catch {
    return undefined;
  }
  let line = node?.line;
  for (const name of path) {
    if (node?.kind === 'alias') node = node.target;
    if (node?.kind === 'sequence') node = node.items[Number(name)];
    else if (node?.kind === 'mapping') {
      const entry = node.entries.find(({ key }) => key.kind === 'scalar' && key.value.toLowerCase() === name.toLowerCase());
      line = entry?.key.line ?? line;
      node = entry?.value;
      continue;
    }
    line = node?.line ?? line;
  }
  return line;
}
