import { deepEqual, type KubeObject } from '@sluice/core';
import { fieldsOf, itemsOf, mapOf, numberOf, resolveIntOrPercent, textOf, type Fields } from '../../kinds/index.js';
import { setConditions, type Condition } from '../conditions.js';
import { WorkQueue } from '../work-queue.js';
import { keyOf, partsOf, type Controller } from '../world.js';
import { withLabels } from './pod-template.js';
import { templateHash } from './template-hash.js';
import {
  controllerOf,
  count,
  createObject,
  deleteObject,
  generationOf,
  isActive,
  ownedBy,
  replicasOf,
  writeObject,
  writeStatus,
  SIMULATE_ANNOTATION,
  type Stage,
} from './stage.js';

const REVISION = 'deployment.kubernetes.io/revision';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAX = 'deployment.kubernetes.io/max-replicas';
const HASH = 'pod-template-hash';
/** Annotations of a Deployment that its ReplicaSets do not share. */
const OWN = new Set([
  REVISION,
  DESIRED,
  MAX,
  SIMULATE_ANNOTATION,
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
]);

/** Rolls Deployments out: a ReplicaSet for each template, scaled up and down step by step. */
export function deploymentController(stage: Stage): Controller {
  const { world, replicaSets, pods } = stage;
  const queue = new WorkQueue(reconcile, world);
  return {
    tables: ['apps/deployments', 'apps/replicasets', '/pods'],
    changed(change) {
      const { resource, namespace, name, exists } = change;
      if (resource.table === 'apps/deployments') {
        if (exists) queue.add(`${namespace}/${name}`);
      } else if (resource.table === 'apps/replicasets') {
        const owner = controllerOf(change.after ?? change.before);
        if (owner?.kind === 'Deployment') queue.add(`${namespace}/${owner.name}`);
      } else if (!exists && change.mentions('"kind":"ReplicaSet"')) {
        // Recreate waits for the last old pod to go.
        const set = controllerOf(change.before);
        const owner = set === undefined ? undefined : controllerOf(world.lookup.get('apps/v1', 'ReplicaSet', namespace, set.name));
        if (owner?.kind === 'Deployment') queue.add(`${namespace}/${owner.name}`);
      }
    },
    stop: () => queue.stop(),
  };

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const deployment = world.lookup.get('apps/v1', 'Deployment', namespace, name);
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
    const spec = fieldsOf(deployment['spec']);
    let { current, old } = setsOf(deployment);
    if (spec['paused'] !== true) {
      if (fieldsOf(spec['strategy'])['type'] === 'Recreate') {
        for (const set of old) await scale(deployment, set, 0);
        if (old.some((set) => pods.of(set).some((pod) => isActive(pod) || pod.metadata.deletionTimestamp !== undefined))) {
          await report(deployment, current, old);
          return;
        }
        current = await ensureCurrent(deployment, current, old, replicasOf(deployment));
        if (current !== undefined) await scale(deployment, current, replicasOf(deployment));
      } else {
        const { maxSurge } = bounds(deployment);
        const total = old.reduce((sum, set) => sum + replicasOf(set), 0);
        current = await ensureCurrent(
          deployment,
          current,
          old,
          Math.max(0, Math.min(replicasOf(deployment), replicasOf(deployment) + maxSurge - total)),
        );
        if (current !== undefined) await roll(deployment, current, old);
      }
    } else if (current !== undefined && old.every((set) => replicasOf(set) === 0)) {
      await scale(deployment, current, replicasOf(deployment));
    }
    ({ current, old } = setsOf(deployment));
    await report(deployment, current, old);
    if (current !== undefined && isComplete(deployment, current, old)) await forget(deployment, old);
  }

  /** The ReplicaSet of the template as it is now, and those of earlier ones, oldest first. */
  function setsOf(deployment: KubeObject): { current: KubeObject | undefined; old: KubeObject[] } {
    const template = fieldsOf(fieldsOf(deployment['spec'])['template']);
    const all = replicaSets.of(deployment).sort(byAge);
    const current = all.find((set) => deepEqual(withoutHash(fieldsOf(fieldsOf(set['spec'])['template'])), withoutHash(template)));
    return { current, old: all.filter((set) => set !== current) };
  }

  async function ensureCurrent(
    deployment: KubeObject,
    known: KubeObject | undefined,
    old: readonly KubeObject[],
    replicas: number,
  ): Promise<KubeObject | undefined> {
    const highest = Math.max(0, ...old.map(revisionOf));
    const revision = String(known === undefined ? highest + 1 : Math.max(revisionOf(known), highest + 1));
    const annotations = { ...sharedAnnotations(deployment), [REVISION]: revision, ...limits(deployment) };
    let current = known;
    if (current === undefined) {
      const spec = fieldsOf(deployment['spec']);
      const collisions = fieldsOf(deployment['status'])['collisionCount'];
      const hash = templateHash(spec['template'], typeof collisions === 'number' ? collisions : undefined);
      const name = `${deployment.metadata.name ?? ''}-${hash}`;
      const selector = fieldsOf(spec['selector']);
      const { namespace = '' } = deployment.metadata;
      const template = withLabels(fieldsOf(spec['template']), { [HASH]: hash });
      await createObject(world, {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          name,
          namespace,
          labels: mapOf(fieldsOf(template['metadata'])['labels']),
          annotations,
          ownerReferences: ownedBy(deployment),
        },
        spec: {
          replicas,
          ...(numberOf(spec['minReadySeconds']) > 0 && { minReadySeconds: spec['minReadySeconds'] }),
          selector: { ...selector, matchLabels: { ...mapOf(selector['matchLabels']), [HASH]: hash } },
          template,
        },
      });
      current = world.lookup.get('apps/v1', 'ReplicaSet', namespace, name);
      if (replicas > 0) recordScaling(deployment, name, 0, replicas);
    } else if (!sameAnnotations(current, annotations)) {
      await writeObject(world, {
        ...current,
        metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } },
      });
      current = reread(current);
    }
    if (current !== undefined && deployment.metadata.annotations?.[REVISION] !== revision) {
      const latest = world.lookup.get('apps/v1', 'Deployment', deployment.metadata.namespace, deployment.metadata.name ?? '') ?? deployment;
      // By way of the status: an annotation written there is no new generation.
      await writeObject(
        world,
        { ...latest, metadata: { ...latest.metadata, annotations: { ...latest.metadata.annotations, [REVISION]: revision } } },
        'status',
      );
    }
    return current;
  }

  /** One step of a rolling update: up as far as the surge allows, down as far as enough stays available. */
  async function roll(deployment: KubeObject, current: KubeObject, old: readonly KubeObject[]): Promise<void> {
    const desired = replicasOf(deployment);
    const { maxSurge, maxUnavailable } = bounds(deployment);
    const oldTotal = old.reduce((sum, set) => sum + replicasOf(set), 0);
    const size = replicasOf(current);
    const target = size > desired ? desired : Math.max(size, Math.min(desired, desired + maxSurge - oldTotal));
    const updated = (await scale(deployment, current, target)) ?? current;
    if (oldTotal === 0) return;

    const minAvailable = desired - maxUnavailable;
    const newUnavailable = replicasOf(updated) - availableOf(updated);
    let removable = oldTotal + replicasOf(updated) - minAvailable - newUnavailable;
    if (removable <= 0) return;
    const sizes = new Map(old.map((set) => [set, replicasOf(set)]));
    // What is not healthy goes first: nobody misses it.
    for (const set of old) {
      const unhealthy = Math.min(removable, Math.max(0, replicasOf(set) - availableOf(set)));
      sizes.set(set, replicasOf(set) - unhealthy);
      removable -= unhealthy;
    }
    let spare = old.reduce((sum, set) => sum + Math.min(availableOf(set), sizes.get(set) ?? 0), 0) + availableOf(updated) - minAvailable;
    for (const set of old) {
      const left = sizes.get(set) ?? 0;
      const step = Math.max(0, Math.min(left, spare));
      sizes.set(set, left - step);
      spare -= step;
    }
    for (const [set, replicas] of sizes) await scale(deployment, set, replicas);
  }

  async function scale(deployment: KubeObject, set: KubeObject, replicas: number): Promise<KubeObject | undefined> {
    const annotations = limits(deployment);
    const before = replicasOf(set);
    if (before === replicas && sameAnnotations(set, annotations)) return set;
    const spec = { ...fieldsOf(set['spec']), replicas };
    await writeObject(world, { ...set, metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...annotations } }, spec });
    if (before !== replicas) recordScaling(deployment, set.metadata.name ?? '', before, replicas);
    return reread(set);
  }

  function reread(set: KubeObject): KubeObject | undefined {
    return world.lookup.get('apps/v1', 'ReplicaSet', set.metadata.namespace, set.metadata.name ?? '');
  }

  function recordScaling(deployment: KubeObject, set: string, from: number, to: number): void {
    const message = `Scaled ${from < to ? 'up' : 'down'} replica set ${set} from ${from} to ${to}`;
    stage.record('deployment-controller', deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  }

  async function report(known: KubeObject, current: KubeObject | undefined, old: readonly KubeObject[]): Promise<void> {
    const deployment = world.lookup.get('apps/v1', 'Deployment', known.metadata.namespace, known.metadata.name ?? '');
    if (deployment === undefined) return;
    const all = current === undefined ? old : [...old, current];
    const sum = (field: string): number => all.reduce((total, set) => total + numberOf(fieldsOf(set['status'])[field]), 0);
    const total = all.reduce((amount, set) => amount + replicasOf(set), 0);
    const status = fieldsOf(deployment['status']);
    const counts = {
      observedGeneration: generationOf(known),
      replicas: count(sum('replicas')),
      updatedReplicas: count(statusOf(current, 'replicas')),
      readyReplicas: count(sum('readyReplicas')),
      availableReplicas: count(sum('availableReplicas')),
      unavailableReplicas: count(Math.max(0, total - sum('availableReplicas'))),
    };
    const conditions = conditionsOf(deployment, current, old, counts);
    await writeStatus(world, deployment, { ...status, ...counts, conditions });
  }

  function conditionsOf(
    deployment: KubeObject,
    current: KubeObject | undefined,
    old: readonly KubeObject[],
    counts: Fields,
  ): readonly Condition[] {
    const now = world.timers.now();
    const spec = fieldsOf(deployment['spec']);
    const status = fieldsOf(deployment['status']);
    const before = itemsOf(status['conditions']) as unknown as readonly Condition[];
    const { maxUnavailable } = bounds(deployment);
    const enough = numberOf(counts['availableReplicas']) >= replicasOf(deployment) - maxUnavailable;
    const available: Condition = enough
      ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        };
    const progress = progressOf(deployment, current, old, counts, before, now);
    const refused = (
      current === undefined ? [] : (itemsOf(fieldsOf(current['status'])['conditions']) as unknown as readonly Condition[])
    ).find(({ type }) => type === 'ReplicaFailure');
    const wanted = [available, ...(progress === undefined ? [] : [progress])];
    if (refused !== undefined)
      wanted.push({ type: 'ReplicaFailure', status: 'True', reason: refused.reason ?? '', message: refused.message ?? '' });
    const kept = refused === undefined ? before.filter(({ type }) => type !== 'ReplicaFailure') : before;
    const base = kept.length === before.length ? before : kept;
    // Any step forward is progress: the deadline starts anew.
    const moved =
      progress?.reason === 'ReplicaSetUpdated' &&
      ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'].some(
        (field) => numberOf(counts[field]) !== numberOf(status[field]),
      );
    const restarted = moved ? base.filter(({ type }) => type !== 'Progressing') : base;
    const result = setConditions(restarted, wanted, now, { updateTimes: true });
    const deadline = spec['progressDeadlineSeconds'];
    if (typeof deadline === 'number' && progress?.status === 'True' && progress.reason !== 'NewReplicaSetAvailable') {
      const since = Date.parse(result.find(({ type }) => type === 'Progressing')?.lastUpdateTime ?? '');
      queue.addAfter(keyOf(deployment), Math.max(1, since + deadline * 1000 + 1000 - now));
    }
    return result;
  }

  /** Old ReplicaSets are kept for going back to, so many of them. */
  async function forget(deployment: KubeObject, old: readonly KubeObject[]): Promise<void> {
    const limit = fieldsOf(deployment['spec'])['revisionHistoryLimit'];
    const unused = old.filter(
      (set) => replicasOf(set) === 0 && numberOf(fieldsOf(set['status'])['replicas']) === 0 && set.metadata.deletionTimestamp === undefined,
    );
    const excess = unused.length - (typeof limit === 'number' ? limit : 10);
    for (const set of unused.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, excess))) await deleteObject(world, set);
  }
}

