import { setOwn, type Json, type JsonObject } from '@sluice/core';
import { YamlError, type Source } from '../error.js';
import { formatFloatG } from '../go-number.js';
import type { YamlMapping, YamlNode, YamlScalar } from '../node.js';
import type { YamlLimits, YamlReadOptions, YamlTypes } from '../options.js';
import { booleanOf, floatOf, integerOf, plainTag, timestampOf } from '../resolve.js';

/** The options of a reader with what they are when not given. */
export interface ValueRules {
  readonly types: YamlTypes;
  readonly duplicateKeys: 'error' | 'last';
  readonly integers: 'exact' | 'float64';
  readonly limits: YamlLimits;
}

export function valueRules(options: YamlReadOptions, limits: YamlLimits): ValueRules {
  const types = options.types ?? 'sigs';
  return {
    types,
    duplicateKeys: options.duplicateKeys ?? (types === 'sigs' ? 'last' : 'error'),
    integers: options.integers ?? 'exact',
    limits,
  };
}

/** The value of a node, as the Go tools would make JSON of it. */
export function valueOf(root: YamlNode, source: Source, rules: ValueRules): Json {
  const builder = new ValueBuilder(source, rules);
  const value = builder.value(root);
  builder.finish();
  return value;
}

type YamlErrorReason = 'YamlInvalid' | 'YamlTooComplex';
type MutableObject = Record<string, Json>;

/** How go-yaml bounds what aliases make of a document: the share of nodes that may come from them. */
const ALIASES_FREE = 100;
const NODES_FREE = 1_000;
const FEW_NODES = 400_000;
const MANY_NODES = 4_000_000;

class ValueBuilder {
  private readonly source: Source;
  private readonly rules: ValueRules;
  private readonly open = new Set<YamlNode>();
  private readonly duplicates: { text: string; node: YamlNode }[] = [];
  /** Go makes JSON when all is read: what JSON can't say is found last. */
  private notJson: YamlError | undefined;
  private nodes = 0;
  private aliased = 0;
  private aliasDepth = 0;
  private depth = 0;

  constructor(source: Source, rules: ValueRules) {
    this.source = source;
    this.rules = rules;
  }

  /** Repeated keys are all reported together, as Go does. */
  finish(): void {
    const [first] = this.duplicates;
    if (first !== undefined) {
      const lines = this.duplicates.map(({ text }) => `  ${text}`).join('\n');
      throw this.error(`yaml: unmarshal errors:\n${lines}`, first.node);
    }
    if (this.notJson !== undefined) throw this.notJson;
  }

  value(node: YamlNode): Json {
    this.count(node);
    switch (node.kind) {
      case 'scalar':
        return this.number(this.scalar(node), node);
      case 'sequence': {
        this.enter(node);
        const items = node.items.map((item) => this.value(item));
        this.depth--;
        return items;
      }
      case 'mapping': {
        this.enter(node);
        const object: MutableObject = {};
        if (this.rules.types === 'sigs') this.fillInOrder(node, object);
        else this.fillThenMerge(node, object);
        this.depth--;
        return object;
      }
      case 'alias':
        return this.aliasValue(node, () => this.value(node.target));
    }
  }

  private aliasValue<T>(node: YamlNode & { kind: 'alias' }, read: () => T): T {
    if (this.open.has(node)) this.fail(`yaml: anchor '${node.name}' value contains itself`, node);
    this.open.add(node);
    this.aliasDepth++;
    const value = read();
    this.aliasDepth--;
    this.open.delete(node);
    return value;
  }

  private enter(node: YamlNode): void {
    if (++this.depth > this.rules.limits.depth) {
      this.fail(`yaml: more than ${this.rules.limits.depth} collections inside each other`, node, 'YamlTooComplex');
    }
  }

  private count(node: YamlNode): void {
    this.nodes++;
    if (this.aliasDepth > 0) this.aliased++;
    if (this.nodes > this.rules.limits.nodes) {
      this.fail(`yaml: a document of more than ${this.rules.limits.nodes} nodes`, node, 'YamlTooComplex');
    }
    if (this.aliased <= ALIASES_FREE || this.nodes <= NODES_FREE) return;
    const many = Math.min(Math.max((this.nodes - FEW_NODES) / (MANY_NODES - FEW_NODES), 0), 1);
    if (this.aliased / this.nodes > 0.99 - 0.89 * many) this.fail('yaml: document contains excessive aliasing', node, 'YamlTooComplex');
  }

