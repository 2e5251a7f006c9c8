import { superseded, version, type CustomResource, type PrinterColumn, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, list, map, object, omit, required, string } from '../dsl/schema.js';
import { duration } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { localReference, referenceTo } from '../shared/references.js';
import { ageColumn, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import { gitReference } from '../source/git-repository.js';
import { imageReference } from './image-reference.js';

const signingSecret = required(
  about('The Secret with the private key: git.asc for OpenPGP, identity for SSH, and passphrase.', localReference),
);

const commit = {
  author: required(object('Who the commits are from.', { email: required(string('The email address.')), name: string('The name.') })),
  messageTemplate: string('The message, as a Go template over the update.'),
  messageTemplateValues: map('More values for the template.', string('')),
  signingKey: object('How to sign the commits.', {
    secretRef: required(about('The Secret with the private key: git.asc for OpenPGP, identity for SSH, and passphrase.', localReference)),
    type: choice('The kind of key. Default: gpg.', ['gpg', 'ssh']),
  }),
};

const git = {
  checkout: object('What to check out. Default: what the GitRepository follows.', { ref: required(gitReference) }),
  commit: required(object('How to commit.', commit)),
  push: object('Where to push to. Default: the branch that was checked out.', {
    branch: string('A branch; it is made when it is missing.'),
    options: map('Push options for the server.', string('')),
    refspec: string('What to push where, as git writes it; beside the branch.'),
  }),
};

const strategy = choice('How to find what to update: by markers in comments.', ['Setters'], { default: 'Setters' });
const update = { path: string('The directory with the files. Default: all of the repository.'), strategy };
const updateDefault = { default: { strategy: 'Setters' } };

const spec = {
  git: object('How to use Git.', git),
  interval: required(duration('How often to look for newer images.')),
  policySelector: object(
    'Which ImagePolicies to follow, by their labels. Default: all in the namespace.',
    {
      matchExpressions: list(
        'Conditions on labels: all must hold.',
        object('A condition.', {
          key: required(string('The label.')),
          operator: required(string('In, NotIn, Exists or DoesNotExist.')),
          values: list('The values for In and NotIn.', string(''), { atomic: true }),
        }),
        { atomic: true },
      ),
      matchLabels: map('Labels that an ImagePolicy must have.', string('')),
    },
    { atomic: true },
  ),
  sourceRef: required(referenceTo('The GitRepository to update.', ['GitRepository'], { default: 'GitRepository' })),
  suspend: boolean('Leave this ImageUpdateAutomation alone.'),
  update: object('Which files to update, and how.', update, updateDefault),
};

const status = {
  ...reconcileStatus,
  lastAutomationRunTime: string('When it last ran.', { format: 'date-time' }),
  lastPushCommit: string('The last commit that was pushed.'),
  lastPushTime: string('When it was pushed.', { format: 'date-time' }),
  observedPolicies: map('The images of the last run, by the name of the ImagePolicy.', imageReference),
  observedSourceRevision: string('The revision of the last run.'),
};

const what = 'Commits that write the newest images into a Git repository.';

export const imageUpdateAutomationV1 = version({
  name: 'v1',
  about: what,
  spec: object('What to update, and how.', spec),
  status: object('What was updated.', status, unobserved),
  columns: [...readyColumns, { jsonPath: '.status.lastAutomationRunTime', name: 'Last run', priority: 1, type: 'string' }, ageColumn],
});

const legacyCommit = { ...commit, signingKey: object('How to sign the commits.', { secretRef: signingSecret }) };
const legacyColumn: PrinterColumn = { jsonPath: '.status.lastAutomationRunTime', name: 'Last run', type: 'string' };

const v1beta2 = version({
  name: 'v1beta2',
  about: what,
  spec: object('What to update, and how.', {
    ...spec,
    git: object('How to use Git.', { ...git, commit: required(object('How to commit.', legacyCommit)) }),
  }),
  status: object('What was updated.', status, unobserved),
  columns: imageUpdateAutomationV1.columns,
  ...superseded('ImageUpdateAutomation', 'v1beta2', 'v1'),
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object('What to update, and how.', {
    ...omit(spec, 'policySelector'),
    update: object('Which files to update, and how.', { ...update, strategy: required(strategy) }, updateDefault),
    git: object('How to use Git.', { ...git, commit: required(object('How to commit.', omit(legacyCommit, 'messageTemplateValues'))) }),
  }),
  status: object('What was updated.', omit(status, 'observedPolicies', 'observedSourceRevision'), unobserved),
  columns: [legacyColumn],
  ...superseded('ImageUpdateAutomation', 'v1beta1', 'v1'),
});

export const imageUpdateAutomation: CustomResource = {
  group: groups.image,
  kind: 'ImageUpdateAutomation',
  plural: 'imageupdateautomations',
  singular: 'imageupdateautomation',
  shortNames: ['iua', 'imgupd', 'imgauto'],
  categories: ['all', 'fluxcd', 'fluxcd-images'],
  versions: [imageUpdateAutomationV1, v1beta2, v1beta1],
};

export type ImageUpdateAutomation = ResourceObject<typeof groups.image, 'ImageUpdateAutomation', typeof imageUpdateAutomationV1>;