function bounds(deployment: KubeObject): { maxSurge: number; maxUnavailable: number } {
  const spec = fieldsOf(deployment['spec']);
  const strategy = fieldsOf(spec['strategy']);
  if (strategy['type'] !== 'RollingUpdate') return { maxSurge: 0, maxUnavailable: replicasOf(deployment) === 0 ? 0 : 0 };
  const rolling = fieldsOf(strategy['rollingUpdate']);
  const desired = replicasOf(deployment);
  const maxSurge = resolveIntOrPercent(rolling['maxSurge'], desired, true);
  const maxUnavailable = resolveIntOrPercent(rolling['maxUnavailable'], desired, false);
  return { maxSurge, maxUnavailable: Math.min(desired, maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable) };
}

function limits(deployment: KubeObject): Readonly<Record<string, string>> {
  const desired = replicasOf(deployment);
  return { [DESIRED]: String(desired), [MAX]: String(desired + bounds(deployment).maxSurge) };
}

function sharedAnnotations({ metadata }: KubeObject): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => !OWN.has(key)));
}

function sameAnnotations({ metadata }: KubeObject, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => metadata.annotations?.[key] === value);
}

function isComplete(deployment: KubeObject, current: KubeObject, old: readonly KubeObject[], counts?: Fields): boolean {
  const desired = replicasOf(deployment);
  const status = counts ?? fieldsOf(deployment['status']);
  return (
    numberOf(status['updatedReplicas']) === desired &&
    numberOf(status['replicas']) === desired &&
    numberOf(status['availableReplicas']) === desired &&
    numberOf(status['observedGeneration']) >= generationOf(deployment) &&
    availableOf(current) === desired &&
    old.every((set) => replicasOf(set) === 0)
  );
}

