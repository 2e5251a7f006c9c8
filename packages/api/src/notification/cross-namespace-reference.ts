import { choice, map, required, string } from '../dsl/schema.js';

/** Objects by name or labels, in other namespaces too: whose events an alert is about, or what a webhook triggers. */
export function crossNamespaceReference<const K extends string>(kinds: readonly K[], maxLength = 253) {
  return {
    apiVersion: string('Their group and version.'),
    kind: required(choice('Their kind.', kinds)),
    matchLabels: map('The labels they must have. Only with the name *.', string('')),
    name: required(string('The name of one, or * for all.', { maxLength, minLength: 1 })),
    namespace: string('Their namespace. Default: the one of this object.', { maxLength, minLength: 1 }),
  };
}
