import type { KubeObject } from '@sluice/core';
import { fieldsOf, numberOf } from '../../kinds/index.js';
import { WorkQueue } from '../work-queue.js';
import { keyOf, partsOf, type Controller } from '../world.js';
import { ownerQueue } from './owner-queue.js';
import { podOf } from './pod-template.js';
import { ensureRevision, REVISION_HASH } from './revisions.js';
import {
  count,
  deleteObject,
  generationOf,
  isAvailable,
  isFinished,
  isReady,
  NODE_NAME,
  readySince,
  tryCreate,
  writeStatus,
  type Stage,
} from './stage.js';

/** Keeps one pod of each DaemonSet on the one node there is. */
export function daemonSetController(stage: Stage): Controller {
  const { world, pods } = stage;
  const queue = new WorkQueue(reconcile, world);
  return ownerQueue(queue, 'apps/daemonsets', 'DaemonSet');

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const set = world.lookup.get('apps/v1', 'DaemonSet', namespace, name);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
    const { hash } = await ensureRevision(world, set, new Set());
    const all = pods.of(set);
    const alive = all.filter((pod) => pod.metadata.deletionTimestamp === undefined && !isFinished(pod));
    for (const pod of all) if (isFinished(pod) && pod.metadata.deletionTimestamp === undefined) await deleteObject(world, pod);
    for (const pod of alive.slice(1)) await deleteObject(world, pod);
    const [pod] = alive;
    if (pod === undefined) {
      if (all.length === 0) await createPod(set, hash);
    } else if (
      pod.metadata.labels?.[REVISION_HASH] !== hash &&
      fieldsOf(fieldsOf(set['spec'])['updateStrategy'])['type'] === 'RollingUpdate'
    ) {
      await deleteObject(world, pod);
    }
    await report(set, hash);
  }

  async function createPod(set: KubeObject, hash: string): Promise<void> {
    const generation = set.metadata.annotations?.['deprecated.daemonset.template.generation'] ?? '1';
    const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [NODE_NAME] }] };
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } };
    const labels = { [REVISION_HASH]: hash, 'pod-template-generation': generation };
    const pod = podOf(set, fieldsOf(fieldsOf(set['spec'])['template']), { labels, spec: { affinity } });
    const refusal = await tryCreate(world, pod);
    if (refusal === undefined) return;
    stage.record('daemonset-controller', set, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${refusal}` });
    queue.addAfter(keyOf(set), 5_000);
  }

  async function report(known: KubeObject, hash: string): Promise<void> {
    const set = world.lookup.get('apps/v1', 'DaemonSet', known.metadata.namespace, known.metadata.name ?? '');
    if (set === undefined) return;
    const now = world.timers.now();
    const minReady = numberOf(fieldsOf(set['spec'])['minReadySeconds']);
    const [pod] = pods.of(set).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const ready = pod !== undefined && isReady(pod);
    const available = pod !== undefined && isAvailable(pod, minReady, now);
    if (pod !== undefined && ready && !available) queue.addAfter(keyOf(set), Math.max(1, readySince(pod) + minReady * 1000 - now));
    await writeStatus(world, set, {
      ...fieldsOf(set['status']),
      currentNumberScheduled: pod === undefined ? 0 : 1,
      numberMisscheduled: 0,
      desiredNumberScheduled: 1,
      numberReady: ready ? 1 : 0,
      observedGeneration: generationOf(known),
      updatedNumberScheduled: count(pod?.metadata.labels?.[REVISION_HASH] === hash ? 1 : 0),
      numberAvailable: count(available ? 1 : 0),
      numberUnavailable: count(available ? 0 : 1),
    });
  }
}
