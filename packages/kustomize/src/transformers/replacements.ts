import { SluiceError } from '@sluice/core';
import { WrongKind } from '../node/expect-kind.js';
import { lookup, splitFieldPath } from '../node/field-path.js';
import {
  Scalar,
  changedScalar,
  copyNode,
  isNull,
  isNullOrEmpty,
  kindOf,
  rawTextOf,
  textOf,
  type Mapping,
  type Node,
  type NodeKind,
} from '../node/node.js';
import { matchPath, type Match, type TreeAccess } from '../node/path-match.js';
import { wrapError } from '../errors.js';
import type { FieldOptions, Replacement } from '../kustomization/kustomization.js';
import { isSelectedBy } from '../resource/gvk.js';
import { effectiveNamespace, idText, type ResourceId } from '../resource/resource-id.js';
import type { Resource } from '../resource/resource.js';
import { compileSelector, type CompiledSelector } from '../resource/selector.js';
import { fromYaml } from '../node/from-yaml.js';
import { parseText, setInText } from './structured-text.js';
import type { Transformer } from './transformer.js';

const DEFAULT_PATH = 'metadata.name';

/** Copies values from fields of one resource to fields of others. */
export function replacementsTransformer(replacements: readonly Replacement[]): Transformer {
  return {
    transform(resources) {
      for (const replacement of replacements) {
        const { source, sourceValue, targets } = replacement;
        if ((source === undefined && sourceValue === undefined) || targets === undefined) {
          throw invalid('replacements must specify a source and at least one target');
        }
        if (source !== undefined && sourceValue !== undefined) throw invalid('value and resource selectors are mutually exclusive');
        const value = sourceValue === undefined ? readSource(resources.items, source!) : () => new Scalar(sourceValue, '', false);
        for (const target of targets) applyTo(resources.items, target, value);
      }
      resources.changed();
    },
  };
}

type Source = NonNullable<Replacement['source']>;
type Target = NonNullable<Replacement['targets']>[number];

/**
 * The value that a source names. It is read anew for every target: a source that is one of them changes on the way, and
 * in kustomize the next target gets what it is by then.
 */
function readSource(resources: readonly Resource[], source: Source): () => Node {
  const resource = selectSource(resources, source);
  const path = source.fieldPath === undefined || source.fieldPath === '' ? DEFAULT_PATH : source.fieldPath;
  let node: Node | undefined;
  try {
    node = lookup(resource.root, splitFieldPath(path));
  } catch (error) {
    throw wrapError(error, 'error looking up replacement source');
  }
  if (node === undefined || isNullOrEmpty(node)) {
    throw notFound(`fieldPath \`${path}\` is missing for replacement source ${idText(sourceId(source))}`);
  }
  const { delimiter = '', index = 0 } = source.options ?? {};
  if (delimiter === '') {
    const first = node;
    return () => lookup(resource.root, splitFieldPath(path)) ?? first;
  }
  if (!(node instanceof Scalar)) throw invalid('delimiter option can only be used with scalar nodes');
  const pieces = node.text.split(delimiter);
  const piece = index < 0 ? undefined : pieces[index];
  if (piece === undefined) throw invalid(`options.index ${index} is out of bounds for value ${node.text}`);
  const scalar = new Scalar(piece, node.tag, node.quoted);
  return () => scalar;
}

function selectSource(resources: readonly Resource[], source: Source): Resource {
  const id = sourceId(source);
  const found = resources.filter((resource) => idsOf(resource).some((candidate) => isWanted(candidate, id)));
  if (found.length === 1) return found[0]!;
  const text = selectorText(source);
  throw notFound(found.length === 0 ? `nothing selected by ${text}` : `multiple matches for selector ${text}`);
}

/** Parts of a source's id are compared as they are, not as regular expressions. */
function isWanted(candidate: ResourceId, wanted: ResourceId): boolean {
  return (
    (wanted.name === '' || wanted.name === candidate.name) &&
    (wanted.namespace === '' || effectiveNamespace(wanted.namespace, false) === effectiveNamespace(candidate.namespace, false)) &&
    isSelectedBy(candidate.gvk, wanted.gvk)
  );
}

function sourceId({ group = '', version = '', kind = '', name = '', namespace = '' }: Source): ResourceId {
  return { gvk: { group, version, kind }, name, namespace };
}

function selectorText(source: Source): string {
  const { fieldPath = '', options } = source;
  const { delimiter = '', index = 0, create = false } = options ?? {};
  const shownOptions = delimiter === '' && !create ? '' : `${delimiter}(${index}), create=${create}`;
  return [idText(sourceId(source)), fieldPath, shownOptions].filter((part) => part !== '').join(':');
}

/** The ids that a resource has and had. */
function idsOf(resource: Resource): ResourceId[] {
  const { gvk } = resource;
  const earlier = resource.previousIds.map(({ kind, name, namespace }) => ({
    gvk: kind === gvk.kind ? gvk : { ...gvk, kind },
    name,
    namespace,
  }));
  return [resource.currentId, ...earlier];
}

