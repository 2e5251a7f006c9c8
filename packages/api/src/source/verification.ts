import { about, choice, list, object, required, string } from '../dsl/schema.js';
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