  /** go-yaml v2: a merge key takes effect where it stands, over the keys before it. */
  private fillInOrder(node: YamlMapping, object: MutableObject): void {
    for (const { key, value } of node.entries) {
      if (isMergeKey(key)) {
        for (const merged of this.mergedMappings(value).toReversed())
          this.mergeInto(merged, (mapping) => this.fillInOrder(mapping, object));
        continue;
      }
      const name = this.sigsKey(key, value);
      const item = this.value(value);
      if (this.rules.duplicateKeys === 'error' && Object.hasOwn(object, name)) {
        const shown = key.tag === '!!null' ? '<nil>' : unquotedKeys.has(key.tag) ? name : JSON.stringify(name);
        this.duplicates.push({ text: `line ${value.line}: key ${shown} already set in map`, node: key });
        continue;
      }
      setOwn(object, name, item);
    }
  }

  /** go-yaml v3: a mapping's own keys first, then those of merges that it does not have. */
  private fillThenMerge(node: YamlMapping, object: MutableObject): void {
    if (this.rules.duplicateKeys === 'error' && this.reportDuplicates(node)) return;
    let merge: YamlNode | undefined;
    const own = new Set<string>();
    for (const { key, value } of node.entries) {
      if (isMergeKey(key)) {
        merge = value;
        continue;
      }
      const name = this.kyamlKey(key);
      const item = this.value(value);
      if (!own.has(name) && Object.hasOwn(object, name)) continue;
      own.add(name);
      setOwn(object, name, item);
    }
    if (merge === undefined) return;
    for (const merged of this.mergedMappings(merge)) this.mergeInto(merged, (mapping) => this.fillThenMerge(mapping, object));
  }

  private mergeInto(merged: YamlNode, fill: (mapping: YamlMapping) => void): void {
    this.count(merged);
    if (merged.kind === 'alias') {
      this.aliasValue(merged, () => this.mergeInto(merged.target, fill));
    } else if (merged.kind === 'mapping') {
      this.enter(merged);
      fill(merged);
      this.depth--;
    }
  }

  /** The mappings that the value of a merge key names, the most important one first. */
  private mergedMappings(value: YamlNode): YamlNode[] {
    const mappings = value.kind === 'sequence' ? value.items : [value];
    for (const item of mappings) {
      const target = item.kind === 'alias' ? item.target : item;
      if (target.kind !== 'mapping') this.fail('yaml: map merge requires map or sequence of maps as the value', item);
    }
    return mappings;
  }

  private reportDuplicates(node: YamlMapping): boolean {
    const before = this.duplicates.length;
    const groups = new Map<string, YamlNode[]>();
    for (const { key } of node.entries) {
      const identity = `${key.kind} ${keyText(key)}`;
      const group = groups.get(identity);
      if (group === undefined) groups.set(identity, [key]);
      // Go names every pair; a few say it as well.
      else if (group.length < 10) group.push(key);
    }
    for (const group of groups.values()) {
      for (const [index, first] of group.entries()) {
        for (const again of group.slice(index + 1)) {
          const text = `line ${again.line}: mapping key ${JSON.stringify(keyText(again))} already defined at line ${first.line}`;
          this.duplicates.push({ text, node: again });
        }
      }
    }
    return this.duplicates.length > before;
  }

  /** A key as sigs.k8s.io/yaml turns it into text. */
  private sigsKey(key: YamlNode, value: YamlNode): string {
    if (key.kind === 'scalar' && key.tag === '!!str') {
      this.count(key);
      return key.value;
    }
    const read = this.keyValue(key);
    switch (typeof read) {
      case 'string':
        return read;
      case 'boolean':
        return String(read);
      case 'bigint':
        if (read < 2n ** 63n) return String(read);
        break;
      case 'number':
        return floatKey(key) ? floatName(read) : String(read);
      default:
        break;
    }
    if (typeof read === 'object' && read !== null) this.fail(`yaml: invalid map key: ${goSyntax(read, 'interface {}')}`, key);
    const item = this.value(value);
    const [type, shown] = read === null ? ['%!s(<nil>)', '<nil>'] : ['uint64', `0x${read.toString(16)}`];
    const text = `unsupported map key of type: ${type}, key: ${shown}, value: ${item === null ? '<nil>' : this.shown(goSyntax(item, 'interface {}'))}`;
    this.notJson ??= this.error(text, key);
    return '';
  }

  private keyValue(key: YamlNode): Json {
    this.count(key);
    if (key.kind === 'scalar') return this.scalar(key);
    if (key.kind === 'alias') return this.aliasValue(key, () => this.keyValue(key.target));
    return this.value(key);
  }