function availableOf(set: KubeObject): number {
  return numberOf(fieldsOf(set['status'])['availableReplicas']);
}

function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.[REVISION] ?? 0);
}

function withoutHash(template: Fields): Fields {
  const meta = fieldsOf(template['metadata']);
  const { [HASH]: _hash, ...labels } = mapOf(meta['labels']);
  return { ...template, metadata: { ...meta, labels } };
}

function byAge(a: KubeObject, b: KubeObject): number {
  return (
    textOf(a.metadata.creationTimestamp).localeCompare(textOf(b.metadata.creationTimestamp)) ||
    (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')
  );
}

function statusOf(set: KubeObject | undefined, field: string): number {
  return numberOf(fieldsOf(set?.['status'])[field]);
}

function progressOf(
  deployment: KubeObject,
  current: KubeObject | undefined,
  old: readonly KubeObject[],
  counts: Fields,
  before: readonly Condition[],
  now: number,
): Condition | undefined {
  const spec = fieldsOf(deployment['spec']);
  const present = before.find(({ type }) => type === 'Progressing');
  const base = { type: 'Progressing', status: 'True' } as const;
  if (spec['paused'] === true)
    return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' };
  if (current === undefined) return present;
  const name = JSON.stringify(current.metadata.name);
  if (isComplete(deployment, current, old, counts)) {
    return { ...base, reason: 'NewReplicaSetAvailable', message: `ReplicaSet ${name} has successfully progressed.` };
  }
  const fresh = present === undefined || present.reason === 'NewReplicaSetAvailable' || present.reason === 'DeploymentPaused';
  const deadline = spec['progressDeadlineSeconds'];
  const status = fieldsOf(deployment['status']);
  const moved = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'].some(
    (field) => numberOf(counts[field]) !== numberOf(status[field]),
  );
  if (!fresh && !moved && typeof deadline === 'number' && numberOf(status['observedGeneration']) === generationOf(deployment)) {
    const since = Date.parse(present.lastUpdateTime ?? '');
    if (present.status === 'False' || since + deadline * 1000 < now) {
      return {
        type: 'Progressing',
        status: 'False',
        reason: 'ProgressDeadlineExceeded',
        message: `ReplicaSet ${name} has timed out progressing.`,
      };
    }
  }
  return { ...base, reason: 'ReplicaSetUpdated', message: `ReplicaSet ${name} is progressing.` };
}
