import { list, map, object, required, string } from '../dsl/schema.js';

/** A field of the first source APIs that never did anything in Flux; accepted, so that manifests which have it can be applied. */
export const accessFrom = object('Without effect: access across namespaces is a setting of the engine.', {
  namespaceSelectors: required(
    list(
      'Namespaces by their labels.',
      object('A selector of namespaces.', { matchLabels: map('Labels that a namespace must have.', string('')) }),
    ),
  ),
});
