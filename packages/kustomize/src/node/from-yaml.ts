import { SluiceError } from '@sluice/core';
import { parseYamlTree, type FastStyle, type YamlMapping, type YamlNode, type YamlScalar, type YamlSequence } from '@sluice/yaml';
import { Scalar, copyNode, type Mapping, type Node } from './node.js';

/**
 * A parsed document as the tree that a build works on: aliases become copies of what they stand for, merge keys are
 * merged, and what can't be a Kubernetes object — a key twice, a key that is not a string — is refused.
 */
export function fromYaml(node: YamlNode, source: YamlSource): Node {
  return new Converter(source).convert(node);
}

/** The same at once from the text of a document, as most are written; undefined for the others. */
export function fromOrdinaryYaml(text: string, file: string | undefined): { readonly root: Node; readonly line: number } | undefined {
  return parseYamlTree(text, ordinaryScalar, file === undefined ? {} : { file });
}

function ordinaryScalar(text: string, tag: string, style: FastStyle): Scalar {
  return new Scalar(style === 'folded' ? foldedText(text) : text, tag, style !== 'plain');
}

/** Where a document comes from, and what may be in it. */
export interface YamlSource {
  readonly file: string | undefined;
  /** Lines of the file above the text that was parsed. */
  readonly lineOffset: number;
  /** Keys such as `80` count as strings. Patches may have them: they meet keys of the resource that are. */
  readonly takesAnyKey: boolean;
}

/** As many nodes as one document may have once its aliases are written out. */
const MAX_NODES = 1_000_000;

class Converter {
  readonly #file: string | undefined;
  readonly #lineOffset: number;
  readonly #takesAnyKey: boolean;
  readonly #aliases = new Map<YamlNode, Node>();
  /** How many collections in brackets are around the present node. */
  #flowLevel = 0;
  #nodes = 0;

  constructor({ file, lineOffset, takesAnyKey }: YamlSource) {
    this.#file = file;
    this.#lineOffset = lineOffset;
    this.#takesAnyKey = takesAnyKey;
  }

  convert(node: YamlNode): Node {
    switch (node.kind) {
      case 'scalar':
        this.#nodes++;
        return new Scalar(textOf(node), node.tag, this.#isQuoted(node));
      case 'sequence':
        this.#nodes++;
        return this.#inside(node, () => node.items.map((item) => this.convert(item)));
      case 'mapping':
        return this.#inside(node, () => this.#mapping(node));
      case 'alias':
        return this.#alias(node.target);
    }
  }

  #inside<T>(node: YamlMapping | YamlSequence, convert: () => T): T {
    if (node.style !== 'flow') return convert();
    this.#flowLevel++;
    const converted = convert();
    this.#flowLevel--;
    return converted;
  }

  /**
   * Whether a scalar will stand in quotes when kustomize prints it, before it reads it for good: those that do now, and in
   * brackets also nothing at all (which so becomes the empty string) and times with colons. A tag that is written decides
   * over quotes.
   */
  #isQuoted({ style, tag, value, taggedExplicitly }: YamlScalar): boolean {
    if (taggedExplicitly === true && tag !== '!!str') return false;
    if (style !== 'plain') return true;
    return this.#flowLevel > 0 && ((tag === '!!null' && value === '') || (tag === '!!timestamp' && value.includes(':')));
  }

  #alias(target: YamlNode): Node {
    let value = this.#aliases.get(target);
    const before = this.#nodes;
    if (value === undefined) {
      value = this.convert(target);
      this.#aliases.set(target, value);
    }
    const copy = copyNode(value);
    this.#nodes = before + countNodes(copy);
    if (this.#nodes > MAX_NODES)
      throw this.#error(target, `a document has more than ${MAX_NODES} nodes once its aliases are resolved`, 'YamlTooComplex');
    return copy;
  }

  #mapping(node: YamlMapping): Mapping {
    this.#nodes++;
    const own: Mapping = new Map();
    const lines = new Map<string, number>();
    let merged: YamlNode | undefined;
    for (const { key, value } of node.entries) {
      if (key.kind !== 'scalar') throw this.#error(key, 'a key must be a string');
      if (key.tag === '!!merge') {
        if (merged !== undefined) throw this.#error(key, 'duplicate merge key');
        merged = value;
        continue;
      }
      if (key.tag !== '!!str' && !this.#takesAnyKey)
        throw this.#error(key, `the key \`${key.value}\` is a ${key.tag}, a key must be a string: put it in quotes`);
      const earlier = lines.get(key.value);
      if (earlier !== undefined) {
        throw this.#error(
          key,
          `yaml: unmarshal errors:\n  line ${key.line + this.#lineOffset}: mapping key "${key.value}" already defined at line ${earlier + this.#lineOffset}`,
        );
      }
      lines.set(key.value, key.line);
      own.set(key.value, this.convert(value));
    }
    if (merged === undefined) return own;
    const result: Mapping = new Map();
    for (const source of this.#mergeSources(merged)) for (const [key, value] of source) result.set(key, value);
    for (const [key, value] of own) result.set(key, value);
    return result;
  }

  /** What a merge key brings in, the strongest last. */
  #mergeSources(node: YamlNode): Mapping[] {
    if (node.kind === 'sequence') {
      return node.items
        .flatMap((item) => {
          if (item.kind === 'sequence') throw this.#error(item, 'invalid map merge: received a nested sequence');
          return this.#mergeSources(item);
        })
        .reverse();
    }
    const value = this.convert(node);
    if (value instanceof Map) return [value];
    throw this.#error(
      node,
      node.kind === 'alias'
        ? 'invalid map merge: received alias for a non-map value'
        : 'map merge requires map or sequence of maps as the value',
    );
  }

  #error(node: YamlNode, message: string, reason: 'YamlInvalid' | 'YamlTooComplex' = 'YamlInvalid'): SluiceError {
    const place = { line: node.line + this.#lineOffset, column: node.column };
    return new SluiceError(reason, message, { place: this.#file === undefined ? place : { file: this.#file, ...place } });
  }
}

function textOf({ style, value }: YamlScalar): string {
  return style === 'folded' ? foldedText(value) : value;
}

/** A folded text that ends in empty lines gets one more when go-yaml prints it, and kustomize reads that. */
function foldedText(text: string): string {
  return /[^\n]\n\n+$/.test(text) ? `${text}\n` : text;
}

function countNodes(node: Node): number {
  if (node instanceof Map) {
    let count = 1;
    for (const value of node.values()) count += countNodes(value);
    return count;
  }
  return Array.isArray(node) ? node.reduce((count, item) => count + countNodes(item), 1) : 1;
}
