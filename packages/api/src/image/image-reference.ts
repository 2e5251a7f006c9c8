import { object, required, string, type Static } from '../dsl/schema.js';

/** An image with its tag. */
export const imageReference = object('An image.', {
  digest: string('Its digest.'),
  name: required(string('Its name, without tag.')),
  tag: required(string('Its tag.')),
});
export type ImageReference = Static<typeof imageReference>;
