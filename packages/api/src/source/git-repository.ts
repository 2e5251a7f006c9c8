import { superseded, version, type CustomResource, type PrinterColumn, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, list, object, omit, required, string } from '../dsl/schema.js';
import { duration, timeout } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { localReference } from '../shared/references.js';
import { ageColumn, artifact, artifactV1beta1, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import { accessFrom } from './access-from.js';

const include = list(
  'Artifacts of other GitRepositories to place into this one.',
  object('An artifact to include.', {
    fromPath: string('The directory to take from it. Default: all of it.'),
    repository: required(about('The GitRepository, in the same namespace.', localReference)),
    toPath: string('Where to place it. Default: the name of the GitRepository.'),
  }),
);

/** Which revision of a repository: shared with the automation that commits to one. */
export const gitReference = object('The revision to follow. Default: the branch master.', {
  branch: string('A branch, by its short name.'),
  commit: string('A commit, by its full hash; wins over everything else. With a branch, only that branch is fetched for it.'),
  name: string('A full reference such as refs/heads/main or refs/pull/420/head; wins over branch, tag and semver.'),
  semver: string('A range of versions: the newest tag in it; wins over tag.'),
  tag: string('A tag, by its short name; wins over branch.'),
});

const spec = {
  // Of the older versions: see docs/decisions/0195.
  accessFrom,
  gitImplementation: choice('Without effect: there is one Git implementation.', ['go-git', 'libgit2']),
  ignore: string('Patterns of files to leave out, in the format of .gitignore. Replaces the default exclusions.'),
  include,
  interval: required(duration('How often to look for changes.')),
  provider: choice('Where the credentials come from. Default: generic, that is, the Secret.', ['generic', 'aws', 'azure', 'github']),
  proxySecretRef: about('The Secret with the proxy to use: address, username, password.', localReference),
  recurseSubmodules: boolean('Fetch the submodules too, all levels of them.'),
  ref: gitReference,
  secretRef: about(
    'The Secret with the credentials: username and password, or bearerToken, for HTTPS; identity and known_hosts for SSH; ca.crt, tls.crt and tls.key for TLS.',
    localReference,
  ),
  serviceAccountName: string('The ServiceAccount to authenticate as. Only for the providers aws and azure.'),
  sparseCheckout: list('The directories to take from the repository. Default: all of it.', string('')),
  suspend: boolean('Leave this GitRepository alone.'),
  timeout: timeout('The limit of each Git operation.', { default: '60s' }),
  url: required(string('The address of the repository: http, https or ssh.', { pattern: '^(http|https|ssh)://.*$' })),
  verify: object('Which signatures to demand.', {
    mode: choice('What must be signed: the commit (HEAD), the tag, or both.', ['head', 'HEAD', 'Tag', 'TagAndHEAD'], {
      default: 'HEAD',
    }),
    secretRef: required(about('The Secret with the trusted public keys: *.asc for OpenPGP, *.sshpub for SSH.', localReference)),
  }),
};

const status = {
  ...reconcileStatus,
  artifact,
  includedArtifacts: list('The included artifacts that went into the last artifact.', artifact),
  observedIgnore: string('The ignore patterns of the last artifact.'),
  observedInclude: about('The includes of the last artifact.', include),
  observedRecurseSubmodules: boolean('Whether the last artifact has the submodules.'),
  observedSparseCheckout: list('The directories of the last artifact.', string('')),
  sourceVerificationMode: string('What was verified of the last artifact.'),
};

const urlColumn: PrinterColumn = { jsonPath: '.spec.url', name: 'URL', type: 'string' };
const what = 'A Git repository, made available as an artifact of the revision it follows.';

export const gitRepositoryV1 = version({
  name: 'v1',
  about: what,
  spec: object('What to fetch, and how.', spec, {
    rules: [
      {
        message: "serviceAccountName can only be set when provider is 'azure' or 'aws'",
        rule: "!has(self.serviceAccountName) || (has(self.provider) && (self.provider == 'azure' || self.provider == 'aws'))",
      },
    ],
  }),
  status: object('What was fetched.', status, unobserved),
  columns: [urlColumn, ageColumn, ...readyColumns],
});

const legacySpec = {
  ...omit(spec, 'provider', 'proxySecretRef', 'serviceAccountName', 'sparseCheckout', 'verify'),
  gitImplementation: choice('Without effect: there is one Git implementation.', ['go-git', 'libgit2'], { default: 'go-git' }),
};
const legacyVerifyMode = required(choice('What must be signed: the commit.', ['head']));
const artifactsUrl = string('The address of the latest artifact.');

const v1beta2 = version({
  name: 'v1beta2',
  about: what,
  spec: object('What to fetch, and how.', {
    ...legacySpec,
    verify: object('Which signatures to demand.', { ...spec.verify.fields, mode: legacyVerifyMode }),
  }),
  status: object(
    'What was fetched.',
    {
      ...omit(status, 'observedSparseCheckout', 'sourceVerificationMode'),
      contentConfigChecksum: string('A checksum of the settings of the last artifact.'),
      url: artifactsUrl,
    },
    unobserved,
  ),
  columns: [urlColumn, ageColumn, ...readyColumns],
  ...superseded('GitRepository', 'v1beta2', 'v1'),
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object('What to fetch, and how.', {
    ...legacySpec,
    interval: required(string('How often to look for changes.')),
    ref: object('The revision to follow. Default: the branch master.', omit(gitReference.fields, 'name')),
    timeout: string('The limit of each Git operation.', { default: '60s' }),
    verify: object('Which signatures to demand.', {
      mode: legacyVerifyMode,
      secretRef: about('The Secret with the trusted public keys.', localReference),
    }),
  }),
  status: object(
    'What was fetched.',
    {
      ...reconcileStatus,
      artifact: artifactV1beta1,
      includedArtifacts: list('The included artifacts that went into the last artifact.', artifactV1beta1),
      url: artifactsUrl,
    },
    unobserved,
  ),
  columns: [urlColumn, ...readyColumns, ageColumn],
  ...superseded('GitRepository', 'v1beta1', 'v1'),
});

export const gitRepository: CustomResource = {
  group: groups.source,
  kind: 'GitRepository',
  plural: 'gitrepositories',
  singular: 'gitrepository',
  shortNames: ['gitrepo'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  versions: [gitRepositoryV1, v1beta2, v1beta1],
};

export type GitRepository = ResourceObject<typeof groups.source, 'GitRepository', typeof gitRepositoryV1>;
