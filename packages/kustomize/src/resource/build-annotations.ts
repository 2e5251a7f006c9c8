import { textOf } from '../node/node.js';
import { ORIGIN_ANNOTATION, TRANSFORMATIONS_ANNOTATION, originText, originsText } from './origin.js';
import type { GeneratorBehavior, Resource } from './resource.js';

const INTERNAL = 'internal.config.kubernetes.io/';
const ENABLED = 'enabled';

/**
 * Annotations by which kustomize remembers things inside a resource. The build keeps them in the {@link Resource}
 * instead, but takes them where a resource brings them along, and shows them to JSON patches, which in kustomize can
 * count on `/metadata/annotations` being there because of them.
 */
const previousNames = `${INTERNAL}previousNames`;
const previousNamespaces = `${INTERNAL}previousNamespaces`;
const previousKinds = `${INTERNAL}previousKinds`;
const prefixes = `${INTERNAL}prefixes`;
const suffixes = `${INTERNAL}suffixes`;
const needsHashSuffix = `${INTERNAL}needsHashSuffix`;
const generatorBehavior = `${INTERNAL}generatorBehavior`;
const allowNameChange = `${INTERNAL}allowNameChange`;
const allowKindChange = `${INTERNAL}allowKindChange`;
const helmGenerated = `${INTERNAL}helm-generated`;

/** Annotations of the build that never reach its output. */
export const buildAnnotations: ReadonlySet<string> = new Set([
  previousNames,
  previousNamespaces,
  previousKinds,
  prefixes,
  suffixes,
  needsHashSuffix,
  generatorBehavior,
  allowNameChange,
  allowKindChange,
  helmGenerated,
  `${INTERNAL}refBy`,
  `${INTERNAL}index`,
  `${INTERNAL}path`,
  `${INTERNAL}seqindent`,
  `${INTERNAL}id`,
  `${INTERNAL}annotations-migration-resource-id`,
  'config.kubernetes.io/index',
  'config.kubernetes.io/path',
  'config.k8s.io/id',
]);

/** Moves what a resource's annotations say about the build into the resource. */
export function takeBuildAnnotations(resource: Resource): void {
  const annotations = resource.annotations;
  if (annotations === undefined) return;
  const take = (key: string): string | undefined => {
    const value = annotations.get(key);
    if (value === undefined) return undefined;
    annotations.delete(key);
    return textOf(value);
  };
  const list = (key: string): string[] | undefined => take(key)?.split(',');
  const names = list(previousNames);
  const namespaces = list(previousNamespaces) ?? [];
  const kinds = list(previousKinds) ?? [];
  if (names !== undefined && names.length === namespaces.length && names.length === kinds.length) {
    resource.previousIds = names.map((name, index) => ({ name, namespace: namespaces[index] ?? '', kind: kinds[index] ?? '' }));
  }
  resource.prefixes = list(prefixes) ?? resource.prefixes;
  resource.suffixes = list(suffixes) ?? resource.suffixes;
  if (take(needsHashSuffix) === ENABLED) resource.needsHash = true;
  const behavior = take(generatorBehavior);
  if (behavior !== undefined) resource.behavior = readBehavior(behavior);
  if (take(allowNameChange) === ENABLED) resource.allowNameChange = true;
  if (take(allowKindChange) === ENABLED) resource.allowKindChange = true;
  if (take(helmGenerated) === 'true') resource.isFromHelm = true;
}

/** The annotations that kustomize would carry in the resource at this moment. */
export function shownBuildAnnotations(resource: Resource): Map<string, string> {
  const shown = new Map<string, string>();
  if (resource.previousIds.length > 0) {
    shown.set(previousKinds, resource.previousIds.map(({ kind }) => kind).join(','));
    shown.set(previousNames, resource.previousIds.map(({ name }) => name).join(','));
    shown.set(previousNamespaces, resource.previousIds.map(({ namespace }) => namespace).join(','));
  }
  if (resource.prefixes.length > 0) shown.set(prefixes, resource.prefixes.join(','));
  if (resource.suffixes.length > 0) shown.set(suffixes, resource.suffixes.join(','));
  if (resource.needsHash) shown.set(needsHashSuffix, ENABLED);
  if (resource.behavior !== undefined) shown.set(generatorBehavior, resource.behavior);
  if (resource.isFromHelm) shown.set(helmGenerated, 'true');
  return shown;
}

/** The annotations about where a resource comes from, which a patch can take away like any other. */
function originAnnotations({ origin, transformations }: Resource): Map<string, string> {
  const shown = new Map<string, string>();
  if (origin !== undefined) shown.set(ORIGIN_ANNOTATION, originText(origin));
  if (transformations.length > 0) shown.set(TRANSFORMATIONS_ANNOTATION, originsText(transformations));
  return shown;
}

/**
 * Runs a change with all that in the annotations, as kustomize has it, and takes it out again: a patch that drops the
 * annotations makes kustomize forget the former names of a resource. `keepsInternal` protects all but the origin.
 */
export function withBuildAnnotations(resource: Resource, keepsInternal: boolean, change: () => void): void {
  const internal = shownBuildAnnotations(resource);
  const shown = new Map([...internal, ...originAnnotations(resource)]);
  for (const [key, value] of shown) resource.setAnnotation(key, value);
  change();
  const annotations = resource.annotations;
  if (annotations?.has(ORIGIN_ANNOTATION) !== true) resource.origin = undefined;
  if (annotations?.has(TRANSFORMATIONS_ANNOTATION) !== true) resource.transformations = [];
  annotations?.delete(ORIGIN_ANNOTATION);
  annotations?.delete(TRANSFORMATIONS_ANNOTATION);
  if (keepsInternal) {
    for (const key of internal.keys()) annotations?.delete(key);
    return;
  }
  resource.previousIds = [];
  resource.prefixes = [];
  resource.suffixes = [];
  resource.needsHash = false;
  resource.behavior = undefined;
  resource.isFromHelm = false;
  takeBuildAnnotations(resource);
}

export function readBehavior(text: string): GeneratorBehavior {
  return text === 'create' || text === 'replace' || text === 'merge' ? text : 'unspecified';
}
