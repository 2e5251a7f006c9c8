export { clusterAddress } from './address.js';
export { aksCluster } from './aks.js';
export type { CloudCluster, ClusterAccess, ClusterIdentity } from './cluster-access.js';
export { eksCluster } from './eks.js';
export { gkeCluster } from './gke.js';
