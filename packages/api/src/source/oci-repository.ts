import { superseded, version, type CustomResource, type PrinterColumn, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, object, required, string } from '../dsl/schema.js';
import { duration, timeout } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { localReference } from '../shared/references.js';
import { ageColumn, artifact, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import { ociVerification } from './chart-fields.js';

const layerSelector = object('Which layer to take. Default: the first one, extracted.', {
  mediaType: string('The media type of the layer: the first one that has it is taken.'),
  operation: choice('Whether to extract the layer or to keep its archive as it is. Default: extract.', ['extract', 'copy']),
});

const spec = {
  certSecretRef: about('The Secret with certificates: ca.crt, tls.crt, tls.key.', localReference),
  ignore: string('Patterns of files to leave out, in the format of .gitignore. Replaces the default exclusions.'),
  insecure: boolean('Speak plain HTTP to the registry.'),
  interval: required(duration('How often to look for changes.')),
  layerSelector,
  provider: choice('Where the credentials come from.', ['generic', 'aws', 'azure', 'gcp'], { default: 'generic' }),
  proxySecretRef: about('The Secret with the proxy to use: address, username, password.', localReference),
  ref: object('Which artifact to take. Default: the tag latest.', {
    digest: string('A digest; wins over everything else.'),
    semver: string('A range of versions: the newest tag in it; wins over tag.'),
    semverFilter: string('A regular expression for the tags that semver looks at.'),
    tag: string('A tag.'),
  }),
  secretRef: about('The Secret with the credentials, of the type kubernetes.io/dockerconfigjson.', localReference),
  serviceAccountName: string('The ServiceAccount whose image pull secrets, or workload identity, are used.'),
  suspend: boolean('Leave this OCIRepository alone.'),
  timeout: timeout('The limit of each operation.', { default: '60s' }),
  url: required(string('The address of the repository: oci://host/path.', { pattern: '^oci://.*$' })),
  verify: object('Which signature to demand.', {
    ...ociVerification.fields,
    trustedRootSecretRef: about('The Secret with the trust root for signatures without a key: trusted_root.json.', localReference),
  }),
};

const status = {
  ...reconcileStatus,
  artifact,
  observedIgnore: string('The ignore patterns of the last artifact.'),
  observedLayerSelector: about('The layer of the last artifact.', layerSelector),
  url: string('The address of the latest artifact.'),
};

const urlColumn: PrinterColumn = { jsonPath: '.spec.url', name: 'URL', type: 'string' };
const what = 'An artifact in an OCI registry.';

export const ociRepositoryV1 = version({
  name: 'v1',
  about: what,
  spec: object('What to fetch, and how.', spec),
  status: object('What was fetched.', status, unobserved),
  columns: [urlColumn, ...readyColumns, ageColumn],
});

const v1beta2 = version({
  name: 'v1beta2',
  about: what,
  spec: object('What to fetch, and how.', {
    ...spec,
    verify: ociVerification,
  }),
  status: object(
    'What was fetched.',
    { ...status, contentConfigChecksum: string('A checksum of the settings of the last artifact.') },
    unobserved,
  ),
  columns: [urlColumn, ...readyColumns, ageColumn],
  ...superseded('OCIRepository', 'v1beta2', 'v1'),
});

export const ociRepository: CustomResource = {
  group: groups.source,
  kind: 'OCIRepository',
  plural: 'ocirepositories',
  singular: 'ocirepository',
  shortNames: ['ocirepo'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  versions: [ociRepositoryV1, v1beta2],
};

export type OCIRepository = ResourceObject<typeof groups.source, 'OCIRepository', typeof ociRepositoryV1>;
