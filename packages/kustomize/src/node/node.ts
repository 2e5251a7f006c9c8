import { SluiceError } from '@sluice/core';
import { plainTag } from '@sluice/yaml';

/**
 * A scalar as it stands in a document: its text, its YAML tag (`!!str`, `!!int`, …; empty for "what the text looks
 * like"), and whether it stands in quotes. All three are needed: patching `"1"` with 2 gives the string "2", patching
 * `x` with 2 gives the number. Immutable, so trees may share scalars.
 */
export class Scalar {
  readonly text: string;
  readonly tag: string;
  readonly quoted: boolean;

  constructor(text: string, tag: string, quoted: boolean) {
    this.text = text;
    this.tag = tag;
    this.quoted = quoted;
  }
}

/**
 * Fields by name. A Map, because names come from outside and because large ones must stay quick. What every resource
 * goes through walks them with `forEach`: until V8 has compiled it, a `for` loop that takes entries apart costs several
 * times as much, and most builds are over before that.
 */
export type Mapping = Map<string, Node>;
export type Sequence = Node[];

/**
 * A value of a resource while it is being built. Mappings and sequences belong to one tree and are changed in place;
 * whoever needs a second one takes a {@link copyNode}.
 */
export type Node = Scalar | Mapping | Sequence;

export type NodeKind = 'scalar' | 'mapping' | 'sequence';

export function kindOf(node: Node): NodeKind {
  return node instanceof Map ? 'mapping' : Array.isArray(node) ? 'sequence' : 'scalar';
}

/** A string, whatever its text looks like. */
export function stringScalar(text: string): Scalar {
  return new Scalar(text, '!!str', false);
}

/** A scalar that is what its text looks like. */
export function untaggedScalar(text: string): Scalar {
  return new Scalar(text, '', false);
}

export function copyNode(node: Node): Node {
  if (node instanceof Map) return copyMapping(node);
  return Array.isArray(node) ? node.map(copyNode) : node;
}

export function copyMapping(mapping: Mapping): Mapping {
  const copy: Mapping = new Map();
  mapping.forEach((value, key) => copy.set(key, copyNode(value)));
  return copy;
}

/** Whether a node is missing or null. */
export function isNull(node: Node | undefined): node is undefined | Scalar {
  return node === undefined || (node instanceof Scalar && node.tag === '!!null');
}

/** Whether a node is missing, null, or an empty collection. An empty string is not empty. */
export function isNullOrEmpty(node: Node | undefined): boolean {
  if (isNull(node)) return true;
  if (node instanceof Map) return node.size === 0;
  return Array.isArray(node) && node.length === 0;
}

/** The text of a scalar; empty for anything else, null included. */
export function textOf(node: Node | undefined): string {
  return node instanceof Scalar && node.tag !== '!!null' ? node.text : '';
}

/** The text of a scalar as it stands, `null` of a null included; empty for a collection. */
export function rawTextOf(node: Node | undefined): string {
  return node instanceof Scalar ? node.text : '';
}

export function isStringScalar(node: Node): node is Scalar {
  return node instanceof Scalar && (node.tag === '!!str' || node.tag === '');
}

export function mappingOf(node: Node | undefined): Mapping | undefined {
  return node instanceof Map ? node : undefined;
}

/** A value that takes the place of another: it stays in quotes if the old one was. */
export function replaceScalar(old: Node | undefined, value: Scalar): Scalar {
  const quoted = old instanceof Scalar && old.quoted;
  return quoted === value.quoted ? value : new Scalar(value.text, value.tag, quoted);
}

/**
 * Sets a field as kyaml does: null takes the field away; an existing scalar keeps its quotes; a new string that an old
 * reader would take for something else gets quotes.
 */
export function setField(mapping: Mapping, name: string, value: Node | undefined): void {
  if (isNull(value)) {
    mapping.delete(name);
    return;
  }
  if (value instanceof Scalar) {
    const old = mapping.get(name);
    mapping.set(name, old === undefined ? quoteIfAmbiguous(value) : replaceScalar(old, value));
  } else {
    mapping.set(name, value);
  }
}

/** Puts a string in quotes that YAML 1.1 takes for something else. */
export function quoteIfAmbiguous(value: Scalar): Scalar {
  if (value.quoted || !isStringScalar(value) || value.text === '' || value.text.includes('\n')) return value;
  return plainTag(value.text, 'sigs') === '!!str' ? value : new Scalar(value.text, value.tag, true);
}

/** The mapping at a path of fields, created where missing or null. Throws if something else is in the way. */
export function ensureMapping(root: Mapping, ...path: string[]): Mapping {
  let current = root;
  for (const name of path) {
    const next = current.get(name);
    if (next instanceof Map) {
      current = next;
      continue;
    }
    if (!isNull(next)) throw new SluiceError('ManifestInvalid', `wrong node kind: the field ${name} is not a mapping`);
    const created: Mapping = new Map();
    current.set(name, created);
    current = created;
  }
  return current;
}
