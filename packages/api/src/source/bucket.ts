import { superseded, version, type CustomResource, type PrinterColumn, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, object, omit, required, string } from '../dsl/schema.js';
import { duration, timeout } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { localReference } from '../shared/references.js';
import { ageColumn, artifact, artifactV1beta1, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import { accessFrom } from './access-from.js';

const spec = {
  // Of the older versions: see docs/decisions/0195.
  accessFrom,
  bucketName: required(string('The name of the bucket.')),
  certSecretRef: about('The Secret with certificates: ca.crt, tls.crt, tls.key.', localReference),
  endpoint: required(string('The host of the object storage.')),
  ignore: string('Patterns of files to leave out, in the format of .gitignore. Replaces the default exclusions.'),
  insecure: boolean('Speak plain HTTP to the endpoint.'),
  interval: required(duration('How often to look for changes.')),
  prefix: string('Only objects whose names begin with this.'),
  provider: choice('The kind of object storage, and where the credentials come from.', ['generic', 'aws', 'gcp', 'azure'], {
    default: 'generic',
  }),
  proxySecretRef: about('The Secret with the proxy to use: address, username, password.', localReference),
  region: string('The region of the endpoint.'),
  secretRef: about('The Secret with the credentials: accesskey and secretkey, or those of the provider.', localReference),
  serviceAccountName: string('The ServiceAccount to authenticate as. Not for the provider generic.'),
  sts: object('The service that gives out temporary credentials.', {
    certSecretRef: about('The Secret with certificates for the service: ca.crt, tls.crt, tls.key.', localReference),
    endpoint: required(string('The address of the service.', { pattern: '^(http|https)://.*$' })),
    provider: required(choice('The kind of service.', ['aws', 'ldap'])),
    secretRef: about('The Secret with username and password for the service.', localReference),
  }),
  suspend: boolean('Leave this Bucket alone.'),
  timeout: timeout('The limit of each operation.', { default: '60s' }),
};

const stsRules = [
  {
    message: "STS configuration is only supported for the 'aws' and 'generic' Bucket providers",
    rule: "self.provider == 'aws' || self.provider == 'generic' || !has(self.sts)",
  },
  {
    message: "'aws' is the only supported STS provider for the 'aws' Bucket provider",
    rule: "self.provider != 'aws' || !has(self.sts) || self.sts.provider == 'aws'",
  },
  {
    message: "'ldap' is the only supported STS provider for the 'generic' Bucket provider",
    rule: "self.provider != 'generic' || !has(self.sts) || self.sts.provider == 'ldap'",
  },
  {
    message: "spec.sts.secretRef is not required for the 'aws' STS provider",
    rule: "!has(self.sts) || self.sts.provider != 'aws' || !has(self.sts.secretRef)",
  },
  {
    message: "spec.sts.certSecretRef is not required for the 'aws' STS provider",
    rule: "!has(self.sts) || self.sts.provider != 'aws' || !has(self.sts.certSecretRef)",
  },
];

const status = {
  ...reconcileStatus,
  artifact,
  observedIgnore: string('The ignore patterns of the last artifact.'),
  url: string('The address of the latest artifact.'),
};

const endpointColumn: PrinterColumn = { jsonPath: '.spec.endpoint', name: 'Endpoint', type: 'string' };
const what = 'A bucket of an object storage, made available as an artifact of its objects.';

export const bucketV1 = version({
  name: 'v1',
  about: what,
  spec: object('What to fetch, and how.', spec, {
    rules: [
      ...stsRules,
      {
        message: "ServiceAccountName is not supported for the 'generic' Bucket provider",
        rule: "self.provider != 'generic' || !has(self.serviceAccountName)",
      },
      {
        message: 'cannot set both .spec.secretRef and .spec.serviceAccountName',
        rule: '!has(self.secretRef) || !has(self.serviceAccountName)',
      },
    ],
  }),
  status: object('What was fetched.', status, unobserved),
  columns: [endpointColumn, ageColumn, ...readyColumns],
});

const v1beta2 = version({
  name: 'v1beta2',
  about: what,
  spec: object('What to fetch, and how.', omit(spec, 'serviceAccountName'), { rules: stsRules }),
  status: object('What was fetched.', status, unobserved),
  columns: [endpointColumn, ageColumn, ...readyColumns],
  ...superseded('Bucket', 'v1beta2', 'v1'),
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object('What to fetch, and how.', {
    ...omit(spec, 'certSecretRef', 'prefix', 'proxySecretRef', 'serviceAccountName', 'sts'),
    interval: required(string('How often to look for changes.')),
    provider: choice('The kind of object storage.', ['generic', 'aws', 'gcp'], { default: 'generic' }),
    timeout: string('The limit of each operation.', { default: '60s' }),
  }),
  status: object('What was fetched.', { ...omit(status, 'observedIgnore'), artifact: artifactV1beta1 }, unobserved),
  columns: [endpointColumn, ...readyColumns, ageColumn],
  ...superseded('Bucket', 'v1beta1', 'v1'),
});

export const bucket: CustomResource = {
  group: groups.source,
  kind: 'Bucket',
  plural: 'buckets',
  singular: 'bucket',
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  versions: [bucketV1, v1beta2, v1beta1],
};

export type Bucket = ResourceObject<typeof groups.source, 'Bucket', typeof bucketV1>;
