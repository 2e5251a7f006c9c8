/**
 * For tests of other packages: what any Kubernetes API must do for a cluster, and certificates for servers on 127.0.0.1.
 *
 * @module
 */
export { certificateAuthority, serverCertificate, serverKey } from './testing/certificates.js';
export { clusterSuite, type SuiteConnection } from './testing/cluster-suite.js';
export { settled, VirtualTimers } from './testing/virtual-timers.js';
