/**
 * For tests of other packages: an embedded cluster with controllers, a Git server, charts and a registry.
 *
 * @module
 */
export { configMap, createApplication, dataOf } from './testing/application.js';
export type { GitServer } from './testing/git-server.js';
export { chartFiles, createReleases } from './testing/release.js';
export { sampleOf } from './testing/sample.js';
export { takeTurn } from './testing/turn.js';
export type { WebServer } from './testing/web-server.js';
export {
  fastClock,
  keyOfKind,
  realKubeconfig,
  startRealWorld,
  startWorld,
  type Kind,
  type World,
  type WorldOver,
} from './testing/world.js';
