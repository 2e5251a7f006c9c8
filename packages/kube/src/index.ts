/**
 * One interface to any Kubernetes API.
 *
 * @module
 */
export type {
  ApplyOptions,
  CallOptions,
  Cluster,
  DeleteOptions,
  GetOptions,
  Identity,
  KindKey,
  ListOptions,
  ObjectKey,
  ObjectList,
  PatchType,
  RawAnswer,
  RawOptions,
  Representation,
  ResourceInfo,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './cluster.js';
export { createCluster, type ClusterOptions } from './client/create-cluster.js';
export {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isKindUnknown,
  isNotFound,
  isTransient,
  isUnauthorized,
  KubeError,
  type Status,
  type StatusCause,
  type StatusDetails,
} from './client/kube-error.js';
export { systemTimers, type Timers } from './client/timers.js';
export {
  asBuffer,
  bodyChunks,
  bodyText,
  headerOf,
  headersOf,
  type Fetch,
  type HttpHeaders,
  type HttpRequest,
  type HttpResponse,
} from './http.js';
export { createInformer, type Informer, type InformerHandlers, type InformerOptions } from './informer/informer.js';
export type { IndexFunction } from './informer/object-store.js';
export {
  createSharedInformers,
  type InformerLease,
  type SharedInformerOptions,
  type SharedInformers,
} from './informer/shared-informers.js';
export { proxyFromEnvironment } from './network/proxy.js';
export { networkFetch, type NetworkFetch, type NetworkOptions } from './network/network-fetch.js';
export { inClusterAccount, inClusterConfig, isInCluster } from './kubeconfig/in-cluster.js';
export {
  kubeconfigFiles,
  loadKubeconfig,
  mergeKubeconfigs,
  parseKubeconfig,
  readKubeconfig,
  type LoadKubeconfigOptions,
} from './kubeconfig/load.js';
export { updateKubeconfig, withContext, withoutContext, type NewContext } from './kubeconfig/edit.js';
export { resolveContext, type ResolveOptions } from './kubeconfig/resolve.js';
export type { ClusterConfig, Credentials, Kubeconfig } from './kubeconfig/types.js';
export { computeHealth, computeJobHealth } from './health/compute-health.js';
export type { Health, HealthCondition, HealthStatus } from './health/health.js';
export { createEventRecorder, type EventNote, type EventRecorder, type EventRecorderOptions } from './events/event-recorder.js';
export { electLeader, type LeaderElection, type LeaderElectionOptions } from './leader/leader-election.js';
export { fence } from './leader/fence.js';
export { labelSelectorText, type LabelRequirement, type LabelSelectorSpec } from './objects/label-selector.js';
export { createMergePatch } from './objects/merge-patch.js';
export { podLogs, type PodLogOptions } from './pods/pod-logs.js';
export { createHealthReader, type HealthReader, type HealthSource } from './health/health-reader.js';
export type { HealthCheckExpression } from './health/health-expressions.js';
export { portForward, type PortForward, type PortForwardOptions } from './pods/port-forward.js';
export { waitFor, type WaitOptions } from './objects/wait-for.js';
