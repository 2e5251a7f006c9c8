import { choice, object, required, string } from '../dsl/schema.js';

/** The name of an object in the same namespace. */
export const localReference = object('An object in the same namespace.', {
  name: required(string('Its name.')),
});

/** An object of one of some kinds, in any namespace. */
export function referenceTo<const K extends string>(what: string, kinds: readonly K[], rules: { readonly default?: NoInfer<K> } = {}) {
  return object(what, {
    apiVersion: string('Its group and version.'),
    kind: required(choice('Its kind.', kinds, rules)),
    name: required(string('Its name.')),
    namespace: string('Its namespace. Default: the one of this object.'),
  });
}

/** The kinds that events are about and that webhooks can trigger, as of the first versions. */
export const fluxKinds = [
  'Bucket',
  'GitRepository',
  'Kustomization',
  'HelmRelease',
  'HelmChart',
  'HelmRepository',
  'ImageRepository',
  'ImagePolicy',
  'ImageUpdateAutomation',
  'OCIRepository',
] as const;

/** The same, as of today. */
export const allKinds = [...fluxKinds, 'ArtifactGenerator', 'ExternalArtifact'] as const;
