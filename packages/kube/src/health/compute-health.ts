import { groupOf, type KubeObject } from '@sluice/core';
import { conditionsOf, strictIntegerAt, UnreadableStatus } from './fields.js';
import { current, failed, inProgress, unknown, type Health } from './health.js';
import {
  customResourceDefinitionHealth,
  fluxJobHealth,
  jobHealth,
  persistentVolumeClaimHealth,
  podHealth,
  serviceHealth,
} from './other-kinds.js';
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from './workloads.js';

/**
 * The health of an object from what it says of itself, as kstatus computes it: deletion, generation and the standard conditions
 * first, then what is known of its kind, then a `Ready` condition. An object that says nothing is Current.
 */
export function computeHealth(object: KubeObject, options: { readonly now?: number } = {}): Health {
  return readable(
    () => genericHealth(object) ?? kindHealth(object, options.now ?? Date.now()) ?? readyHealth(object) ?? current('Resource is current'),
  );
}

/** As {@link computeHealth}, for a Job as Flux waits for it: not Current before it has completed. */
export function computeJobHealth(object: KubeObject): Health {
  return readable(() => fluxJobHealth(object));
}

function readable(compute: () => Health): Health {
  try {
    return compute();
  } catch (error) {
    if (error instanceof UnreadableStatus) return unknown(error.message);
    throw error;
  }
}

/** What holds for every kind; undefined when it decides nothing. */
function genericHealth(object: KubeObject): Health | undefined {
  if ((object.metadata.deletionTimestamp ?? '') !== '') {
    return { status: 'Terminating', message: 'Resource scheduled for deletion', conditions: [] };
  }
  const generation = strictIntegerAt(object, 'metadata.generation');
  if (generation !== undefined) {
    const observed = strictIntegerAt(object, 'status.observedGeneration');
    if (observed !== undefined && observed !== generation) {
      return inProgress(
        'LatestGenerationNotObserved',
        `${object.kind} generation is ${generation}, but latest observed generation is ${observed}`,
      );
    }
  }
  for (const { type, status, reason, message } of conditionsOf(object)) {
    if (status !== 'True') continue;
    if (type === 'Reconciling') return inProgress(reason, message);
    if (type === 'Stalled') return failed(reason, message);
  }
  return undefined;
}

function kindHealth(object: KubeObject, now: number): Health | undefined {
  const group = groupOf(object.apiVersion);
  return kinds.get(group === '' ? object.kind : `${group}/${object.kind}`)?.(object, now);
}

const alwaysReady = () => current('Resource is always ready');

/** By group and kind: the version makes no difference. */
const kinds: ReadonlyMap<string, (object: KubeObject, now: number) => Health> = new Map([
  ['ConfigMap', alwaysReady],
  ['Secret', alwaysReady],
  ['batch/CronJob', alwaysReady],
  ['Pod', podHealth],
  ['Service', serviceHealth],
  ['PersistentVolumeClaim', persistentVolumeClaimHealth],
  ['apps/Deployment', deploymentHealth],
  ['extensions/Deployment', deploymentHealth],
  ['apps/ReplicaSet', replicaSetHealth],
  ['extensions/ReplicaSet', replicaSetHealth],
  ['apps/StatefulSet', statefulSetHealth],
  ['apps/DaemonSet', daemonSetHealth],
  ['extensions/DaemonSet', daemonSetHealth],
  ['batch/Job', jobHealth],
  // Its controller has looked at it: that is all there is to say.
  ['policy/PodDisruptionBudget', () => current('AllowedDisruptions has been computed.')],
  ['apiextensions.k8s.io/CustomResourceDefinition', customResourceDefinitionHealth],
]);

/** The first `Ready` condition with a known status. False may be on its way or lost: nothing tells, so it is on its way. */
function readyHealth(object: KubeObject): Health | undefined {
  for (const { type, status, reason, message } of conditionsOf(object)) {
    if (type !== 'Ready') continue;
    if (status === 'True') return current('Resource is Ready');
    if (status === 'False' || status === 'Unknown') return inProgress(reason, message);
  }
  return undefined;
}
