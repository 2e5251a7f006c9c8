/**
 * The controllers of the embedded cluster.
 *
 * Those that are part of any cluster always run: namespaces empty and go, owned objects go with their owners, every
 * namespace has its service account, storage in use is protected.
 *
 * The simulation plays the rest: Deployments roll out through ReplicaSets to Pods that become ready after a moment on a
 * node that is not there, Jobs complete, claims are bound, load balancers get addresses. No container ever runs, and
 * nodes, events and logs say so. How a workload fares can be played by an annotation, on the workload or on its pods:
 *
 * | `sluice.dev/simulate` | |
 * |---|---|
 * | `CrashLoopBackOff` | containers exit with 1 and are started again, later each time |
 * | `ImagePullBackOff` | the image is not there |
 * | `Pending` | no node fits |
 * | `slow=10s` | ready after ten seconds |
 *
 * A pod that refers to a ConfigMap, Secret or claim that is missing waits for it, as it would anywhere.
 *
 * ```ts
 * const controllers = startControllers({ context, fetch, timers, simulation: { rootCertificate } });
 * controllers.stop();
 * ```
 *
 * @module
 */
export { startControllers } from './controllers.js';
export { simulatedLog } from './workloads/pods.js';
