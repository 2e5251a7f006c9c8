import { SluiceError } from '@sluice/core';
import { splitPath, type FieldSpec } from '../config/field-spec.js';
import { wrapError } from '../errors.js';
import { Scalar, isNull, type Mapping, type Node, type NodeKind } from '../node/node.js';
import { gvkKey, isSelectedBy, type Gvk } from '../resource/gvk.js';
import type { Resource } from '../resource/resource.js';
import { idText } from '../resource/resource-id.js';

/** What happens to the values that a field spec leads to. */
export interface FieldChange {
  /** The new value of a field: the same one, changed or not, or another. `holder` is the mapping that it is the field `name` of. */
  set(node: Node, holder: Mapping, name: string): Node;
  /** What a spec with `create` puts where nothing is; without it nothing is created. */
  readonly createKind?: NodeKind;
}

interface Step {
  readonly name: string;
  /** The path says that the field is a list: `containers[]`. */
  readonly isList: boolean;
}

const compiledPaths = new WeakMap<FieldSpec, readonly Step[]>();

function compile(spec: FieldSpec): readonly Step[] {
  let steps = compiledPaths.get(spec);
  if (steps === undefined) {
    steps = splitPath(spec.path).map((part) =>
      part.endsWith('[]') ? { name: part.slice(0, -2), isList: true } : { name: part, isList: false },
    );
    compiledPaths.set(spec, steps);
  }
  return steps;
}

const applicableSpecs = new WeakMap<readonly FieldSpec[], Map<string, readonly FieldSpec[]>>();

/** Those of a list of field specs that are about a kind. */
export function specsFor(specs: readonly FieldSpec[], gvk: Gvk): readonly FieldSpec[] {
  let byKind = applicableSpecs.get(specs);
  if (byKind === undefined) {
    byKind = new Map();
    applicableSpecs.set(specs, byKind);
  }
  const key = gvkKey(gvk);
  let applicable = byKind.get(key);
  if (applicable === undefined) {
    applicable = specs.filter((spec) => isSelectedBy(gvk, spec));
    byKind.set(key, applicable);
  }
  return applicable;
}

/** Applies a change to all fields of a resource that a list of specs leads to. */
export function changeFields(resource: Resource, specs: readonly FieldSpec[], change: FieldChange): void {
  for (const spec of specsFor(specs, resource.gvk)) changeField(resource, spec, change);
}

/** Applies a change to the fields that one spec leads to; whether it is about the kind has been checked. */
export function changeField(resource: Resource, spec: FieldSpec, change: FieldChange): void {
  try {
    visit(resource.root, compile(spec), 0, spec.create ? change.createKind : undefined, change);
  } catch (error) {
    throw wrapError(error, `considering field '${spec.path}' of object ${idText(resource.currentId)}`);
  }
}

function visit(node: Node, steps: readonly Step[], at: number, createKind: NodeKind | undefined, change: FieldChange): void {
  if (node instanceof Map) {
    visitField(node, steps, at, createKind, change);
  } else if (Array.isArray(node)) {
    for (const item of node) visit(item, steps, at, createKind, change);
  } else if (!isNull(node)) {
    throw new SluiceError('ManifestInvalid', 'expected sequence or mapping node');
  }
}

function visitField(mapping: Mapping, steps: readonly Step[], at: number, createKind: NodeKind | undefined, change: FieldChange): void {
  const { name, isList } = steps[at]!;
  if (name === '') throw new SluiceError('ManifestInvalid', 'cannot set or create an empty field name');
  const creates = isList || createKind === undefined ? undefined : at + 1 === steps.length ? createKind : 'mapping';
  let field = mapping.get(name);
  if (field === undefined) {
    if (creates === undefined) return;
    field = emptyNode(creates);
    mapping.set(name, field);
  } else if (isNull(field) && (isList || creates !== undefined)) {
    field = emptyNode(isList ? 'sequence' : creates!);
    mapping.set(name, field);
  }
  if (at + 1 < steps.length) {
    visit(field, steps, at + 1, createKind, change);
    return;
  }
  const changed = change.set(field, mapping, name);
  if (changed !== field) mapping.set(name, changed);
}

function emptyNode(kind: NodeKind): Node {
  return kind === 'mapping' ? new Map() : kind === 'sequence' ? [] : new Scalar('', '', false);
}
