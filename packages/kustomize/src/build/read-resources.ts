import { SluiceError, type ErrorPlace } from '@sluice/core';
import { atPlace } from '../errors.js';
import { parseYamlNodes, type YamlNode } from '@sluice/yaml';
import { fromOrdinaryYaml, fromYaml, type YamlSource } from '../node/from-yaml.js';
import { fromJson, toJson } from '../node/json.js';
import { isNull, isNullOrEmpty, kindOf, mappingOf, textOf, type Mapping, type Node } from '../node/node.js';
import { Resource, type ResourcePlace } from '../resource/resource.js';
import { textsOf } from '../resource/resource.js';

interface Document {
  readonly root: Node;
  readonly line: number;
}

/**
 * Reads the resources of a manifest: its documents, without the empty ones, lists taken apart. Throws if a document is
 * not an object with a kind and a name.
 */
export function readResources(content: string | Uint8Array, file?: string, options: { takesAnyKey?: boolean } = {}): Resource[] {
  const documents = unwrapList(readDocuments(decode(content, file), file, options.takesAnyKey === true));
  const queue: { root: Mapping; place: ResourcePlace | undefined }[] = [];
  const enqueue = (root: Node, line: number | undefined): void => {
    if (isNullOrEmpty(root)) return;
    const place = file === undefined ? undefined : line === undefined ? { file } : { file, line };
    queue.push({ root: checkedObject(root, place), place });
  };
  for (const { root, line } of documents) enqueue(root, line);
  const resources: Resource[] = [];
  // Items of a list come after everything else, as in kustomize.
  for (let at = 0; at < queue.length; at++) {
    const { root, place } = queue[at]!;
    const kind = textOf(root.get('kind'));
    const items = root.get('items');
    if (!kind.endsWith('List') || items === undefined) {
      resources.push(new Resource(root, place));
    } else if (Array.isArray(items)) {
      for (const item of items) enqueue(fromJson(toJson(item)), place?.line);
    } else if (!isNull(items)) {
      const found = kindOf(items) === 'mapping' ? 'map[string]interface {}' : 'string';
      throw new SluiceError('ManifestInvalid', `expected array in ${kind}/items, but found ${found}`, atPlace(place));
    }
  }
  return resources;
}

function decode(content: string | Uint8Array, file: string | undefined): string {
  if (typeof content === 'string') return content;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    const line = invalidLine(content);
    throw new SluiceError('YamlInvalid', `MalformedYAMLError: yaml: line ${line}: invalid UTF-8 text`, {
      cause,
      place: file === undefined ? { line } : { file, line },
    });
  }
}

