import { about, anything, choice, integer, list, map, object, required, string, type Static } from '../dsl/schema.js';
import { selectorFields } from './cluster-references.js';

/** What is shared by the kinds that apply objects: Kustomization and HelmRelease. */

export const commonMetadata = object('Labels and annotations for all objects.', {
  annotations: map('Annotations to add; they win over those of the manifests.', string('')),
  labels: map('Labels to add; they win over those of the manifests.', string('')),
});

export const dependency = object('An object that must be ready first.', {
  name: required(string('Its name.')),
  namespace: string('Its namespace. Default: the one of this object.'),
  readyExpr: string('A condition in CEL over dep (the dependency) and self; replaces the built-in check of readiness.'),
});

/** The same of any kind; without one it is of the kind of the object that depends on it. */
export const dependencyOfAnyKind = object('An object that must be ready first.', {
  ...dependency.fields,
  apiVersion: string('Its group and version. Default: that of this kind, or of the kind where that is one of Flux.'),
  kind: string('Its kind. Default: the kind of this object.'),
});

export const healthCheckExpression = object('How to judge the objects of a kind.', {
  apiVersion: required(string('The API version of the kind.')),
  current: required(string('Holds when the object is healthy.')),
  failed: string('Holds when the object has failed for good.'),
  inProgress: string('Holds while the object is on its way.'),
  kind: string('The kind. Default: every kind of the API version.'),
});

export const objectReference = object('An object.', {
  apiVersion: string('Its API version.'),
  kind: required(string('Its kind.')),
  name: required(string('Its name.')),
  namespace: string('Its namespace.'),
});

export const imageOverride = object('An image to replace.', {
  digest: string('The digest to use instead of a tag.'),
  name: required(string('The name to look for, without tag.')),
  newName: string('The name to put there.'),
  newTag: string('The tag to put there.'),
});

export const patch = object('A patch, and the objects it is for.', {
  patch: required(string('The patch in YAML: strategic merge, or a list of JSON 6902 operations.')),
  target: about('The objects. Default: the one the patch names.', object('The objects.', selectorFields)),
});

export const inventory = object('The objects that were applied.', {
  entries: required(
    list(
      'One entry for each object.',
      object('An object.', {
        id: required(string('Namespace, name, group and kind, joined by underscores.')),
        v: required(string('The API version it was applied in.')),
      }),
    ),
  ),
});
export type Inventory = Static<typeof inventory>;

export const history = list(
  'What was applied before, newest first: one entry for each set of manifests.',
  object('A set of manifests.', {
    digest: required(string('The digest of the manifests.')),
    firstReconciled: required(string('When it was first applied.', { format: 'date-time' })),
    lastReconciled: required(string('When it was last applied.', { format: 'date-time' })),
    lastReconciledDuration: required(string('How long that took.')),
    lastReconciledStatus: required(string('How that ended: the reason of the Ready condition.')),
    metadata: map('What belongs to it, such as the revision.', string('')),
    totalReconciliations: required(integer('How often it was applied.', { format: 'int64' })),
  }),
);
export type HistoryEntry = Static<typeof history>[number];

const jsonPatch = list(
  'The operations of the patch.',
  object('An operation of RFC 6902.', {
    from: string('The path to move or copy from.'),
    op: required(choice('What to do.', ['test', 'remove', 'add', 'replace', 'move', 'copy'])),
    path: required(string('The path to change.')),
    value: anything('The value to put there.'),
  }),
);

/** The two lists of patches that older versions had, before one list took both kinds. They are refused. */
export function legacyPatches(successor: string) {
  const text = `Refused: write these patches under ${successor}.`;
  return {
    patchesJson6902: list(
      text,
      object('A patch and the objects it is for.', {
        patch: required(jsonPatch),
        target: required(object('The objects.', selectorFields)),
      }),
    ),
    // Of fields without a type no rule can speak: a real API server refuses the definition.
    patchesStrategicMerge: list(text, anything(''), { maxItems: 0 }),
  };
}
