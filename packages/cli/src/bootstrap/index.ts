/** Bootstrap: a cluster comes under the control of a repository. */
export type { BootstrapOptions } from './options.js';
export { bootstrap, type BootstrapAccess, type BootstrapSurroundings } from './run.js';
export { withSurroundings } from './surroundings.js';
