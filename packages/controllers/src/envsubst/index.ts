/**
 * Variable substitution as `spec.postBuild` and the command `envsubst` do it.
 *
 * @module
 */
export { EnvsubstError } from './error.js';
export { envsubst, type EnvsubstOptions, type Variables } from './evaluate.js';
