import { isJsonObject, type KubeObject } from '@sluice/core';
import { conditionsOf, integerAt, isTrueAt, listAt, stringAt, UnreadableStatus } from './fields.js';
import { current, failed, inProgress, type Health } from './health.js';

/** A pod may be without a node for so long before that counts as failed. */
const SCHEDULE_WINDOW_MS = 15_000;

export function podHealth(object: KubeObject, now: number): Health {
  const conditions = conditionsOf(object);
  const has = (type: string, status: string) => conditions.find((condition) => condition.type === type && condition.status === status);
  const phase = stringAt(object, 'status.phase');
  switch (phase) {
    case 'Succeeded':
      return current('Pod has completed successfully');
    case 'Failed':
      return current('Pod has completed, but not successfully');
    case 'Running': {
      if (has('Ready', 'True') !== undefined) return current('Pod is Ready');
      const looping = crashLoopingContainers(object);
      if (looping.length > 0) return failed('ContainerCrashLooping', `Containers in CrashLoop state: ${looping.join(',')}`);
      return inProgress('PodRunningNotReady', 'Pod is running but is not Ready');
    }
    case 'Pending': {
      if (has('PodScheduled', 'False')?.reason !== 'Unschedulable') return inProgress('PodPending', 'Pod is in the Pending phase');
      const created = Date.parse(object.metadata.creationTimestamp ?? '');
      if (created > now - SCHEDULE_WINDOW_MS) return inProgress('PodNotScheduled', 'Pod has not been scheduled');
      return failed('PodUnschedulable', 'Pod could not be scheduled');
    }
    case '':
      return inProgress('PodNotObserved', 'Pod phase not available');
    default:
      throw new UnreadableStatus(`unknown phase ${phase}`);
  }
}

function crashLoopingContainers(object: KubeObject): string[] {
  return listAt(object, 'status.containerStatuses').flatMap((container) => {
    if (!isJsonObject(container) || !isJsonObject(container['state']) || !isJsonObject(container['state']['waiting'])) return [];
    const { name } = container;
    return typeof name === 'string' && container['state']['waiting']['reason'] === 'CrashLoopBackOff' ? [name] : [];
  });
}

/** A Job as kstatus sees it: Current while it runs. */
export function jobHealth(object: KubeObject): Health {
  const { ended, progress } = readJob(object);
  if (ended !== undefined) return ended;
  if (stringAt(object, 'status.startTime') === '') return inProgress('JobNotStarted', 'Job not started');
  return current(progress);
}

/** A Job as Flux sees it, and those who wait for one: Current when it has completed, or is suspended. */
export function fluxJobHealth(object: KubeObject): Health {
  if (isTrueAt(object, 'spec.suspend')) return current('Job is suspended');
  const { ended, progress, parallelism } = readJob(object);
  if (ended !== undefined) return ended;
  if (stringAt(object, 'status.startTime') === '') return inProgress('JobNotStarted', `Job not started. active: 0/${parallelism}`);
  return inProgress('JobInProgress', progress);
}

function readJob(object: KubeObject): { readonly ended: Health | undefined; readonly progress: string; readonly parallelism: number } {
  const parallelism = integerAt(object, 'spec.parallelism', 1);
  const completions = integerAt(object, 'spec.completions', parallelism);
  const succeeded = integerAt(object, 'status.succeeded', 0);
  const active = integerAt(object, 'status.active', 0);
  const failures = integerAt(object, 'status.failed', 0);
  const end = conditionsOf(object).find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
  const ended =
    end === undefined
      ? undefined
      : end.type === 'Complete'
        ? current(`Job Completed. succeeded: ${succeeded}/${completions}`)
        : failed('JobFailed', `Job Failed. failed: ${failures}/${completions}`);
  return { ended, parallelism, progress: `Job in progress. success:${succeeded}, active: ${active}, failed: ${failures}` };
}

export function serviceHealth(object: KubeObject): Health {
  if (stringAt(object, 'spec.type', 'ClusterIP') === 'LoadBalancer' && stringAt(object, 'spec.clusterIP') === '') {
    return inProgress('NoIPAssigned', 'ClusterIP not set. Service type: LoadBalancer');
  }
  return current('Service is ready');
}

export function persistentVolumeClaimHealth(object: KubeObject): Health {
  const phase = stringAt(object, 'status.phase', 'unknown');
  return phase === 'Bound' ? current('PVC is Bound') : inProgress('NotBound', `PVC is not Bound. phase: ${phase}`);
}

export function customResourceDefinitionHealth(object: KubeObject): Health {
  for (const { type, status, reason, message } of conditionsOf(object)) {
    if (type === 'NamesAccepted' && status === 'False') return failed(reason, message);
    if (type !== 'Established') continue;
    if (status === 'False' && reason !== 'Installing') return failed(reason, message);
    if (status === 'True') return current('CRD is established');
  }
  return inProgress('Installing', 'Install in progress');
}
