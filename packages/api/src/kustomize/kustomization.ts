import { superseded, version, type CustomResource, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, list, map, noLonger, object, omit, required, string } from '../dsl/schema.js';
import { duration } from '../shared/duration.js';
import { kubeConfigReference, kubeConfigRules, kubeConfigSecret, selectorFields } from '../shared/cluster-references.js';
import { groups } from '../shared/names.js';
import { localReference } from '../shared/references.js';
import { ageColumn, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import {
  commonMetadata,
  dependency,
  dependencyOfAnyKind,
  healthCheckExpression,
  history,
  imageOverride,
  inventory,
  legacyPatches,
  objectReference,
  patch,
} from '../shared/workload.js';

const target = object('Which objects it is for.', selectorFields);

const substituteReference = object('A ConfigMap or Secret whose keys are variables.', {
  kind: required(choice('Its kind.', ['Secret', 'ConfigMap'])),
  name: required(string('Its name, in the same namespace.', { maxLength: 253, minLength: 1 })),
  optional: boolean('Whether it may be missing.', { default: false }),
});

const sourceRef = <const K extends string>(kinds: readonly K[]) =>
  required(
    object('The source with the manifests.', {
      apiVersion: string('Its group and version.'),
      kind: required(choice('Its kind.', kinds)),
      name: required(string('Its name.')),
      namespace: string('Its namespace. Default: the one of this Kustomization.'),
    }),
  );

const spec = {
  buildMetadata: list('Build metadata to add to the objects as annotations.', choice('', ['originAnnotations', 'transformerAnnotations'])),
  commonMetadata,
  components: list('Kustomize components to build in, by their paths.', string('')),
  decryption: object('How to decrypt the Secrets of the source.', {
    provider: required(choice('The tool they are encrypted with.', ['sops'])),
    secretRef: about('The Secret with the private keys.', localReference),
    serviceAccountName: string('The ServiceAccount to authenticate to a key management service as.'),
  }),
  deletionPolicy: choice(
    'What becomes of the objects when this Kustomization is deleted. Default: MirrorPrune, that is, as spec.prune says.',
    ['MirrorPrune', 'Delete', 'WaitForTermination', 'Orphan'],
  ),
  dependsOn: list('What must be ready first.', dependencyOfAnyKind),
  force: boolean('Delete and create objects anew where a change of an immutable field refuses the update.', { default: false }),
  healthCheckExprs: list('How to judge the health of custom resources, in CEL.', healthCheckExpression),
  healthChecks: list('Objects whose health decides over this Kustomization.', objectReference),
  ignore: list(
    'Fields whose drift is left alone.',
    object('Fields of some objects.', {
      paths: required(list('The fields, as JSON pointers.', string(''))),
      target: about('The objects. Default: all.', target),
    }),
  ),
  ignoreMissingComponents: boolean('Leave out components that are not in the source, instead of failing.'),
  images: list('Image names, tags and digests to replace.', imageOverride),
  interval: required(duration('How often to reconcile when nothing has changed.')),
  kubeConfig: object('The cluster to apply to. Default: this one.', kubeConfigReference.fields, { rules: kubeConfigRules }),
  namePrefix: string('What to put before the names of all objects.', { maxLength: 200, minLength: 1 }),
  nameSuffix: string('What to put after the names of all objects.', { maxLength: 200, minLength: 1 }),
  patches: list('Patches of the objects: strategic merge or JSON 6902.', patch),
  path: string('The directory in the source with the kustomization.yaml, or with the manifests. Default: its root.'),
  postBuild: object('What to do with the manifests after the build.', {
    substitute: map('Variables and their values, for ${name} in the manifests.', string('')),
    substituteFrom: list(
      'ConfigMaps and Secrets with more variables; later ones win, and spec.postBuild.substitute wins over all.',
      substituteReference,
    ),
    substituteStrategy: choice('When to substitute: only where there are variables, or always. Default: WithVariables.', [
      'WithVariables',
      'Always',
    ]),
  }),
  prune: required(boolean('Whether objects that are gone from the source are deleted.')),
  retryInterval: duration('How long to wait after a failure. Default: the interval.'),
  serviceAccountName: string('The ServiceAccount to apply as.'),
  sourceRef: sourceRef(['OCIRepository', 'GitRepository', 'Bucket', 'ExternalArtifact']),
  suspend: boolean('Leave this Kustomization alone.'),
  targetNamespace: string('The namespace to place all namespaced objects in.', { maxLength: 63, minLength: 1 }),
  timeout: duration('The limit of building, applying and health checks. Default: the interval.'),
  wait: boolean('Wait until all applied objects are healthy; healthChecks are ignored then.'),
};

const status = {
  ...reconcileStatus,
  history,
  inventory,
  lastAppliedOriginRevision: string('The origin of the last applied revision, such as the Git commit an OCI artifact was made from.'),
  lastAppliedRevision: string('The revision that was last applied.'),
  lastAttemptedRevision: string('The revision that was last tried.'),
};

const what = 'Manifests of a source, kept equal in a cluster.';

/** A field of the older versions, which the stored one has to declare: see docs/decisions/0195. */
const validation = choice('Without effect: all objects are validated by the server before the first one is written.', [
  'none',
  'client',
  'server',
]);

export const kustomizationV1 = version({
  name: 'v1',
  about: what,
  spec: object('What to apply, and how.', { ...spec, validation }),
  status: object('What was applied.', status, unobserved),
  columns: [ageColumn, ...readyColumns],
});

const legacySpec = {
  ...omit(spec, 'buildMetadata', 'deletionPolicy', 'healthCheckExprs', 'ignore', 'ignoreMissingComponents', 'namePrefix', 'nameSuffix'),
  decryption: object('How to decrypt the Secrets of the source.', omit(spec.decryption.fields, 'serviceAccountName')),
  dependsOn: list('Kustomizations that must be ready first.', object('A Kustomization.', omit(dependency.fields, 'readyExpr'))),
  ...legacyPatches('spec.patches'),
  postBuild: object('What to do with the manifests after the build.', omit(spec.postBuild.fields, 'substituteStrategy')),
  validation,
};

const patchesAdvice = 'move its patches to spec.patches, which takes both kinds';
const legacyRules = [noLonger('patchesJson6902', patchesAdvice)];

const v1beta2 = version({
  name: 'v1beta2',
  about: what,
  spec: object(
    'What to apply, and how.',
    {
      ...legacySpec,
      sourceRef: sourceRef(['OCIRepository', 'GitRepository', 'Bucket']),
    },
    { rules: legacyRules },
  ),
  status: object('What was applied.', omit(status, 'history', 'lastAppliedOriginRevision'), unobserved),
  columns: [ageColumn, ...readyColumns],
  ...superseded('Kustomization', 'v1beta2', 'v1'),
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object(
    'What to apply, and how.',
    {
      ...omit(legacySpec, 'commonMetadata', 'components', 'wait'),
      interval: required(string('How often to reconcile when nothing has changed.')),
      kubeConfig: object('The cluster to apply to. Default: this one.', {
        secretRef: required(object('The Secret with the kubeconfig.', omit(kubeConfigSecret.fields, 'key'))),
      }),
      retryInterval: string('How long to wait after a failure. Default: the interval.'),
      sourceRef: sourceRef(['GitRepository', 'Bucket']),
      postBuild: object('What to do with the manifests after the build.', {
        substitute: spec.postBuild.fields.substitute,
        substituteFrom: list(
          'ConfigMaps and Secrets with more variables.',
          object('A ConfigMap or Secret whose keys are variables.', omit(substituteReference.fields, 'optional')),
        ),
      }),
      timeout: string('The limit of building, applying and health checks. Default: the interval.'),
    },
    { rules: legacyRules },
  ),
  status: object(
    'What was applied.',
    {
      ...reconcileStatus,
      lastAppliedRevision: status.lastAppliedRevision,
      lastAttemptedRevision: status.lastAttemptedRevision,
      snapshot: object('The objects that were applied, as early versions recorded them.', {
        checksum: required(string('A checksum of the manifests.')),
        entries: required(
          list(
            'One entry for each namespace.',
            object('The kinds in a namespace.', {
              kinds: required(map('Kinds by group and version.', string(''))),
              namespace: string('The namespace.'),
            }),
          ),
        ),
      }),
    },
    unobserved,
  ),
  columns: [...readyColumns, ageColumn],
  ...superseded('Kustomization', 'v1beta1', 'v1'),
});

export const kustomization: CustomResource = {
  group: groups.kustomize,
  kind: 'Kustomization',
  plural: 'kustomizations',
  singular: 'kustomization',
  shortNames: ['ks'],
  categories: ['all', 'fluxcd', 'fluxcd-appliers'],
  versions: [kustomizationV1, v1beta2, v1beta1],
};

export type Kustomization = ResourceObject<typeof groups.kustomize, 'Kustomization', typeof kustomizationV1>;