function applyTo(resources: readonly Resource[], target: Target, value: () => Node): void {
  if (target.select === undefined) throw invalid('target must specify resources to select');
  const select = compileSelector(target.select);
  const rejects = (target.reject ?? []).map(compileSelector);
  const paths = target.fieldPaths === undefined || target.fieldPaths.length === 0 ? [DEFAULT_PATH] : target.fieldPaths;
  const compiledPaths = paths.map((path) => ({ path, parts: splitFieldPath(path) }));
  for (const resource of resources) {
    if (!isTarget(resource, select, rejects)) continue;
    for (const { path, parts } of compiledPaths) {
      try {
        copyTo(resource, path, parts, value(), target.options);
      } catch (error) {
        if (!(error instanceof SluiceError) || resource.place === undefined) throw error;
        throw new SluiceError(error.reason, error.message, { cause: error, place: resource.place });
      }
    }
  }
}

function isTarget(resource: Resource, select: CompiledSelector, rejects: readonly CompiledSelector[]): boolean {
  if (!select.isAnyLabel && !select.labelsAndAnnotations(resource)) return false;
  if (rejects.some((reject) => !reject.isAnyLabel && reject.labelsAndAnnotations(resource))) return false;
  const ids = idsOf(resource);
  if (rejects.some((reject) => !reject.isAnyId && ids.some((id) => selectsId(reject, id)))) return false;
  return ids.some((id) => selectsId(select, id));
}

function selectsId(selector: CompiledSelector, { gvk, name, namespace }: ResourceId): boolean {
  return selector.gvk(gvk) && selector.name(name) && selector.namespace(namespace);
}

function copyTo(resource: Resource, path: string, parts: readonly string[], value: Node, options: FieldOptions | undefined): void {
  const create = options?.create === true ? kindOf(value) : undefined;
  if (setInsideText(resource.root, parts, value, create)) return;
  const missing = `unable to find ${create === undefined ? '' : 'or create '}field ${JSON.stringify(path)} in replacement target`;
  let matches: Match<Node>[];
  try {
    matches = matchPath(nodeAccess, { node: resource.root, replace: () => undefined }, parts, create);
  } catch (error) {
    throw wrapError(error, missing);
  }
  if (matches.length === 0) throw notFound(missing);
  for (const match of matches) match.replace(newValue(match.node, value, options));
}

/** A scalar takes the text and stays what it is: a string a string, a number a number. */
function newValue(old: Node, value: Node, options: FieldOptions | undefined): Node {
  const { delimiter = '', index = 0 } = options ?? {};
  if (delimiter !== '' && !(old instanceof Scalar)) throw invalid('delimiter option can only be used with scalar nodes');
  if (!(old instanceof Scalar)) return copyNode(value);
  let text = rawTextOf(value);
  if (delimiter !== '') {
    const pieces = old.text.split(delimiter);
    const piece = textOf(value);
    if (index < 0) pieces.unshift(piece);
    else if (index >= pieces.length) pieces.push(piece);
    else pieces[index] = piece;
    text = pieces.join(delimiter);
  }
  return changedScalar(old, new Scalar(text, old.tag, old.quoted));
}

/** Sets a value in a document that is the text of a scalar on the path. */
function setInsideText(root: Mapping, parts: readonly string[], value: Node, create: NodeKind | undefined): boolean {
  for (let length = 1; length < parts.length; length++) {
    let scalar: Node | undefined;
    try {
      scalar = lookup(root, parts.slice(0, length));
    } catch {
      continue;
    }
    if (!(scalar instanceof Scalar)) continue;
    const text = setInText(scalar.text, parts.slice(length), value, create);
    if (text === undefined) return false;
    const changed = changedScalar(scalar, new Scalar(text, scalar.tag, scalar.quoted));
    const [place] = matchPath(nodeAccess, { node: root, replace: () => undefined }, parts.slice(0, length), undefined);
    place?.replace(changed);
    return place !== undefined;
  }
  return false;
}

const nodeAccess: TreeAccess<Node> = {
  kind: (node) => (isNull(node) ? 'null' : kindOf(node)),
  field: (node, name) => (node instanceof Map ? node.get(name) : undefined),
  setField(node, name, value) {
    if (node instanceof Map) node.set(name, value);
  },
  elements: (node) => (Array.isArray(node) ? node : []),
  text: rawTextOf,
  create: (kind, text = '') => (kind === 'mapping' ? new Map() : kind === 'sequence' ? [] : new Scalar(text, '', false)),
  inside(node) {
    // A document inside of a string is only looked through here: what can be changed in it has been.
    const root = parseText(rawTextOf(node));
    return root === undefined
      ? undefined
      : { node: fromYaml(root, { file: undefined, lineOffset: 0, takesAnyKey: true }), replace: () => undefined };
  },
  wrongKind: (node, expected) => new WrongKind(expected, node),
};

function invalid(message: string): SluiceError {
  return new SluiceError('KustomizationInvalid', message);
}

function notFound(message: string): SluiceError {
  return new SluiceError('PatchTargetNotFound', message);
}
