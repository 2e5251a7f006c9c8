import { about, object, required, string, type Rule } from '../dsl/schema.js';
import { localReference } from './references.js';

/** How patches and drift rules say which objects they are for. */
export const selectorFields = {
  annotationSelector: string('A selector of annotations, in the form of a label selector.'),
  group: string('A regular expression for the group.'),
  kind: string('A regular expression for the kind.'),
  labelSelector: string('A selector of labels.'),
  name: string('A regular expression for the name.'),
  namespace: string('A regular expression for the namespace.'),
  version: string('A regular expression for the version.'),
};

export const kubeConfigSecret = object('The Secret with the kubeconfig.', {
  key: string('Its key. Default: value, then value.yaml.'),
  name: required(string('Its name.')),
});

/** A cluster other than this one. */
export const kubeConfigReference = object('The cluster to work on.', {
  configMapRef: about('A ConfigMap that says how to authenticate as a workload identity.', localReference),
  secretRef: kubeConfigSecret,
});

const message = 'exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified';
export const kubeConfigRules: readonly Rule[] = [
  { message, rule: 'has(self.configMapRef) || has(self.secretRef)' },
  { message, rule: '!has(self.configMapRef) || !has(self.secretRef)' },
];
