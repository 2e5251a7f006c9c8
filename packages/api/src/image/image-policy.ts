import { superseded, version, type CustomResource, type ResourceObject } from '../dsl/custom-resource.js';
import { boolean, choice, object, omit, required, string } from '../dsl/schema.js';
import { duration } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { ageColumn, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import { imageReference } from './image-reference.js';

const order = choice('Whether the last (asc) or the first (desc) in order is the newest.', ['asc', 'desc'], { default: 'asc' });

const spec = {
  digestReflectionPolicy: choice(
    'Whether the digest of the image is recorded: always anew, once for each tag, or never.',
    ['Always', 'IfNotPresent', 'Never'],
    { default: 'Never' },
  ),
  filterTags: object('Which tags to look at. Default: all.', {
    extract: string('What of the tag is compared, with the groups of the pattern as $1 or $name. Default: all of it.'),
    pattern: string('A regular expression that tags must match.'),
  }),
  imageRepositoryRef: required(
    object('The ImageRepository with the tags.', {
      name: required(string('Its name.')),
      namespace: string('Its namespace. Default: the one of this ImagePolicy.'),
    }),
  ),
  interval: duration('How often to look for a new digest. Only with the reflection policy Always.'),
  policy: required(
    object('How to tell the newest tag: exactly one of these.', {
      alphabetical: object('By the alphabet.', { order }),
      numerical: object('By number.', { order }),
      semver: object('By version.', { range: required(string('The range of versions to choose from.')) }),
    }),
  ),
  suspend: boolean('Leave this ImagePolicy alone.'),
};

const status = {
  ...reconcileStatus,
  latestRef: imageReference,
  observedPreviousRef: imageReference,
};

const what = 'A rule that chooses the newest tag of an image.';

export const imagePolicyV1 = version({
  name: 'v1',
  about: what,
  spec: object('How to choose.', spec, {
    rules: [
      {
        message: "spec.interval is only accepted when spec.digestReflectionPolicy is set to 'Always'",
        rule: "!has(self.interval) || (has(self.digestReflectionPolicy) && self.digestReflectionPolicy == 'Always')",
      },
      {
        message: "spec.interval must be set when spec.digestReflectionPolicy is set to 'Always'",
        rule: "has(self.interval) || !has(self.digestReflectionPolicy) || self.digestReflectionPolicy != 'Always'",
      },
    ],
  }),
  status: object('What was chosen.', status, unobserved),
  columns: [
    { jsonPath: '.status.latestRef.name', name: 'Image', type: 'string' },
    { jsonPath: '.status.latestRef.tag', name: 'Tag', type: 'string' },
    ...readyColumns,
    ageColumn,
  ],
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object('How to choose.', omit(spec, 'digestReflectionPolicy', 'interval', 'suspend')),
  status: object(
    'What was chosen.',
    {
      conditions: status.conditions,
      latestImage: string('Not recorded any more: see latestRef of newer versions.'),
      observedGeneration: status.observedGeneration,
    },
    unobserved,
  ),
  columns: [{ jsonPath: '.status.latestImage', name: 'LatestImage', type: 'string' }],
  ...superseded('ImagePolicy', 'v1beta1', 'v1'),
});

export const imagePolicy: CustomResource = {
  group: groups.image,
  kind: 'ImagePolicy',
  plural: 'imagepolicies',
  singular: 'imagepolicy',
  shortNames: ['imgpol', 'imagepol'],
  categories: ['all', 'fluxcd', 'fluxcd-images'],
  versions: [imagePolicyV1, { ...imagePolicyV1, name: 'v1beta2', ...superseded('ImagePolicy', 'v1beta2', 'v1') }, v1beta1],
};

export type ImagePolicy = ResourceObject<typeof groups.image, 'ImagePolicy', typeof imagePolicyV1>;
