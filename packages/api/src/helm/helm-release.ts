import { superseded, version, type CustomResource, type ResourceObject } from '../dsl/custom-resource.js';
import {
  about,
  anything,
  boolean,
  choice,
  integer,
  list,
  map,
  noLonger,
  object,
  omit,
  required,
  string,
  type ObjectSchema,
  type Fields,
} from '../dsl/schema.js';
import { kubeConfigReference, kubeConfigRules, kubeConfigSecret, selectorFields } from '../shared/cluster-references.js';
import { duration } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { ageColumn, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import {
  commonMetadata,
  dependency,
  dependencyOfAnyKind,
  healthCheckExpression,
  imageOverride,
  inventory,
  legacyPatches,
  patch,
} from '../shared/workload.js';
import { chartSelection, chartVerification } from '../source/chart-fields.js';
import { releaseSnapshot } from './release-snapshot.js';

/** The name and namespace of an object, within the limits of Kubernetes. */
function boundedReference<const K extends string>(kinds: readonly K[]) {
  return {
    apiVersion: string('Its group and version.'),
    kind: required(choice('Its kind.', kinds)),
    name: required(string('Its name.', { maxLength: 253, minLength: 1 })),
    namespace: string('Its namespace. Default: the one of this HelmRelease.', { maxLength: 63, minLength: 1 }),
  };
}

const chartSpec = {
  ...chartSelection,
  chart: required(string('The name of the chart in a HelmRepository, or its path in another source.', { maxLength: 2048, minLength: 1 })),
  interval: duration('How often to look for a newer version. Default: the interval of this HelmRelease.'),
  sourceRef: required(object('The source with the chart.', boundedReference(['HelmRepository', 'GitRepository', 'Bucket']))),
  verify: object('Which signature to demand.', chartVerification),
};

const chartMetadata = object('Labels and annotations of the HelmChart.', {
  annotations: map('Annotations to add.', string('')),
  labels: map('Labels to add.', string('')),
});

/** The options that installing and upgrading share. */
const applyOptions = {
  crds: choice('What to do with the CRDs of the chart. Default: Create when installing, Skip when upgrading.', [
    'Skip',
    'Create',
    'CreateReplace',
  ]),
  disableHooks: boolean('Do not run hooks.'),
  disableOpenAPIValidation: boolean('Do not validate the manifests against the schemas of the cluster.'),
  disableSchemaValidation: boolean("Do not validate the values against the chart's schema."),
  disableTakeOwnership: boolean('Fail on objects that exist and belong to no release, instead of taking them over.'),
  disableWait: boolean('Do not wait until the objects are healthy.'),
  disableWaitForJobs: boolean('Do not wait until Jobs are complete.'),
  timeout: duration('The limit of each step. Default: the timeout of this HelmRelease.'),
};

const remediation = {
  ignoreTestFailures: boolean('Failed tests are no failure of the action.'),
  remediateLastFailure: boolean('Remediate also when no retries are left.'),
  retries: integer('How often to try again; a negative number means without end. Default: 0.'),
};

function strategy(rule: string, message: string) {
  return object(
    'What to do when it fails.',
    {
      name: required(choice('Remediate first, or just try again.', ['RemediateOnFailure', 'RetryOnFailure'])),
      retryInterval: duration('How long to wait before trying again.'),
    },
    { rules: [{ message, rule }] },
  );
}

const applyMode = choice('Whether to use server-side apply. Default: auto, that is, as the release was last applied.', [
  'enabled',
  'disabled',
  'auto',
]);

const install = {
  ...applyOptions,
  createNamespace: boolean('Create the target namespace when it is missing.'),
  remediation: object('What to do when installing fails.', remediation),
  replace: boolean('Use the name of a release that was deleted again.'),
  serverSideApply: boolean('Use server-side apply. Default: true.'),
  skipCRDs: boolean('Without effect when crds is given: leave the CRDs of the chart out.'),
  strategy: strategy(
    "!has(self.retryInterval) || self.name != 'RemediateOnFailure'",
    ".retryInterval cannot be set when .name is 'RemediateOnFailure'",
  ),
};

const upgrade = {
  ...applyOptions,
  chartNameChangeStrategy: choice('What to do when the chart gets another name: upgrade in place, or install anew. Default: Reinstall.', [
    'InPlaceUpdate',
    'Reinstall',
  ]),
  cleanupOnFail: boolean('Delete what a failed upgrade has created.'),
  force: boolean('Replace objects, where an update is refused.'),
  preserveValues: boolean('Keep the values of the last release and put the new ones over them.'),
  remediation: object('What to do when upgrading fails.', {
    ...remediation,
    strategy: choice('How to remediate. Default: rollback.', ['rollback', 'uninstall']),
  }),
  serverSideApply: applyMode,
  strategy: strategy(
    "!has(self.retryInterval) || self.name == 'RetryOnFailure'",
    ".retryInterval can only be set when .name is 'RetryOnFailure'",
  ),
};

const postRenderer = {
  images: list('Image names, tags and digests to replace.', imageOverride),
  patches: list('Patches of the objects: strategic merge or JSON 6902.', patch),
};

function postRenderers<F extends Fields>(renderer: ObjectSchema<F>) {
  return list('What to do with the manifests that the chart gives, in this order.', object('A step.', { kustomize: renderer }));
}

const valuesReference = {
  kind: required(choice('Its kind.', ['Secret', 'ConfigMap'])),
  literal: boolean('Take the value at targetPath as it stands, without the syntax of --set.'),
  name: required(string('Its name, in the same namespace.', { maxLength: 253, minLength: 1 })),
  optional: boolean('Whether it may be missing.'),
  targetPath: string('Where to put a single value, in the syntax of --set. Default: the content is a whole values file.', {
    maxLength: 250,
    pattern: String.raw`^([a-zA-Z0-9_\-.\\\/]|\[[0-9]{1,5}\])+$`,
  }),
  valuesKey: string('The key with the values. Default: values.yaml.', { maxLength: 253, pattern: String.raw`^[\-._a-zA-Z0-9]+$` }),
};

function valuesFrom<F extends Fields>(reference: F) {
  return list('ConfigMaps and Secrets with values; later ones win.', object('A ConfigMap or Secret with values.', reference));
}

const spec = {
  chart: object('The HelmChart to make for this release.', {
    metadata: chartMetadata,
    spec: required(object('Which chart to fetch.', chartSpec)),
  }),
  chartRef: object(
    'The object with the chart, instead of spec.chart.',
    boundedReference(['OCIRepository', 'HelmChart', 'ExternalArtifact']),
  ),
  commonMetadata,
  dependsOn: list('What must be ready first.', dependencyOfAnyKind),
  driftDetection: object('What to do about objects that were changed by someone else.', {
    ignore: list(
      'Fields whose drift is left alone.',
      object('Fields of some objects.', {
        paths: required(list('The fields, as JSON pointers.', string(''))),
        target: about('The objects. Default: all.', object('The objects.', selectorFields)),
      }),
    ),
    mode: choice('Correct it, tell about it, or not look. Default: disabled.', ['enabled', 'warn', 'disabled']),
  }),
  healthCheckExprs: list('How to judge the health of custom resources, in CEL.', healthCheckExpression),
  install: object('How to install.', install),
  interval: required(duration('How often to reconcile when nothing has changed.')),
  kubeConfig: object('The cluster to apply to. Default: this one.', kubeConfigReference.fields, { rules: kubeConfigRules }),
  maxHistory: integer('How many revisions to keep; 0 means all. Default: 5.'),
  persistentClient: boolean(
    'Without effect: connections are always kept, and kinds that come up while a release is made are looked up anew, which is what `false` is for in Flux. Default: true.',
  ),
  postRenderStrategy: choice('Whether post-renderers see hooks, and with what. Default: as the version of Helm does.', [
    'nohooks',
    'combined',
    'separate',
  ]),
  postRenderers: postRenderers(object('Kustomize patches and images.', postRenderer)),
  releaseName: string('The name of the release. Default: target namespace and name, joined by a dash.', { maxLength: 53, minLength: 1 }),
  rollback: object('How to roll back.', {
    cleanupOnFail: boolean('Delete what a failed rollback has created.'),
    disableHooks: boolean('Do not run hooks.'),
    disableWait: boolean('Do not wait until the objects are healthy.'),
    disableWaitForJobs: boolean('Do not wait until Jobs are complete.'),
    force: boolean('Replace objects, where an update is refused.'),
    recreate: boolean('Without effect, as in Flux: Helm 4 restarts no pods.'),
    serverSideApply: applyMode,
    timeout: duration('The limit of each step. Default: the timeout of this HelmRelease.'),
  }),
  serviceAccountName: string('The ServiceAccount to apply as.', { maxLength: 253, minLength: 1 }),
  storageNamespace: string('The namespace of the release records. Default: the one of this HelmRelease.', { maxLength: 63, minLength: 1 }),
  suspend: boolean('Leave this HelmRelease alone.'),
  targetNamespace: string('The namespace of the release. Default: the one of this HelmRelease.', { maxLength: 63, minLength: 1 }),
  test: object('How to test.', {
    enable: boolean("Run the chart's tests after installing and upgrading."),
    filters: list(
      'Which tests to run. Default: all.',
      object('A test.', {
        exclude: boolean('Leave it out, instead of running only it.'),
        name: required(string('Its name.', { maxLength: 253, minLength: 1 })),
      }),
    ),
    ignoreFailures: boolean('Failed tests are no failure of the release.'),
    timeout: duration('The limit of each test. Default: the timeout of this HelmRelease.'),
  }),
  timeout: duration('The limit of each step of an action. Default: 5m.'),
  uninstall: object('How to uninstall.', {
    deletionPropagation: choice('How to delete what depends on the objects.', ['background', 'foreground', 'orphan'], {
      default: 'background',
    }),
    disableHooks: boolean('Do not run hooks.'),
    disableWait: boolean('Do not wait until the objects are gone.'),
    keepHistory: boolean('Keep the release records.'),
    timeout: duration('The limit of each step. Default: the timeout of this HelmRelease.'),
  }),
  upgrade: object('How to upgrade.', upgrade),
  values: anything('Values; they win over valuesFrom.'),
  valuesFrom: valuesFrom(valuesReference),
  waitStrategy: object('How to wait for objects.', {
    name: required(choice('By the health of the objects (poller), or as Helm 3 did (legacy).', ['poller', 'legacy'])),
  }),
};

const status = {
  ...reconcileStatus,
  failures: integer('How often reconciling failed since the last change.', { format: 'int64' }),
  helmChart: string('The HelmChart that was made for this release, as namespace/name.'),
  history: list('The last releases, newest first.', releaseSnapshot),
  installFailures: integer('How often installing failed since the last change.', { format: 'int64' }),
  inventory,
  lastAttemptedConfigDigest: string('The digest of the values that were last tried.'),
  lastAttemptedGeneration: integer('The generation that was last tried.', { format: 'int64' }),
  lastAttemptedReleaseAction: choice('The action that was last tried.', ['install', 'upgrade']),
  lastAttemptedReleaseActionDuration: string('How long it took.'),
  lastAttemptedRevision: string('The version of the chart that was last tried.'),
  lastAttemptedRevisionDigest: string('The digest of the chart that was last tried.'),
  lastAttemptedValuesChecksum: string('The checksum of the values that were last tried, as early versions recorded it.'),
  lastHandledForceAt: string('The value of the annotation reconcile.fluxcd.io/forceAt that was last acted upon.'),
  lastHandledResetAt: string('The value of the annotation reconcile.fluxcd.io/resetAt that was last acted upon.'),
  lastReleaseRevision: integer('The revision of the last release, as early versions recorded it.'),
  observedCommonMetadataDigest: string('The digest of the common metadata of the last release.'),
  observedPostRenderersDigest: string('The digest of the post-renderers of the last release.'),
  storageNamespace: string('The namespace of the release records.', { maxLength: 63, minLength: 1 }),
  upgradeFailures: integer('How often upgrading failed since the last change.', { format: 'int64' }),
};

const what = 'A release of a Helm chart, kept as it is described.';
const chartRule = {
  message: 'either chart or chartRef must be set',
  rule: '(has(self.chart) && !has(self.chartRef)) || (!has(self.chart) && has(self.chartRef))',
};

export const helmReleaseV2 = version({
  name: 'v2',
  about: what,
  spec: object('What to release, and how.', spec, { rules: [chartRule] }),
  status: object('What was released.', status, unobserved),
  columns: [ageColumn, ...readyColumns],
});

const legacyRenderer = object(
  'Kustomize patches and images.',
  { ...postRenderer, ...legacyPatches('spec.postRenderers[].kustomize.patches') },
  { rules: [noLonger('patchesJson6902', 'move its patches to patches beside it, which takes both kinds')] },
);
const legacyChartSpec = { ...chartSpec, valuesFile: string('Refused: write it under valuesFiles.') };
const noValuesFile = noLonger('valuesFile', 'write it as the last of valuesFiles');
const legacyDependency = object('A HelmRelease.', omit(dependency.fields, 'readyExpr'));
const legacyStatus = {
  ...omit(status, 'inventory', 'lastAttemptedReleaseActionDuration', 'observedCommonMetadataDigest'),
  history: list('The last releases, newest first.', object('A release.', omit(releaseSnapshot.fields, 'action'))),
  lastAppliedRevision: string('The version of the chart that was last released.'),
};
const newerOptions = ['disableSchemaValidation', 'disableTakeOwnership', 'serverSideApply', 'strategy'] as const;

const v2beta2Spec = {
  ...omit(spec, 'commonMetadata', 'healthCheckExprs', 'postRenderStrategy', 'waitStrategy'),
  chart: object('The HelmChart to make for this release.', {
    metadata: chartMetadata,
    spec: required(object('Which chart to fetch.', legacyChartSpec, { rules: [noValuesFile] })),
  }),
  chartRef: object('The object with the chart, instead of spec.chart.', boundedReference(['OCIRepository', 'HelmChart'])),
  dependsOn: list('HelmReleases that must be ready first.', legacyDependency),
  install: object('How to install.', omit(install, ...newerOptions)),
  postRenderers: postRenderers(legacyRenderer),
  rollback: object('How to roll back.', omit(spec.rollback.fields, 'serverSideApply')),
  upgrade: object('How to upgrade.', omit(upgrade, ...newerOptions, 'chartNameChangeStrategy')),
  valuesFrom: valuesFrom(omit(valuesReference, 'literal')),
};

const v2beta2 = version({
  name: 'v2beta2',
  about: what,
  spec: object('What to release, and how.', v2beta2Spec, { rules: [chartRule] }),
  status: object('What was released.', legacyStatus, unobserved),
  columns: [ageColumn, ...readyColumns],
  ...superseded('HelmRelease', 'v2beta2', 'v2'),
});

const v2beta1 = version({
  name: 'v2beta1',
  about: what,
  spec: object('What to release, and how.', {
    ...v2beta2Spec,
    chart: required(
      object('The HelmChart to make for this release.', {
        metadata: chartMetadata,
        spec: required(
          object(
            'Which chart to fetch.',
            {
              ...omit(legacyChartSpec, 'ignoreMissingValuesFiles'),
              chart: required(string('The name of the chart in a HelmRepository, or its path in another source.')),
              verify: object('Which signature to demand.', {
                ...chartVerification,
                provider: required(choice('The tool it is signed with.', ['cosign'], { default: 'cosign' })),
              }),
            },
            { rules: [noValuesFile] },
          ),
        ),
      }),
    ),
    kubeConfig: object('The cluster to apply to. Default: this one.', { secretRef: required(kubeConfigSecret) }),
    serviceAccountName: string('The ServiceAccount to apply as.'),
    test: object('How to test.', omit(spec.test.fields, 'filters')),
  }),
  status: object(
    'What was released.',
    {
      ...omit(legacyStatus, 'lastAttemptedRevisionDigest'),
      lastAttemptedReleaseAction: string('The action that was last tried.'),
      storageNamespace: string('The namespace of the release records.'),
    },
    unobserved,
  ),
  columns: [ageColumn, ...readyColumns],
  ...superseded('HelmRelease', 'v2beta1', 'v2'),
});

export const helmRelease: CustomResource = {
  group: groups.helm,
  kind: 'HelmRelease',
  plural: 'helmreleases',
  singular: 'helmrelease',
  shortNames: ['hr'],
  categories: ['all', 'fluxcd', 'fluxcd-appliers'],
  versions: [helmReleaseV2, v2beta2, v2beta1],
};

export type HelmRelease = ResourceObject<typeof groups.helm, 'HelmRelease', typeof helmReleaseV2>;
