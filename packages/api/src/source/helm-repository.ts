import { superseded, version, type CustomResource, type PrinterColumn, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, object, omit, required, string } from '../dsl/schema.js';
import { duration, timeout } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { localReference } from '../shared/references.js';
import { ageColumn, artifact, artifactV1beta1, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import { accessFrom } from './access-from.js';

const spec = {
  accessFrom,
  certSecretRef: about('The Secret with certificates: ca.crt, tls.crt, tls.key.', localReference),
  insecure: boolean('Speak plain HTTP to an OCI registry.'),
  interval: duration('How often to look for changes of the index. Without effect for the type oci.'),
  passCredentials: boolean('Send the credentials also to other hosts that the index names.'),
  provider: choice('Where the credentials for an OCI registry come from.', ['generic', 'aws', 'azure', 'gcp'], { default: 'generic' }),
  secretRef: about('The Secret with the credentials: username and password, or those of a registry.', localReference),
  suspend: boolean('Leave this HelmRepository alone.'),
  timeout: timeout('The limit of each request for the index. Default: 60s.'),
  type: choice('Whether the address is that of an index or of an OCI registry. Default: default, that is, an index.', ['default', 'oci']),
  url: required(string('The address: http, https or oci.', { pattern: '^(http|https|oci)://.*$' })),
};

const status = { ...reconcileStatus, artifact, url: string('The address of the latest artifact.') };
const urlColumn: PrinterColumn = { jsonPath: '.spec.url', name: 'URL', type: 'string' };
const what = 'A repository of Helm charts.';

export const helmRepositoryV1 = version({
  name: 'v1',
  about: what,
  spec: object('Where the charts are.', spec),
  status: object('What was fetched.', status, unobserved),
  columns: [urlColumn, ageColumn, ...readyColumns],
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object('Where the charts are.', {
    ...omit(spec, 'certSecretRef', 'insecure', 'provider', 'type'),
    interval: required(string('How often to look for changes of the index.')),
    timeout: string('The limit of each request for the index.', { default: '60s' }),
    url: required(string('The address: http or https.')),
  }),
  status: object('What was fetched.', { ...status, artifact: artifactV1beta1 }, unobserved),
  columns: [urlColumn, ...readyColumns, ageColumn],
  ...superseded('HelmRepository', 'v1beta1', 'v1'),
});

export const helmRepository: CustomResource = {
  group: groups.source,
  kind: 'HelmRepository',
  plural: 'helmrepositories',
  singular: 'helmrepository',
  shortNames: ['helmrepo'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  versions: [helmRepositoryV1, { ...helmRepositoryV1, name: 'v1beta2', ...superseded('HelmRepository', 'v1beta2', 'v1') }, v1beta1],
};

export type HelmRepository = ResourceObject<typeof groups.source, 'HelmRepository', typeof helmRepositoryV1>;
