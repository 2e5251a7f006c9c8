import {
  booleanOf,
  floatOf,
  integerOf,
  parseYamlNodes,
  timestampOf,
  defaultLimits,
  type YamlEntry,
  type YamlNode,
  type YamlNodeDocument,
} from '@sluice/yaml';
import { sopsError } from '../error.js';
import { Comment, Mapping, Timestamp, textOf, type Item, type Scalar, type Value } from '../tree.js';

const MAX_INT64 = 2n ** 63n - 1n;

/** The documents of a YAML file, with their comments in the places where SOPS keeps them. */
export function readYaml(text: string | Uint8Array, file?: string): Mapping[] {
  const documents = parseYamlNodes(text, { confidential: true, ...(file === undefined ? {} : { file }) });
  const reader = new Reader(file);
  return documents.map((document, index) => reader.document(document, index === 0));
}

class Reader {
  readonly #file: string | undefined;
  #nodes = 0;
  #isFirst = true;
  /** The targets of the aliases that are being written out. */
  readonly #expanding = new Set<YamlNode>();

  constructor(file: string | undefined) {
    this.#file = file;
  }

  document({ root, headComment, footComment }: YamlNodeDocument, isFirst: boolean): Mapping {
    this.#isFirst = isFirst;
    const items: Item[] = [];
    pushComments(items, headComment);
    if (root !== undefined) this.#root(root, items);
    pushComments(items, footComment);
    return new Mapping(items);
  }

  #root(node: YamlNode, items: Item[]): void {
    pushComments(items, node.headComment);
    pushComments(items, node.lineComment);
    if (node.kind === 'alias') this.#root(node.target, items);
    else if (node.kind === 'mapping') this.#entries(node.entries, items);
    else if (node.kind !== 'scalar' || node.tag !== '!!null') {
      throw this.#invalid(
        node,
        `a SOPS file is a mapping at its root, and this one is a ${node.kind === 'scalar' ? 'single value' : 'list'}`,
      );
    }
    pushComments(items, node.footComment);
  }

  #entries(entries: readonly YamlEntry[], items: Item[]): void {
    const known = new Set<string>();
    for (const { key, value } of entries) {
      this.#checkKey(key, value, known);
      pushComments(items, key.headComment);
      pushComments(items, key.lineComment);
      const own = value.kind === 'scalar' || value.kind === 'alias';
      if (own) {
        pushComments(items, value.headComment);
        pushComments(items, value.lineComment, true);
      }
      items.push({ key: this.#key(key), value: this.#value(value, own) });
      if (own) pushComments(items, value.footComment);
      pushComments(items, key.footComment);
    }
  }

  /** As the Go tools do: SOPS looks at the first document of a file only. */
  #checkKey(key: YamlNode, value: YamlNode, known: Set<string>): void {
    if (key.kind !== 'scalar' || !this.#isFirst) return;
    if (known.has(key.value)) throw this.#invalid(key, `the key ${JSON.stringify(key.value)} is there twice`);
    known.add(key.value);
    if (key.tag === '!!merge' && !isMergeable(value)) throw this.#invalid(value, 'what "<<" merges is no mapping');
  }

  #key(node: YamlNode): string {
    const key = node.kind === 'alias' ? node.target : node;
    if (key.kind === 'scalar' && key.tag === '!!merge') return key.value;
    const value = key.kind === 'scalar' ? scalarOf(key.tag, key.value) : undefined;
    if (typeof value !== 'string') throw this.#invalid(node, 'a key is not a string: quote it');
    return value;
  }

  #value(node: YamlNode, commentsTaken: boolean): Value {
    // Aliases are written out, so that a small file may hold a large tree.
    if (++this.#nodes > defaultLimits.nodes) {
      throw sopsError('YamlTooComplex', `the document has more than ${defaultLimits.nodes} nodes`, undefined, this.#place(node));
    }
    switch (node.kind) {
      case 'alias':
        return this.#alias(node.target);
      case 'sequence':
        return this.#list(node.items, node, commentsTaken);
      case 'mapping': {
        const items: Item[] = [];
        if (!commentsTaken) {
          pushComments(items, node.headComment);
          pushComments(items, node.lineComment);
        }
        this.#entries(node.entries, items);
        if (!commentsTaken) pushComments(items, node.footComment);
        return new Mapping(items);
      }
      case 'scalar':
        return this.#scalar(node);
    }
  }

  #alias(target: YamlNode): Value {
    if (this.#expanding.has(target)) throw this.#invalid(target, 'an anchor contains itself');
    this.#expanding.add(target);
    const value = this.#value(target, false);
    this.#expanding.delete(target);
    return value;
  }

  #list(nodes: readonly YamlNode[], list: YamlNode, commentsTaken: boolean): Value[] {
    const values: Value[] = [];
    if (!commentsTaken) values.push(...comments(list.headComment), ...comments(list.lineComment));
    for (const item of nodes) {
      values.push(...comments(item.headComment), ...comments(item.lineComment, true));
      values.push(this.#value(item, true));
      values.push(...comments(item.footComment));
    }
    if (!commentsTaken) values.push(...comments(list.footComment));
    return values;
  }

  #scalar(node: YamlNode & { kind: 'scalar' }): Scalar {
    const value = scalarOf(node.tag, node.value);
    if (typeof value === 'bigint' && value > MAX_INT64) throw this.#invalid(node, 'an integer has more than 64 bits: quote it');
    return value;
  }

  #invalid(node: YamlNode, message: string): Error {
    return sopsError('SopsFileInvalid', message, undefined, this.#place(node));
  }

  #place({ line, column }: YamlNode): { file?: string; line: number; column: number } {
    return { ...(this.#file === undefined ? {} : { file: this.#file }), line, column };
  }
}

function isMergeable(node: YamlNode): boolean {
  const value = node.kind === 'alias' ? node.target : node;
  if (value.kind !== 'sequence') return value.kind === 'mapping';
  return value.items.every((item) => (item.kind === 'alias' ? item.target : item).kind === 'mapping');
}

/** A scalar by its tag, which was resolved by the parser or is written in the text. */
function scalarOf(tag: string, text: string): Scalar {
  switch (tag) {
    case '!!null':
      return null;
    case '!!bool':
      return booleanOf(text);
    case '!!int':
      return BigInt(integerOf(text, 'kyaml'));
    case '!!float':
      return floatOf(text, 'kyaml');
    case '!!timestamp':
      return new Timestamp(timestampOf(text));
    case '!!binary':
      return textOf(Buffer.from(text, 'base64'));
    default:
      return text;
  }
}

function comments(text: string | undefined, inline = false): Comment[] {
  if (text === undefined || text === '') return [];
  return text.split('\n').flatMap((line) => (line === '' ? [] : [new Comment(line.slice(1), inline)]));
}

function pushComments(items: Item[], text: string | undefined, inline = false): void {
  for (const comment of comments(text, inline)) items.push({ key: comment, value: null });
}
