import { SluiceError } from '@sluice/core';
import {
  decodeJson,
  encodeJson,
  GoInt,
  GoStruct,
  goFunction,
  stringToBytes,
  type FunctionTable,
  type GoFunction,
  type GoMap,
  type GoValue,
} from '@sluice/gotemplate';
import { YamlError, parseYaml, printYaml, printYamlPretty } from '@sluice/yaml';
import type { HelmVersion } from '../version.js';
import { toJsonValue } from './marshal.js';
import { parseToml, printToml } from './toml.js';

/** A value as Helm's `toYaml` prints it. Throws what can't be printed. */
export function toYaml(value: GoValue): string {
  return printYaml(toJsonValue(value)).replace(/\n$/, '');
}

/** `toYaml`, `fromJson` and their like. Those without `must` swallow errors: into nothing, or into a key `Error`. */
export function documentFunctions(helm: HelmVersion): FunctionTable {
  const functions: [string, GoFunction][] = [
    ['toYaml', goFunction(['any'], 'string', (value) => orEmpty(() => toYaml(value)))],
    ['toYamlPretty', goFunction(['any'], 'string', (value) => orEmpty(() => printYamlPretty(prettyValue(value)).replace(/\n$/, '')))],
    ['fromYaml', goFunction(['string'], 'map[string]any', (text) => mapOrError(() => readYaml(text), YAML_STEP))],
    ['fromYamlArray', goFunction(['string'], '[]any', (text) => listOrError(() => readYaml(text), YAML_STEP))],
    ['toJson', goFunction(['any'], 'string', (value) => orEmpty(() => encodeJson(value)))],
    ['fromJson', goFunction(['string'], 'map[string]any', (text) => mapOrError(() => decodeJson(text)))],
    ['fromJsonArray', goFunction(['string'], '[]any', (text) => listOrError(() => decodeJson(text)))],
    ['toToml', goFunction(['any'], 'string', toToml)],
    ['fromToml', goFunction(['string'], 'map[string]any', (text) => orErrorMap(() => parseToml(text)))],
  ];
  if (helm === 4) {
    functions.push(
      ['mustToYaml', goFunction(['any'], 'string', mustToYaml)],
      ['mustToJson', goFunction(['any'], 'string', (value) => encodeJson(value))],
      ['mustToToml', goFunction(['any'], 'string', printToml)],
    );
  }
  return new Map(functions);
}

const YAML_STEP = 'error unmarshaling JSON: while decoding JSON: ';

function mustToYaml(value: GoValue): string {
  try {
    return toYaml(value);
  } catch (error) {
    throw new Error(`error marshaling into JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** An error is the text itself, except for the one that is a panic in Go. */
function toToml(value: GoValue): string {
  if (value === null || value === undefined) return printToml(value);
  try {
    return printToml(value);
  } catch (error) {
    return messageOf(error);
  }
}

function orEmpty(run: () => string): string {
  try {
    return run();
  } catch (error) {
    messageOf(error);
    return '';
  }
}

function orErrorMap(run: () => GoMap): GoMap {
  try {
    return run();
  } catch (error) {
    return { Error: messageOf(error) };
  }
}

function mapOrError(read: () => GoValue, step = ''): GoMap {
  return orErrorMap(() => {
    const value = read();
    if (value === null || value === undefined) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as GoMap;
    throw plainError(`${step}json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`);
  });
}

function listOrError(read: () => GoValue, step = ''): GoValue[] {
  try {
    const value = read();
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return value;
    throw plainError(`${step}json: cannot unmarshal ${jsonType(value)} into Go value of type []interface {}`);
  } catch (error) {
    return [messageOf(error)];
  }
}

function jsonType(value: GoValue): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** sigs.k8s.io/yaml goes by way of JSON, and says so when the shape is wrong. */
function readYaml(text: string): GoValue {
  // Bytes that are no UTF-8 are a fault of theirs, not of the characters that stand for them here.
  const source = /\p{Surrogate}/u.test(text) ? stringToBytes(text) : text;
  return parseYaml(source, { integers: 'float64' }) as GoValue;
}

function plainError(message: string): Error {
  return new Error(message);
}

function messageOf(error: unknown): string {
  if (error instanceof YamlError) return `error converting YAML to JSON: ${error.text}`;
  if (error instanceof SluiceError || error instanceof Error) return error.message;
  throw error;
}

/** What go-yaml v3 prints: integers are integers there, structs have their fields' names in lower case. */
function prettyValue(value: GoValue): unknown {
  if (value instanceof GoInt) return value.value;
  if (value instanceof Uint8Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(prettyValue);
  if (value instanceof GoStruct)
    return Object.fromEntries([...value.fields].map(([name, field]) => [name.toLowerCase(), prettyValue(field)]));
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value as GoMap).map(([key, item]) => [key, prettyValue(item)]));
  }
  return typeof value === 'number' ? value : toJsonValue(value);
}
