/**
 * The embedded Kubernetes API server.
 *
 * @module
 */
export { startCluster, type ClusterOptions, type EmbeddedCluster } from './cluster/start-cluster.js';
export { createApiServer, type ApiServer, type ApiServerOptions } from './server/api-server.js';
