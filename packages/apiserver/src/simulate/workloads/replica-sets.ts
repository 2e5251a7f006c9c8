import type { KubeObject } from '@sluice/core';
import { fieldsOf, itemsOf, mapOf, numberOf, textOf, type Fields } from '../../kinds/index.js';
import { setConditions, type Condition } from '../conditions.js';
import { WorkQueue } from '../work-queue.js';
import { keyOf, partsOf, type Controller } from '../world.js';
import { ownerQueue } from './owner-queue.js';
import { podOf } from './pod-template.js';
import {
  count,
  deleteObject,
  generationOf,
  isActive,
  isAvailable,
  isReady,
  readySince,
  replicasOf,
  tryCreate,
  writeStatus,
  type Stage,
} from './stage.js';

/** Keeps as many pods as a ReplicaSet asks for. */
export function replicaSetController(stage: Stage): Controller {
  const { world, pods } = stage;
  const queue = new WorkQueue(reconcile, world);
  return ownerQueue(queue, 'apps/replicasets', 'ReplicaSet');

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const set = world.lookup.get('apps/v1', 'ReplicaSet', namespace, name);
    if (set === undefined) return;
    const spec = fieldsOf(set['spec']);
    let refusal: string | undefined;
    if (set.metadata.deletionTimestamp === undefined) refusal = await scale(set, fieldsOf(spec['template']));
    await report(set, fieldsOf(spec['template']), refusal);
  }

  /** The text of a refusal, when pods could not be created. */
  async function scale(set: KubeObject, template: Fields): Promise<string | undefined> {
    const active = pods.of(set).filter(isActive);
    const difference = replicasOf(set) - active.length;
    for (let missing = difference; missing > 0; missing--) {
      const refusal = await tryCreate(world, podOf(set, template));
      if (refusal === undefined) continue;
      stage.record('replicaset-controller', set, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${refusal}` });
      queue.addAfter(keyOf(set), 5_000);
      return refusal;
    }
    if (difference < 0) {
      for (const pod of active.sort(leastUsefulFirst).slice(0, -difference)) await deleteObject(world, pod);
    }
    return undefined;
  }

  async function report(set: KubeObject, template: Fields, refusal: string | undefined): Promise<void> {
    const now = world.timers.now();
    const active = pods.of(set).filter(isActive);
    const minReady = numberOf(fieldsOf(set['spec'])['minReadySeconds']);
    const labels = Object.entries(mapOf(fieldsOf(template['metadata'])['labels']));
    const labelled = active.filter(({ metadata }) => labels.every(([key, value]) => metadata.labels?.[key] === value));
    const ready = active.filter(isReady);
    const available = ready.filter((pod) => isAvailable(pod, minReady, now));
    const status = fieldsOf(set['status']);
    const before = itemsOf(status['conditions']) as unknown as readonly Condition[];
    const conditions =
      refusal === undefined
        ? before.filter(({ type }) => type !== 'ReplicaFailure')
        : setConditions(before, [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: refusal }], now);
    await writeStatus(world, world.lookup.get('apps/v1', 'ReplicaSet', set.metadata.namespace, set.metadata.name ?? '') ?? set, {
      ...status,
      replicas: active.length,
      fullyLabeledReplicas: count(labelled.length),
      readyReplicas: count(ready.length),
      availableReplicas: count(available.length),
      observedGeneration: generationOf(set),
      conditions: conditions.length === 0 ? undefined : conditions,
    });
    const waiting = ready.filter((pod) => !available.includes(pod)).map((pod) => readySince(pod) + minReady * 1000 - now);
    if (waiting.length > 0) queue.addAfter(keyOf(set), Math.max(1, Math.min(...waiting)));
  }
}

/** Which pods to lose first: not scheduled, not ready, the youngest. */
function leastUsefulFirst(a: KubeObject, b: KubeObject): number {
  return rank(a) - rank(b) || (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');
}

function rank(pod: KubeObject): number {
  if (textOf(fieldsOf(pod['spec'])['nodeName']) === '') return 0;
  return isReady(pod) ? 2 : 1;
}
