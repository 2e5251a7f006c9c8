/**
 * The embedded Kubernetes API server: the API of Kubernetes 1.34 in this process, durable or in memory, with the
 * controllers that every cluster has and a simulator that plays its workloads. No container ever runs.
 *
 * As a cluster for tests:
 *
 * ```ts
 * import { startCluster } from '@sluice/apiserver';
 * import { createCluster } from '@sluice/kube';
 *
 * const embedded = await startCluster(); // in memory, any free port on loopback
 * const kube = createCluster(embedded.fetch); // without the network; or write embedded.kubeconfig for kubectl
 * await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
 * await embedded.stop();
 * ```
 *
 * - {@link startCluster}: store, server, controllers and listener.
 * - {@link createApiServer}: the server alone, as a function from a request to a response.
 *
 * @module
 */
export { startCluster, type ClusterOptions, type EmbeddedCluster } from './cluster/start-cluster.js';
export { createApiServer, type ApiServer, type ApiServerOptions } from './server/api-server.js';
