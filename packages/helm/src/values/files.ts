import { SluiceError, errorMessage, type Json } from '@sluice/core';
import { decodeJson } from '@sluice/gotemplate';
import { YamlError, parseYaml } from '@sluice/yaml';
import type { HelmVersion } from '../version.js';
import { setValues } from './set.js';
import { isTable, mergeValues, type Values } from './values.js';

/** Values files and flags of a command line. Files are their content, with the name that they are known by. */
export interface ValuesSources {
  readonly files?: readonly { readonly name: string; readonly content: string | Uint8Array }[];
  /** `--set-json`. */
  readonly json?: readonly string[];
  /** `--set`. */
  readonly set?: readonly string[];
  /** `--set-string`. */
  readonly string?: readonly string[];
  /** `--set-file`: the names are read by `readFile`. */
  readonly file?: readonly string[];
  /** `--set-literal`. */
  readonly literal?: readonly string[];
  readonly readFile?: (name: string) => string;
}

/** The values that files and flags make together: files in their order, then the flags, kind by kind. */
export function collectValues(sources: ValuesSources, helm: HelmVersion = 4): Values {
  let values: Values = {};
  for (const { name, content } of sources.files ?? []) {
    try {
      values = mergeValues(values, parseValues(content, helm));
    } catch (error) {
      throw prefixed(`failed to parse ${name}: `, error);
    }
  }
  for (const text of sources.json ?? []) values = setJson(values, text, helm);
  setAll('set', sources.set, (text) => setValues(values, text, 'set'));
  setAll('set-string', sources.string, (text) => setValues(values, text, 'string'));
  const { readFile } = sources;
  setAll('set-file', sources.file, (text) => {
    if (readFile === undefined) throw new SluiceError('ValuesInvalid', 'files cannot be read here');
    setValues(values, text, 'set', readFile);
  });
  setAll('set-literal', sources.literal, (text) => setValues(values, text, 'literal'));
  return values;
}

/** Applies a flag's texts one after the other; errors name the flag. */
function setAll(flag: string, texts: readonly string[] | undefined, apply: (text: string) => void): void {
  for (const text of texts ?? []) {
    try {
      apply(text);
    } catch (error) {
      throw prefixed(`failed parsing --${flag} data: `, error);
    }
  }
}

/**
 * The values of a YAML text, which must be a table. Helm 3 reads the first document only, Helm 4 merges all of them.
 */
export function parseValues(content: string | Uint8Array, helm: HelmVersion): Values {
  if (helm === 3) return valuesTable(content);
  const text = typeof content === 'string' ? content : new TextDecoder('utf-8', { fatal: false }).decode(content);
  // Most files have one document; only a line that begins with `---` can begin another.
  if (!/^---/m.test(text)) return read(content);
  let values: Values = {};
  for (const document of text.split(/\n---[^\n]*(?:\n|$)/)) values = mergeValues(values, read(document));
  return values;

  function read(document: string | Uint8Array): Values {
    try {
      return valuesTable(document);
    } catch (error) {
      throw prefixed('cannot unmarshal yaml document: ', error);
    }
  }
}

function valuesTable(content: string | Uint8Array): Values {
  let value: Json;
  try {
    value = parseYaml(content, { integers: 'float64', confidential: true });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new SluiceError('ValuesInvalid', `error converting YAML to JSON: ${error.text}`, { place: error.place, cause: error });
  }
  if (value === null) return {};
  if (isTable(value)) return value;
  throw new SluiceError(
    'ValuesInvalid',
    `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`,
  );
}

function jsonType(value: Json): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : 'number';
}

function setJson(values: Values, text: string, helm: HelmVersion): Values {
  const trimmed = text.trim();
  try {
    if (helm === 3 || !trimmed.startsWith('{')) {
      setValues(values, text, 'json');
      return values;
    }
  } catch (error) {
    throw new SluiceError('ValuesInvalid', `failed parsing --set-json data ${text}`, { cause: error });
  }
  let object: Json;
  try {
    object = decodeJson(trimmed) as Json;
    if (!isTable(object)) throw new Error('not an object');
  } catch (error) {
    throw new SluiceError('ValuesInvalid', `failed parsing --set-json data JSON: ${text}`, { cause: new Error(errorMessage(error)) });
  }
  return mergeValues(values, object);
}

function prefixed(prefix: string, error: unknown): SluiceError {
  if (!(error instanceof SluiceError)) throw error;
  return new SluiceError(error.reason, prefix + error.message, { place: error.place, cause: error });
}
