import { sopsError } from '../error.js';
import { readMetadata, writeMetadata, type Metadata } from '../metadata.js';
import { Comment, Mapping, textOf, type Value } from '../tree.js';
import { printDotenv, readDotenv, flatText } from './dotenv.js';
import { flatten, unflatten } from './flatten.js';
import { printIni } from './ini-print.js';
import { readIni } from './ini-read.js';
import { printJsonValue } from './json-print.js';
import { readJson } from './json-read.js';
import { printYamlTree, printYamlValue } from './yaml-print.js';
import { readYaml } from './yaml-read.js';

/** The kinds of files. What is none of the others is `binary`: encrypted as a whole. */
export type SopsFormat = 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary';

/** How a file is laid out, where its format lets one choose. */
export interface Layout {
  /** Spaces of each level: 4 in YAML and a tab in JSON where absent. */
  readonly indent?: number;
}

/** The format of a file, by the ending of its name. */
export function formatOfPath(path: string): SopsFormat {
  if (/\.ya?ml$/.test(path)) return 'yaml';
  if (path.endsWith('.json')) return 'json';
  if (path.endsWith('.env')) return 'dotenv';
  return path.endsWith('.ini') ? 'ini' : 'binary';
}

/** What is not encrypted, as documents. Only YAML has more than one. */
export function readPlain(data: Uint8Array, format: SopsFormat, file?: string): Mapping[] {
  switch (format) {
    case 'yaml':
      return readYaml(data, file);
    case 'json':
      return [readJson(data, file)];
    case 'dotenv':
      return [readDotenv(data, file)];
    case 'ini':
      return [readIni(data, file)];
    case 'binary':
      return [new Mapping([{ key: 'data', value: textOf(data) }])];
  }
}

export function printPlain(documents: readonly Mapping[], format: SopsFormat, { indent }: Layout = {}): Uint8Array {
  const first = documents[0] ?? new Mapping();
  switch (format) {
    case 'yaml':
      return Buffer.from(printYamlTree(documents, indent));
    case 'json':
      return Buffer.from(`${printJsonValue(first, jsonIndent(indent))}\n`);
    case 'dotenv':
      return printDotenv(first);
    case 'ini':
      return Buffer.from(printIni(first));
    case 'binary':
      return binaryData(documents);
  }
}

/** One value of a file, as `--extract` prints it. */
export function printValue(value: Value, format: SopsFormat, { indent }: Layout = {}): Uint8Array {
  if (value instanceof Mapping) return printPlain([value], format, indent === undefined ? {} : { indent });
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return value;
  if (format === 'yaml') return Buffer.from(printYamlValue(value));
  if (format === 'dotenv' || format === 'binary') return Buffer.from(flatText('value', value));
  return Buffer.from(printJsonValue(value, jsonIndent(indent)));
}

function jsonIndent(indent: number | undefined): string {
  return indent === undefined ? '\t' : ' '.repeat(indent);
}

function binaryData(documents: readonly Mapping[]): Uint8Array {
  const data = documents.length === 1 ? documents[0]!.get('data') : undefined;
  if (typeof data === 'string') return Buffer.from(data);
  if (data instanceof Uint8Array) return data;
  throw sopsError('SopsFileInvalid', 'the file was not encrypted as a binary one: it has no text under the key "data"');
}

const KEY = 'sops';
const PREFIX = 'sops_';

export interface EncryptedFile {
  readonly documents: Mapping[];
  readonly metadata: Metadata;
}

/** An encrypted file: its documents without their metadata, and the metadata, which is the first one's. */
export function readEncrypted(data: Uint8Array, format: SopsFormat, file?: string): EncryptedFile {
  const documents = readPlain(data, format === 'binary' ? 'json' : format, file);
  const metadata = takeMetadata(documents, format);
  if (metadata === undefined) {
    throw sopsError('SopsMetadataMissing', 'the file has no SOPS metadata: it is not encrypted, or the entry "sops" was removed');
  }
  return { documents: documents.map((document) => withoutMetadata(document, format)), metadata: readMetadata(metadata) };
}

export function printEncrypted(documents: readonly Mapping[], metadata: Metadata, format: SopsFormat, layout: Layout = {}): Uint8Array {
  const tree = writeMetadata(metadata);
  const items =
    format === 'dotenv' ? flatten(tree, PREFIX) : [{ key: KEY, value: format === 'ini' ? escaped(new Mapping(flatten(tree))) : tree }];
  const whole = documents.map((document) => new Mapping([...document.items, ...items]));
  return printPlain(whole, format === 'binary' ? 'json' : format, layout);
}

/** Whether a document has the entries that metadata would have. */
export function hasMetadata(document: Mapping, format: SopsFormat): boolean {
  return document.items.some(({ key }) => isMetadataKey(key, format));
}

function isMetadataKey(key: string | Comment, format: SopsFormat): boolean {
  return format === 'dotenv' ? typeof key === 'string' && key.startsWith(PREFIX) : key === KEY;
}

function takeMetadata(documents: readonly Mapping[], format: SopsFormat): Mapping | undefined {
  const found = documents[0]?.items.filter(({ key }) => isMetadataKey(key, format)) ?? [];
  if (found.length === 0) return undefined;
  if (format === 'dotenv')
    return unflatten(found.flatMap(({ key, value }) => (typeof key === 'string' ? [{ key: key.slice(PREFIX.length), value }] : [])));
  const tree = found[0]!.value;
  if (found.length > 1 || !(tree instanceof Mapping)) {
    throw sopsError('SopsMetadataInvalid', `the entry "sops" is ${found.length > 1 ? 'there twice' : 'not a mapping'}`);
  }
  return format === 'ini' ? unflatten(unescaped(tree).items) : tree;
}

/** A YAML document on its own, with the metadata that it has itself; undefined where it has none. */
export function separateDocument(document: Mapping): EncryptedFile | undefined {
  if (!hasMetadata(document, 'yaml')) return undefined;
  return { documents: [withoutMetadata(document, 'yaml')], metadata: readMetadata(takeMetadata([document], 'yaml')!) };
}

function withoutMetadata(document: Mapping, format: SopsFormat): Mapping {
  return new Mapping(document.items.filter(({ key }) => !isMetadataKey(key, format)));
}

/** Line breaks in the metadata of INI files. */
function escaped(tree: Mapping): Mapping {
  return mapTexts(tree, (text) => text.replaceAll('\n', String.raw`\n`));
}

function unescaped(tree: Mapping): Mapping {
  return mapTexts(tree, (text) => text.replaceAll(String.raw`\n`, '\n'));
}

function mapTexts(tree: Mapping, change: (text: string) => string): Mapping {
  return new Mapping(tree.items.map(({ key, value }) => ({ key, value: typeof value === 'string' ? change(value) : value })));
}
