/**
 * For tests of other packages: what any Kubernetes API must do for a cluster.
 *
 * @module
 */
export { clusterSuite, type SuiteConnection } from './testing/cluster-suite.js';
export { settled, VirtualTimers } from './testing/virtual-timers.js';
