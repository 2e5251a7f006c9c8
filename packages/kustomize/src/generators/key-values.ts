import { SluiceError } from '@sluice/core';
import { wrapError } from '../errors.js';
import type { DataGenerator } from '../kustomization/kustomization.js';

/** A key of a generated ConfigMap or Secret. Files may hold bytes that are no text. */
export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
}

type Load = (path: string) => Uint8Array;

/** The keys that a generator asks for: from env files, then literals, then files. */
export function loadKeyValues({ envs = [], literals = [], files = [] }: DataGenerator, load: Load): KeyValue[] {
  return [
    ...nested(() => envs.flatMap((path) => readEnvFile(load(path), path)), `env source files: [${envs.join(' ')}]`),
    ...nested(() => literals.map(readLiteral), `literal sources [${literals.join(' ')}]`),
    ...nested(() => files.map((source) => readFileSource(source, load)), `file sources: [${files.join(' ')}]`),
  ];
}

function nested<T>(read: () => T, context: string): T {
  try {
    return read();
  } catch (error) {
    throw wrapError(error, context);
  }
}

const encoder = new TextEncoder();

function readLiteral(source: string): KeyValue {
  const equals = source.indexOf('=');
  if (equals <= 0) throw invalid(`invalid literal source ${source}, expected key=value`);
  return { key: source.slice(0, equals), value: encoder.encode(withoutQuotes(source.slice(equals + 1))) };
}

function withoutQuotes(text: string): string {
  const first = text[0];
  return text.length >= 2 && (first === '"' || first === "'") && text.endsWith(first) ? text.slice(1, -1) : text;
}

function readFileSource(source: string, load: Load): KeyValue {
  const pieces = source.split('=');
  if (pieces.length > 2) throw invalid(`source ${JSON.stringify(source)} key name or file path contains '='`);
  const [first = '', path] = pieces;
  if (path === undefined) return { key: first.slice(first.lastIndexOf('/') + 1), value: load(first) };
  if (first === '') throw invalid(`missing key name for file path ${JSON.stringify(path)} in source ${JSON.stringify(source)}`);
  if (path === '') throw invalid(`missing file path for key name ${JSON.stringify(first)} in source ${JSON.stringify(source)}`);
  return { key: first, value: load(path) };
}

/** Lines `KEY=value`. Quotes, spaces behind the value and `export` are part of them; without `=` the value is empty. */
function readEnvFile(content: Uint8Array, path: string): KeyValue[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw new SluiceError('FileInvalid', `${path}: a line has invalid utf8 bytes`, { cause, place: { file: path } });
  }
  const pairs: KeyValue[] = [];
  for (const rawLine of text.split('\n')) {
    const line = rawLine.replace(/\r$/, '').replace(leadingSpace, '');
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const [key, value] = equals < 0 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)];
    if (key !== '') pairs.push({ key, value: encoder.encode(value) });
  }
  return pairs;
}

/** What Go counts as white space. */
const leadingSpace = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

function invalid(message: string): SluiceError {
  return new SluiceError('KustomizationInvalid', message);
}
