import { formatFloatG, plainTag, printYamlNodes, type YamlMapping, type YamlNode, type YamlScalar, type YamlSequence } from '@sluice/yaml';
import { Comment, Mapping, Timestamp, type Scalar, type Value } from '../tree.js';

const INDENT = 4;
const LAYOUT = { indent: INDENT, sequences: 'wide' } as const;

/** Documents as SOPS prints them: indented by four (or as asked), comments back in their places. */
export function printYamlTree(documents: readonly Mapping[], indent: number = INDENT): string {
  return printYamlNodes(
    documents.map((document) => ({ root: mappingNode(document), line: 1 })),
    { ...LAYOUT, indent },
  );
}

/** A part of a document. */
export function printYamlValue(value: Value): string {
  return printYamlNodes(nodeOf(value), LAYOUT);
}

function nodeOf(value: Value): YamlNode {
  if (value instanceof Mapping) return mappingNode(value);
  if (Array.isArray(value)) return sequenceNode(value);
  return scalarNode(value instanceof Comment ? value.text : value);
}

/** Comments that wait for the node they stand before. */
class Waiting {
  #lines: string[] = [];

  add(comment: Comment): void {
    this.#lines.push(`#${comment.text}`);
  }

  /** The comments so far; none are left. */
  take(): string | undefined {
    const text = this.#lines.length === 0 ? undefined : this.#lines.join('\n');
    this.#lines = [];
    return text;
  }
}

function mappingNode(mapping: Mapping): YamlMapping {
  const node: YamlMapping = { kind: 'mapping', tag: '!!map', style: 'block', entries: [], line: 0, column: 0 };
  const above = new Waiting();
  const inline = new Waiting();
  for (const { key, value } of mapping.items) {
    if (key instanceof Comment) {
      (key.inline ? inline : above).add(key);
      continue;
    }
    // What stands above the first entry belongs to the mapping.
    if (node.entries.length === 0) setComment(node, 'headComment', above.take());
    const keyNode = scalarNode(key);
    const valueNode = nodeOf(value);
    setComment(keyNode, 'headComment', above.take());
    setComment(valueNode, 'lineComment', inline.take());
    node.entries.push({ key: keyNode, value: valueNode });
  }
  setRest(node, node.entries.at(-1)?.key, above, inline);
  return node;
}

function sequenceNode(list: readonly Value[]): YamlSequence {
  const node: YamlSequence = { kind: 'sequence', tag: '!!seq', style: 'block', items: [], line: 0, column: 0 };
  const above = new Waiting();
  const inline = new Waiting();
  for (const value of list) {
    if (value instanceof Comment) {
      (value.inline ? inline : above).add(value);
      continue;
    }
    if (node.items.length === 0) setComment(node, 'headComment', above.take());
    const item = nodeOf(value);
    addHead(item, above.take());
    setComment(item, 'lineComment', inline.take());
    node.items.push(item);
  }
  setRest(node, node.items.at(-1), above, inline);
  return node;
}

/** Comments behind the last entry. */
function setRest(collection: YamlNode, last: YamlNode | undefined, above: Waiting, inline: Waiting): void {
  const rest = [above.take(), inline.take()].filter((text) => text !== undefined).join('\n');
  if (rest === '') return;
  if (last === undefined) addHead(collection, rest);
  else setComment(last, 'footComment', rest);
}

function addHead(node: YamlNode, text: string | undefined): void {
  setComment(node, 'headComment', text === undefined || node.headComment === undefined ? text : `${text}\n${node.headComment}`);
}

function setComment(node: YamlNode, kind: 'headComment' | 'lineComment' | 'footComment', text: string | undefined): void {
  if (text !== undefined) node[kind] = text;
}

function scalarNode(value: Scalar): YamlScalar {
  if (value instanceof Uint8Array) return binaryNode(value);
  if (typeof value === 'string') return stringNode(value);
  const text = plainText(value);
  return scalar(plainTag(text, 'kyaml'), text);
}

/** Long ones stand in lines of 70 columns. */
function binaryNode(bytes: Uint8Array): YamlScalar {
  const text = Buffer.from(bytes).toString('base64');
  const node = scalar('!!binary', text, true);
  return text.length <= 70 ? node : { ...node, style: 'literal', value: text.replaceAll(/.{1,70}/g, '$&\n') };
}

function stringNode(value: string): YamlScalar {
  if (value.includes('\n')) return { ...scalar('!!str', value), style: 'literal' };
  // What would merge mappings keeps doing so.
  if (value === '<<') return scalar('!!merge', value, true);
  // Words and numbers of YAML 1.1 are quoted, too, and what would merge.
  const plain = plainTag(value, 'kyaml') === '!!str' && plainTag(value, 'sigs') !== '!!bool' && !isBase60Float(value);
  return plain ? scalar('!!str', value) : { ...scalar('!!str', value), style: 'double' };
}

/** `1:20` was a number of YAML 1.1. */
function isBase60Float(text: string): boolean {
  return /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text);
}

function plainText(value: Exclude<Scalar, string | Uint8Array>): string {
  if (value instanceof Timestamp) return value.text;
  if (typeof value !== 'number') return String(value);
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf';
  return formatFloatG(value);
}

function scalar(tag: string, value: string, taggedExplicitly = false): YamlScalar {
  return { kind: 'scalar', tag, style: 'plain', value, line: 0, column: 0, ...(taggedExplicitly ? { taggedExplicitly } : {}) };
}