  private kyamlKey(key: YamlNode): string {
    this.count(key);
    const target = key.kind === 'alias' ? key.target : key;
    if (target.kind === 'scalar' && (target.tag === '!!str' || target.tag === '!!merge')) return target.value;
    if (target.kind !== 'scalar') this.fail(`yaml: invalid map key: ${goSyntax(this.value(target), 'string')}`, key);
    this.scalar(target);
    this.notJson ??= this.error('json: unsupported type: map[interface {}]interface {}', key);
    return target.value;
  }

  private scalar(node: YamlScalar): Json {
    if (node.tag === '!!str' || (node.nonSpecific === true && this.rules.types === 'sigs')) return node.value;
    const tag = node.taggedExplicitly === true ? this.writtenTag(node) : node.tag;
    switch (tag) {
      case '!!null':
        return null;
      case '!!bool':
        return booleanOf(node.value);
      case '!!int':
        return integerOf(node.value, this.rules.types);
      case '!!float':
        return floatOf(node.value, this.rules.types);
      case '!!timestamp':
        return this.rules.types === 'sigs' ? node.value : timestampOf(node.value);
      case '!!binary':
        return this.binary(node);
      default:
        return node.value;
    }
  }

  /** A tag that was written has to fit the text; those that go-yaml does not know leave it a string. */
  private writtenTag(node: YamlScalar): string {
    const { tag, value } = node;
    if (!resolvable.has(tag)) return tag;
    let natural: string = plainTag(value, this.rules.types);
    if (natural === '!!timestamp' && tag !== '!!timestamp') natural = '!!str';
    if (natural === tag) return tag;
    const integer = natural === '!!int' ? integerOf(value, this.rules.types) : undefined;
    if (tag === '!!float' && integer !== undefined && integer < 2n ** 63n) return tag;
    return this.fail(`yaml: cannot decode ${natural} \`${this.shown(value)}\` as a ${tag}`, node);
  }

  /** Part of a text that is shown in an error, unless it may be secret. */
  private shown(text: string): string {
    return this.source.confidential === true ? '…' : text;
  }

  private binary(node: YamlScalar): string {
    const data = node.value.replace(/[\r\n]/g, '');
    if (data.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(data)) this.fail('yaml: !!binary value contains invalid base64 data', node);
    return Buffer.from(data, 'base64').toString('utf8');
  }

  private number(value: Json, node: YamlNode): Json {
    if (typeof value === 'bigint') return this.rules.integers === 'float64' ? Number(value) : value;
    if (typeof value === 'number' && !Number.isFinite(value))
      this.notJson ??= this.error(`json: unsupported value: ${formatFloatG(value)}`, node);
    return value;
  }

  private fail(text: string, node: YamlNode, reason: YamlErrorReason = 'YamlInvalid'): never {
    throw this.error(text, node, reason);
  }

  private error(text: string, node: YamlNode, reason: YamlErrorReason = 'YamlInvalid'): YamlError {
    const line = node.line - 1;
    const column = node.column - 1;
    return new YamlError(reason, text, this.source, { index: offsetOf(this.source.text, line, column), line, column });
  }
}

/** Keys that are no strings in Go. */
const unquotedKeys = new Set(['!!int', '!!float', '!!bool']);
const resolvable = new Set(['!!bool', '!!int', '!!float', '!!null', '!!timestamp']);

/** The text by which go-yaml v3 compares keys. */
function keyText(key: YamlNode): string {
  return key.kind === 'scalar' ? key.value : key.kind === 'alias' ? key.name : '';
}

function isMergeKey(key: YamlNode): boolean {
  return key.kind === 'scalar' && key.value === '<<' && (key.tag === '!!merge' || key.nonSpecific === true);
}

function floatKey(key: YamlNode): boolean {
  const target = key.kind === 'alias' ? key.target : key;
  return target.tag === '!!float';
}

function floatName(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  return Number.isFinite(value) ? formatFloatG(value, true) : value < 0 ? '-.inf' : '.inf';
}

/** A value as Go's `%#v` shows it, which is how it comes to stand in messages. */
function goSyntax(value: Json, keyType: string): string {
  if (value === null) return 'interface {}(nil)';
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map((item: Json) => goSyntax(item, keyType)).join(', ')}}`;
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value as JsonObject).map(([key, item]) => `${JSON.stringify(key)}:${goSyntax(item, keyType)}`);
  return `map[${keyType}]interface {}{${entries.join(', ')}}`;
}

function offsetOf(text: string, line: number, column: number): number {
  const breaks = /\r\n|[\n\r\x85\u2028\u2029]/g;
  let offset = 0;
  for (let count = 0; count < line; count++) {
    if (breaks.exec(text) === null) break;
    offset = breaks.lastIndex;
  }
  return offset + column;
}
