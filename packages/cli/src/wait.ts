import type { KubeObject } from '@sluice/core';
import { computeHealth, waitFor, type Cluster, type ObjectKey } from '@sluice/kube';
import { conditionsOf, field, type FluxKind } from './kinds/index.js';

/**
 * Waits until an object satisfies a condition; what `done` throws ends the wait. When the signal's time is over it says so as
 * people's scripts know it.
 */
export async function waitForObject(
  cluster: Cluster,
  key: ObjectKey,
  done: (object: KubeObject) => boolean,
  signal: AbortSignal,
): Promise<KubeObject> {
  const isDone = (object: KubeObject | undefined): boolean => {
    if (object === undefined) throw new Error(`${key.kind} ${key.name} was deleted`);
    return done(object);
  };
  try {
    return (await waitFor(cluster, key, isDone, { signal })) as KubeObject;
  } catch (error) {
    throw signal.aborted ? new Error('context deadline exceeded', { cause: error }) : error;
  }
}

/**
 * Waits until the controllers have brought an object to the state that it was written with. Throws what it failed of, when it
 * did for good.
 */
export async function waitUntilReady(cluster: Cluster, kind: FluxKind, object: KubeObject, signal: AbortSignal): Promise<KubeObject> {
  if (kind.isStatic(object)) return object;
  const { name = '', namespace = '', generation = 0 } = object.metadata;
  const key = { apiVersion: kind.apiVersion, kind: kind.kind, namespace, name };
  return waitForObject(cluster, key, (current) => isReported(current, generation) && isSettled(current), signal);
}

/** Whether the Ready condition is about a generation. Some kinds say the generation in each condition, others once. */
function isReported(object: KubeObject, generation: number): boolean {
  const observed = Number(field(object, 'status', 'observedGeneration') ?? 0);
  const ready = conditionsOf(object).find((condition) => condition.type === 'Ready');
  if (observed < 1 || ready === undefined) return false;
  return (Number(field(ready, 'observedGeneration') ?? 0) || observed) >= generation;
}

/** Whether an object is as it should be. Throws what it failed of, when it did for good. */
export function isSettled(object: KubeObject): boolean {
  const { status, message } = computeHealth(object);
  if (status === 'Current') return true;
  if (status === 'InProgress') return false;
  throw new Error(message);
}
