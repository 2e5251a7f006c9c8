import { SluiceError } from '@sluice/core';
import { plainTag } from '@sluice/yaml';

/**
 * A scalar as it stands in a document: its text, its YAML tag (`!!str`, `!!int`, …; empty for "what the text looks
 * like"), and whether it stands in quotes. All three are needed: patching `"1"` with 2 gives the string "2", patching
 * `x` with 2 gives the number. Immutable but for
 * {@link SharedScalar}, so trees may share scalars.
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
 * A scalar that stands in several places of one resource: who changes it in one of them changes it in all. kustomize's
 * transformers of labels and annotations put one node wherever something is missing, and what is done to it later shows in
 * all those places: a patch of a label changes the selector that was made with it.
 */
export class SharedScalar extends Scalar {
  become({ text, tag, quoted }: Scalar): this {
    return Object.assign(this, { text, tag, quoted });
  }
}

/** What stands in the place of a scalar after a change: the new one, or the old one itself if it stands elsewhere, too. */
export function changedScalar(old: Node | undefined, value: Scalar): Scalar {
  return old instanceof SharedScalar ? old.become(value) : value;
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
  if (Array.isArray(node)) return node.map(copyNode);
  return node instanceof SharedScalar ? new Scalar(node.text, node.tag, node.quoted) : node;
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
  return changedScalar(old, quoted === value.quoted ? value : new Scalar(value.text, value.tag, quoted));
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
