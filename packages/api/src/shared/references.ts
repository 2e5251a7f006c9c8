import { object, required, string } from '../dsl/schema.js';

/** The name of an object in the same namespace. */
export const localReference = object('An object in the same namespace.', {
  name: required(string('Its name.')),
});
