import type { KubeObject } from '@sluice/core';
import { fieldsOf, itemsOf, mapOf, numberOf, textOf, type Fields } from '../../kinds/index.js';
import { WorkQueue } from '../work-queue.js';
import { keyOf, partsOf, type Controller } from '../world.js';
import { ownerQueue } from './owner-queue.js';
import { podOf } from './pod-template.js';
import { ensureRevision, REVISION_HASH } from './revisions.js';
import {
  count,
  createObject,
  deleteObject,
  generationOf,
  isAvailable,
  isFinished,
  isReady,
  readySince,
  replicasOf,
  tryCreate,
  writeStatus,
  type Stage,
} from './stage.js';

/** Keeps the numbered pods of StatefulSets, and their claims: one after the other, unless they may start in parallel. */
export function statefulSetController(stage: Stage): Controller {
  const { world, pods } = stage;
  const queue = new WorkQueue(reconcile, world);
  return ownerQueue(queue, 'apps/statefulsets', 'StatefulSet');

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const set = world.lookup.get('apps/v1', 'StatefulSet', namespace, name);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
    const status = fieldsOf(set['status']);
    const update = await ensureRevision(world, set, new Set([textOf(status['currentRevision'])]));
    const current = textOf(status['currentRevision']) || update.name;
    await bringForward(set, update.name);
    await report(set, current, update.name);
  }

  /** One step: the first pod that is not as it should be; all of them when the order does not matter. */
  async function bringForward(set: KubeObject, revision: string): Promise<void> {
    const spec = fieldsOf(set['spec']);
    const parallel = spec['podManagementPolicy'] === 'Parallel';
    const start = numberOf(fieldsOf(spec['ordinals'])['start']);
    const wanted = Array.from({ length: replicasOf(set) }, (_, index) => start + index);
    const present = new Map(pods.of(set).map((pod) => [ordinalOf(pod), pod]));
    const minReady = numberOf(spec['minReadySeconds']);
    const now = world.timers.now();
    for (const ordinal of wanted) {
      const pod = present.get(ordinal);
      if (pod === undefined) {
        if (!(await createPod(set, ordinal, revision)) || !parallel) return;
      } else if (isFinished(pod) && pod.metadata.deletionTimestamp === undefined) {
        await deleteObject(world, pod);
        if (!parallel) return;
      } else if (!parallel && (pod.metadata.deletionTimestamp !== undefined || !isAvailable(pod, minReady, now))) {
        if (isReady(pod)) queue.addAfter(keyOf(set), Math.max(1, readySince(pod) + minReady * 1000 - now));
        return;
      }
    }
    const excess = [...present].filter(([ordinal]) => !wanted.includes(ordinal)).sort(([a], [b]) => b - a);
    for (const [, pod] of excess) {
      if (pod.metadata.deletionTimestamp === undefined) await deleteObject(world, pod);
      if (!parallel) return;
    }
    const strategy = fieldsOf(spec['updateStrategy']);
    if (strategy['type'] !== 'RollingUpdate') return;
    const partition = numberOf(fieldsOf(strategy['rollingUpdate'])['partition']);
    for (const ordinal of wanted.toReversed()) {
      const pod = present.get(ordinal);
      if (ordinal < partition || pod === undefined) continue;
      if (pod.metadata.labels?.[REVISION_HASH] !== revision) {
        if (pod.metadata.deletionTimestamp === undefined) await deleteObject(world, pod);
        return;
      }
      if (!isReady(pod)) return;
    }
  }

  async function createPod(set: KubeObject, ordinal: number, revision: string): Promise<boolean> {
    const spec = fieldsOf(set['spec']);
    const template = fieldsOf(spec['template']);
    const name = `${set.metadata.name ?? ''}-${ordinal}`;
    const claims = itemsOf(spec['volumeClaimTemplates']);
    for (const claim of claims) await ensureClaim(set, claim, name);
    const claimNames = new Set(claims.map((claim) => textOf(fieldsOf(claim['metadata'])['name'])));
    const volumes = [
      ...itemsOf(fieldsOf(template['spec'])['volumes']).filter((volume) => !claimNames.has(textOf(volume['name']))),
      ...[...claimNames].map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: `${claim}-${name}` } })),
    ];
    const refusal = await tryCreate(
      world,
      podOf(set, template, {
        name,
        labels: { [REVISION_HASH]: revision, 'statefulset.kubernetes.io/pod-name': name, 'apps.kubernetes.io/pod-index': String(ordinal) },
        spec: { hostname: name, subdomain: textOf(spec['serviceName']), ...(volumes.length > 0 && { volumes }) },
      }),
    );
    if (refusal === undefined) {
      const message = `create Pod ${name} in StatefulSet ${set.metadata.name ?? ''} successful`;
      stage.record('statefulset-controller', set, { type: 'Normal', reason: 'SuccessfulCreate', message });
      return true;
    }
    const message = `create Pod ${name} in StatefulSet ${set.metadata.name ?? ''} failed error: ${refusal}`;
    stage.record('statefulset-controller', set, { type: 'Warning', reason: 'FailedCreate', message });
    queue.addAfter(keyOf(set), 5_000);
    return false;
  }

  async function ensureClaim(set: KubeObject, template: Fields, pod: string): Promise<void> {
    const meta = fieldsOf(template['metadata']);
    const { namespace = '' } = set.metadata;
    const name = `${textOf(meta['name'])}-${pod}`;
    if (world.lookup.get('v1', 'PersistentVolumeClaim', namespace, name) !== undefined) return;
    const labels = { ...mapOf(meta['labels']), ...mapOf(fieldsOf(fieldsOf(set['spec'])['selector'])['matchLabels']) };
    await createObject(world, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace, labels, annotations: mapOf(meta['annotations']) },
      spec: template['spec'],
    });
  }

  async function report(known: KubeObject, current: string, update: string): Promise<void> {
    const set = world.lookup.get('apps/v1', 'StatefulSet', known.metadata.namespace, known.metadata.name ?? '');
    if (set === undefined) return;
    const now = world.timers.now();
    const minReady = numberOf(fieldsOf(set['spec'])['minReadySeconds']);
    const all = pods.of(set);
    const alive = all.filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const ready = alive.filter(isReady);
    const available = ready.filter((pod) => isAvailable(pod, minReady, now));
    const of = (revision: string): number => alive.filter(({ metadata }) => metadata.labels?.[REVISION_HASH] === revision).length;
    const updated = of(update);
    // The update is the current revision once it is everywhere.
    const complete = updated === replicasOf(set) && all.length === replicasOf(set) && ready.length === replicasOf(set);
    const settled = complete ? update : current;
    await writeStatus(world, set, {
      ...fieldsOf(set['status']),
      observedGeneration: generationOf(known),
      replicas: all.length,
      readyReplicas: count(ready.length),
      availableReplicas: available.length,
      currentReplicas: count(settled === update ? updated : of(current)),
      updatedReplicas: count(updated),
      currentRevision: settled,
      updateRevision: update,
      collisionCount: 0,
    });
  }
}

function ordinalOf({ metadata }: KubeObject): number {
  return Number(/-(\d+)$/.exec(metadata.name ?? '')?.[1] ?? -1);
}
