/**
 * For tests of other packages: a cluster to bootstrap, and servers of Git with the APIs of those that host it.
 *
 * @module
 */
export { startBootstrapWorld, type BootstrapWorld } from './testing/bootstrap-world.js';
export { gitHubApi, gitLabApi, newState, type ServerState } from './testing/git-apis.js';
export { startGitHost, withoutSshd, type GitHost } from './testing/git-host.js';