/** The line of the first byte that is not UTF-8. */
function invalidLine(content: Uint8Array): number {
  let line = 1;
  for (let start = 0; start < content.length;) {
    let end = content.indexOf(10, start);
    if (end < 0) end = content.length;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(content.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
    line++;
  }
  return line;
}

/**
 * The documents of a text. It is cut at its `---` lines before it is parsed, as kyaml does: whatever comes after a `...`
 * inside of such a piece is not read.
 */
function readDocuments(text: string, file: string | undefined, takesAnyKey: boolean): Document[] {
  const documents: Document[] = [];
  for (const { piece, lineOffset } of cutDocuments(text.includes('\r') ? text.replaceAll('\r\n', '\n') : text, file)) {
    const document = readPiece(piece, { lineOffset, file, takesAnyKey });
    if (document !== undefined && !isNull(document.root)) documents.push(document);
  }
  return documents;
}

function readPiece(piece: string, source: YamlSource): Document | undefined {
  const { file, lineOffset } = source;
  const text = firstDocument(piece);
  let root: YamlNode | undefined;
  try {
    const ordinary = fromOrdinaryYaml(text, file);
    if (ordinary !== undefined) return { root: ordinary.root, line: ordinary.line + lineOffset };
    ({ root } = parseYamlNodes(text, file === undefined ? {} : { file })[0] ?? {});
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const { line } = error.place;
    const place: ErrorPlace = { ...error.place, ...(line === undefined ? {} : { line: line + lineOffset }) };
    const [said = ''] = error.message.split('\n');
    throw new SluiceError(error.reason, `MalformedYAMLError: ${said}`, { cause: error, place });
  }
  return root === undefined ? undefined : { root: fromYaml(root, source), line: root.line + lineOffset };
}

function* cutDocuments(text: string, file: string | undefined): Generator<{ piece: string; lineOffset: number }> {
  let start = 0;
  let startLine = 0;
  let line = 0;
  let at = text.indexOf('\n');
  while (at >= 0) {
    line++;
    const next = text.indexOf('\n', at + 1);
    if (next >= 0 && text.startsWith('---', at + 1)) {
      const rest = text.slice(at + 4, next).trim();
      if (rest !== '' && !rest.startsWith('#')) {
        throw new SluiceError('YamlInvalid', `invalid document separator: ${text.slice(at + 1, next).trim()}`, {
          place: file === undefined ? { line: line + 1 } : { file, line: line + 1 },
        });
      }
      yield { piece: text.slice(start, at + 1), lineOffset: startLine };
      start = next + 1;
      startLine = line + 1;
      // The line break that ends this separator can't also begin the next one.
      line++;
      at = text.indexOf('\n', next + 1);
      continue;
    }
    at = next;
  }
  if (start < text.length) yield { piece: text.slice(start), lineOffset: startLine };
}

/** A single document of kind List stands for its items. */
function unwrapList(documents: Document[]): Document[] {
  const [only] = documents;
  const root = mappingOf(only?.root);
  if (only === undefined || documents.length !== 1 || root === undefined) return documents;
  const kind = textOf(root.get('kind'));
  if (kind !== 'List' && kind !== 'ResourceList') return documents;
  if (!root.has('items') && !root.has('functionConfig')) return documents;
  const items = root.get('items');
  return Array.isArray(items) ? items.map((item) => ({ root: item, line: only.line })) : [];
}

/** Throws unless a document has what every object must have: a kind, and a name unless it is a list. */
function checkedObject(node: Node, place: ResourcePlace | undefined): Mapping {
  const at = atPlace(place);
  const root = mappingOf(node);
  const metadata = mappingOf(root?.get('metadata'));
  const apiVersion = textOf(root?.get('apiVersion'));
  const kind = textOf(root?.get('kind'));
  if (root === undefined || (apiVersion === '' && kind === '' && (metadata === undefined || metadata.size === 0))) {
    throw new SluiceError('ManifestInvalid', 'missing Resource metadata', at);
  }
  if (kind === '') throw new SluiceError('ManifestInvalid', `missing kind in object ${shownMetadata(root)}`, at);
  const name = metadata?.get('name');
  if (!kind.endsWith('List') && (isNullOrEmpty(name) || textOf(name) === '')) {
    throw new SluiceError('ManifestInvalid', `missing metadata.name in object ${shownMetadata(root)}`, at);
  }
  return root;
}

/** What is known about an object, as Go prints the struct. */
function shownMetadata(root: Mapping): string {
  const metadata = mappingOf(root.get('metadata'));
  const names = `${textOf(metadata?.get('name'))} ${textOf(metadata?.get('namespace'))}`;
  return `{{${textOf(root.get('apiVersion'))} ${textOf(root.get('kind'))}} {{${names}} ${goMap(metadata, 'labels')} ${goMap(metadata, 'annotations')}}}`;
}

function goMap(metadata: Mapping | undefined, field: string): string {
  const texts = [...textsOf(mappingOf(metadata?.get(field)))].sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${texts.map(([key, text]) => `${key}:${text}`).join(' ')}]`;
}

/** A piece up to the line that ends its document. */
function firstDocument(piece: string): string {
  if (!piece.includes('\n...')) return piece;
  const end = /\n\.\.\.(?=\s|$)/.exec(piece);
  return end === null ? piece : piece.slice(0, end.index + 1);
}
