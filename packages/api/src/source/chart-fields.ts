import { about, boolean, choice, list, object, required, string } from '../dsl/schema.js';
import { localReference } from '../shared/references.js';

/** How the signature of a chart or an OCI artifact is checked. */
export const chartVerification = {
  provider: required(choice('The tool it is signed with.', ['cosign', 'notation'], { default: 'cosign' })),
  secretRef: about('The Secret with the trusted public keys. Default: keyless, by identity.', localReference),
};

export const ociVerification = object('Which signature to demand.', {
  ...chartVerification,
  matchOIDCIdentity: list(
    'The identities that may have signed it without a key: one of them must match.',
    object('An identity.', {
      issuer: required(string('A regular expression for the issuer.')),
      subject: required(string('A regular expression for the subject.')),
    }),
  ),
});

/** How a chart is chosen and packaged: the same for a HelmChart and for the chart of a HelmRelease. */
export const chartSelection = {
  ignoreMissingValuesFiles: boolean('Leave out values files that are not in the source, instead of failing.'),
  reconcileStrategy: choice(
    'When there is a new artifact: for a new version of the chart, or for every revision of the source.',
    ['ChartVersion', 'Revision'],
    { default: 'ChartVersion' },
  ),
  valuesFiles: list('Values files in the chart or source, merged in this order to be the default values.', string('')),
  version: string('A version or range of versions. Without effect for GitRepository and Bucket.', { default: '*' }),
};
