import { SluiceError } from '@sluice/core';
import { expectKind } from '../node/expect-kind.js';
import {
  Scalar,
  isNull,
  kindOf,
  quoteIfAmbiguous,
  rawTextOf,
  setField,
  textOf,
  type Mapping,
  type Node,
  type NodeKind,
  type Sequence,
} from '../node/node.js';
import { compareText } from '../resource/gvk.js';
import type { MergeSchema } from '../schema/merge-schema.js';
import { deleteElement, mergeElements } from './list-merge.js';

/** Finds the schema of an object of a kind. */
export type SchemaOf = (apiVersion: string, kind: string) => MergeSchema | undefined;

/** The field, or the element of a list, that says what to do with its surroundings. */
const DIRECTIVE = '$patch';
type Directive = 'delete' | 'replace' | 'merge';

/**
 * Merges a strategic merge patch into a value, as kyaml's merge2 does, in place. Returns the result; undefined when the
 * patch deletes the value. Parts of the patch become parts of the result: the caller must not use it again.
 *
 * Fields that only one side has are walked as well. That is how directives inside new parts are obeyed, nulls in them
 * dropped, and lists with keys put in order even where the patch does not reach them.
 */
export function strategicMerge(value: Node | undefined, patch: Node | undefined, schemaOf: SchemaOf): Node | undefined {
  return mergeValue(value, patch, undefined, schemaOf);
}

/** A null that a resource has on purpose. It stays where others would go. */
class KeptNull {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Merges two values of any kind. */
export function mergeValue(
  value: Node | undefined,
  patch: Node | undefined,
  known: MergeSchema | undefined,
  schemaOf: SchemaOf,
): Node | undefined {
  const merged = mergeOrKeep(value, patch, known, schemaOf);
  return merged instanceof KeptNull ? new Scalar(merged.text, '!!null', false) : merged;
}

function mergeOrKeep(
  value: Node | undefined,
  patch: Node | undefined,
  known: MergeSchema | undefined,
  schemaOf: SchemaOf,
): Node | KeptNull | undefined {
  const schema = known ?? schemaByType(value, schemaOf) ?? schemaByType(patch, schemaOf);
  const leading = isNull(value) ? patch : value;
  if (isNull(leading)) return mergeNulls(value, patch);
  const kind = kindOf(leading);
  demandKind(value, kind);
  demandKind(patch, kind);
  switch (kind) {
    case 'mapping':
      return mergeMapping(value as Mapping | undefined, patch as Mapping | undefined, schema, schemaOf);
    case 'sequence':
      return schema?.mergeKeys === undefined ? (patch ?? value) : mergeList(value, patch, schema.mergeKeys, schema, schemaOf);
    case 'scalar':
      return patch ?? value;
  }
}

/** An object inside of another is known by its own type. */
function schemaByType(node: Node | undefined, schemaOf: SchemaOf): MergeSchema | undefined {
  if (!(node instanceof Map)) return undefined;
  const kind = textOf(node.get('kind'));
  const apiVersion = textOf(node.get('apiVersion'));
  return kind === '' || apiVersion === '' ? undefined : schemaOf(apiVersion, kind);
}

/** `null` that a resource spells out stays; a field left empty does not. */
function mergeNulls(value: Node | undefined, patch: Node | undefined): Node | KeptNull | undefined {
  if (patch !== undefined || value === undefined) return patch;
  const text = rawTextOf(value);
  return text === '' ? undefined : new KeptNull(text);
}

function mergeMapping(
  value: Mapping | undefined,
  patch: Mapping | Scalar | undefined,
  schema: MergeSchema | undefined,
  schemaOf: SchemaOf,
): Mapping | undefined {
  if (patch instanceof Scalar) return undefined;
  const directive = patch === undefined ? 'merge' : takeDirective(patch, !isNull(value));
  if (directive === 'delete') return undefined;
  // What is new or replaces is walked as if it were merged with itself.
  const into = isNull(value) || directive === 'replace' ? patch : value;
  if (into === undefined) return undefined;
  for (const name of fieldNames(into, patch)) {
    const merged = mergeOrKeep(into.get(name), patch?.get(name), schema?.field(name), schemaOf);
    if (merged instanceof KeptNull) into.set(name, new Scalar(merged.text, '!!null', false));
    // What only the resource has is set anew as well, and may get its quotes by that.
    else if (merged instanceof Scalar && !isNull(merged) && merged === into.get(name)) into.set(name, quoteIfAmbiguous(merged));
    else setField(into, name, merged);
  }
  return into;
}

function fieldNames(into: Mapping, patch: Mapping | undefined): string[] {
  const names = new Set(into.keys());
  if (patch !== undefined && patch !== into) for (const name of patch.keys()) names.add(name);
  return [...names].sort(compareText);
}

/** Removes the directive from a mapping of a patch and returns it. */
function takeDirective(patch: Mapping, mustBeKnown: boolean): Directive {
  const node = patch.get(DIRECTIVE);
  if (node === undefined) return 'merge';
  const directive = readDirective(rawTextOf(node), mustBeKnown);
  if (directive !== undefined) patch.delete(DIRECTIVE);
  return directive ?? 'merge';
}

function readDirective(text: string, mustBeKnown: boolean): Directive | undefined {
  if (text === 'delete' || text === 'replace' || text === 'merge') return text;
  if (mustBeKnown) throw new SluiceError('PatchInvalid', `unknown patch strategy '${text}'`);
  return undefined;
}

function mergeList(
  value: Node | undefined,
  patch: Node | undefined,
  keys: readonly string[],
  schema: MergeSchema,
  schemaOf: SchemaOf,
): Node | undefined {
  if (patch instanceof Scalar) return isNull(value) ? patch : undefined;
  const patchList = patch as Sequence | undefined;
  let into: Sequence;
  if (isNull(value)) {
    if (patchList === undefined) return undefined;
    into = patchList;
  } else {
    const directive = patchList === undefined ? 'merge' : takeListDirective(patchList);
    if (directive === 'delete') return undefined;
    into = directive === 'replace' ? patchList! : (value as Sequence);
  }
  const elementSchema = schema.elements();
  return mergeElements(into, patchList, keys, (own, change) => mergeValue(own, change, elementSchema, schemaOf));
}

/** The directive of a list is an element of its own, with nothing else in it. */
function takeListDirective(patch: Sequence): Directive {
  const element = patch.find((item): item is Mapping => item instanceof Map && item.has(DIRECTIVE));
  if (element === undefined || element.size > 1) return 'merge';
  const text = rawTextOf(element.get(DIRECTIVE));
  const directive = readDirective(text, true) ?? 'merge';
  deleteElement(patch, [DIRECTIVE], [text]);
  return directive;
}

function demandKind(node: Node | undefined, kind: NodeKind): void {
  if (!isNull(node)) expectKind(node, kind);
}
