import { superseded, version, type CustomResource, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, integer, list, map, object, omit, required, string } from '../dsl/schema.js';
import { duration, timeout } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { localReference } from '../shared/references.js';
import { ageColumn, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';

const spec = {
  accessFrom: object('The namespaces whose ImagePolicies may use this ImageRepository. Default: only its own.', {
    namespaceSelectors: required(
      list(
        'Namespaces by their labels: one of these must match.',
        object('A selector of namespaces.', { matchLabels: map('Labels that a namespace must have.', string('')) }),
      ),
    ),
  }),
  certSecretRef: about('The Secret with certificates: ca.crt, tls.crt, tls.key.', localReference),
  exclusionList: list('Regular expressions for tags to leave out.', string(''), { default: [String.raw`^.*\.sig$`], maxItems: 25 }),
  image: required(string('The name of the image, without tag.')),
  insecure: boolean('Speak plain HTTP to the registry.'),
  interval: required(duration('How often to look for new tags.')),
  provider: choice('Where the credentials come from.', ['generic', 'aws', 'azure', 'gcp'], { default: 'generic' }),
  proxySecretRef: about('The Secret with the proxy to use: address, username, password.', localReference),
  secretRef: about('The Secret with the credentials, of the type kubernetes.io/dockerconfigjson.', localReference),
  serviceAccountName: string('The ServiceAccount whose image pull secrets, or workload identity, are used.', { maxLength: 253 }),
  suspend: boolean('Leave this ImageRepository alone.'),
  timeout: timeout('The limit of each scan. Default: the interval.'),
};

const scan = {
  latestTags: list('Some of the tags, the greatest names first.', string('')),
  revision: string('A digest of the tags that were found.'),
  scanTime: string('When it was scanned.', { format: 'date-time' }),
  tagCount: required(integer('How many tags were found.')),
};

const status = {
  ...reconcileStatus,
  canonicalImageName: string('The name of the image with all that is left out of it written out.'),
  lastScanResult: object('What the last scan found.', scan),
  observedExclusionList: list('The exclusions of the last scan.', string('')),
};

const what = 'An image whose tags are watched.';

export const imageRepositoryV1 = version({
  name: 'v1',
  about: what,
  spec: object('Which image to scan, and how.', spec),
  status: object('What was found.', status, unobserved),
  columns: [
    { jsonPath: '.spec.image', name: 'Image', type: 'string' },
    { jsonPath: '.status.lastScanResult.tagCount', name: 'Tags', type: 'string' },
    ...readyColumns,
    { jsonPath: '.status.lastScanResult.scanTime', name: 'Last scan', priority: 1, type: 'string' },
    ageColumn,
  ],
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object('Which image to scan, and how.', {
    ...omit(spec, 'insecure', 'provider', 'proxySecretRef'),
    exclusionList: list('Regular expressions for tags to leave out.', string('')),
  }),
  status: object(
    'What was found.',
    { ...omit(status, 'observedExclusionList'), lastScanResult: object('What the last scan found.', omit(scan, 'latestTags', 'revision')) },
    unobserved,
  ),
  columns: [
    { jsonPath: '.status.lastScanResult.scanTime', name: 'Last scan', type: 'string' },
    { jsonPath: '.status.lastScanResult.tagCount', name: 'Tags', type: 'string' },
  ],
  ...superseded('ImageRepository', 'v1beta1', 'v1'),
});

export const imageRepository: CustomResource = {
  group: groups.image,
  kind: 'ImageRepository',
  plural: 'imagerepositories',
  singular: 'imagerepository',
  shortNames: ['imgrepo', 'imagerepo'],
  categories: ['all', 'fluxcd', 'fluxcd-images'],
  versions: [imageRepositoryV1, { ...imageRepositoryV1, name: 'v1beta2', ...superseded('ImageRepository', 'v1beta2', 'v1') }, v1beta1],
};

export type ImageRepository = ResourceObject<typeof groups.image, 'ImageRepository', typeof imageRepositoryV1>;
