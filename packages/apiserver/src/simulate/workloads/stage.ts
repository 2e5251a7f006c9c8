import { deepEqual, type KubeObject, type OwnerReference } from '@sluice/core';
import {
  createEventRecorder,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNotFound,
  type EventNote,
  type EventRecorder,
} from '@sluice/kube';
import { fieldsOf, numberOf, textOf, type Fields } from '../../kinds/index.js';
import { MANAGER, type Change, type Controller, type World } from '../world.js';

/** The node that everything runs on, as if. */
export const NODE_NAME = 'sluice';

/** What objects say plainly about themselves. */
export const NOTHING_RUNS = 'Simulated by Sluice: no container runs.';

/** Says how a workload, or a pod, is to fare: `CrashLoopBackOff`, `ImagePullBackOff`, `Pending`, `slow=10s`. */
export const SIMULATE_ANNOTATION = 'sluice.dev/simulate';

/** What the workload controllers share: who owns what, and how they write. */
export interface Stage {
  readonly world: World;
  readonly pods: Owned;
  readonly replicaSets: Owned;
  readonly jobs: Owned;
  /** How long a pod takes to become ready. */
  readonly readyDelayMs: number;
  record(component: string, object: KubeObject, note: EventNote): void;
  stop(): void;
}

export function createStage(world: World, readyDelayMs: number): Stage {
  const recorders = new Map<string, EventRecorder>();
  return {
    world,
    pods: new Owned(world, 'v1', 'Pod'),
    replicaSets: new Owned(world, 'apps/v1', 'ReplicaSet'),
    jobs: new Owned(world, 'batch/v1', 'Job'),
    readyDelayMs,
    record(component, object, note) {
      let recorder = recorders.get(component);
      if (recorder === undefined) {
        recorder = createEventRecorder(world.cluster, { component, timers: world.timers });
        recorders.set(component, recorder);
      }
      recorder.record(object, note);
    },
    stop() {
      for (const recorder of recorders.values()) recorder.stop();
    },
  };
}

/** The objects of a kind, by the uid of the controller that owns them. */
export class Owned {
  readonly #world: World;
  readonly #apiVersion: string;
  readonly #kind: string;
  /** `namespace/name` of those a controller owns. */
  readonly #byOwner = new Map<string, Set<string>>();
  readonly #owners = new Map<string, string>();

  constructor(world: World, apiVersion: string, kind: string) {
    this.#world = world;
    this.#apiVersion = apiVersion;
    this.#kind = kind;
  }

  update(change: Change): void {
    const key = `${change.namespace}/${change.name}`;
    const owner = change.exists && change.mentions('"ownerReferences"') ? controllerOf(change.after)?.uid : undefined;
    const previous = this.#owners.get(key);
    if (owner === previous) return;
    if (previous !== undefined) {
      const set = this.#byOwner.get(previous);
      set?.delete(key);
      if (set?.size === 0) this.#byOwner.delete(previous);
    }
    if (owner === undefined) {
      this.#owners.delete(key);
      return;
    }
    this.#owners.set(key, owner);
    const set = this.#byOwner.get(owner);
    if (set === undefined) this.#byOwner.set(owner, new Set([key]));
    else set.add(key);
  }

  of({ metadata }: KubeObject): KubeObject[] {
    const found: KubeObject[] = [];
    for (const key of this.#byOwner.get(metadata.uid ?? '') ?? []) {
      const slash = key.indexOf('/');
      const object = this.#world.lookup.get(this.#apiVersion, this.#kind, key.slice(0, slash), key.slice(slash + 1));
      if (object !== undefined) found.push(object);
    }
    return found;
  }
}

/** Keeps the stage's indexes: has to hear of changes before those who read them. */
export function stageIndexes({ pods, replicaSets, jobs }: Stage): Controller {
  const indexes: Readonly<Record<string, Owned>> = { '/pods': pods, 'apps/replicasets': replicaSets, 'batch/jobs': jobs };
  return {
    tables: Object.keys(indexes),
    changed: (change) => indexes[change.resource.table]?.update(change),
    stop() {},
  };
}

export function controllerOf(object: KubeObject | undefined): OwnerReference | undefined {
  return object?.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

export function ownedBy({ apiVersion, kind, metadata }: KubeObject): OwnerReference[] {
  return [{ apiVersion, kind, name: metadata.name ?? '', uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true }];
}

/** Writes a status when it differs. Whoever else wrote meanwhile brings the object up again. */
export async function writeStatus({ cluster }: World, object: KubeObject, status: Fields): Promise<void> {
  const wanted = dropUndefined(status);
  if (deepEqual(fieldsOf(object['status']), wanted)) return;
  await settle(cluster.replace({ ...object, status: wanted }, { subresource: 'status', fieldManager: MANAGER }));
}

/** Writes an object that was read and changed. */
export async function writeObject({ cluster }: World, object: KubeObject, subresource?: string): Promise<void> {
  await settle(cluster.replace(object, { fieldManager: MANAGER, ...(subresource !== undefined && { subresource }) }));
}

/** Creates an object; false when it can't be: it is there already, or its namespace is going. */
export async function createObject({ cluster }: World, object: KubeObject): Promise<boolean> {
  try {
    await cluster.create(object, { fieldManager: MANAGER });
    return true;
  } catch (error) {
    if (isAlreadyExists(error) || isNotFound(error)) return false;
    throw error;
  }
}

/** Creates an object for a workload; the text of a refusal, for its status. */
export async function tryCreate({ cluster }: World, object: KubeObject): Promise<string | undefined> {
  try {
    await cluster.create(object, { fieldManager: MANAGER });
    return undefined;
  } catch (error) {
    if (isAlreadyExists(error) || isNotFound(error)) return undefined;
    if (isForbidden(error)) return (error as Error).message;
    throw error;
  }
}

export async function deleteObject({ cluster }: World, { apiVersion, kind, metadata }: KubeObject): Promise<void> {
  const { namespace, name = '', uid } = metadata;
  const key = { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) };
  await settle(cluster.delete(key, { propagationPolicy: 'Background', ...(uid !== undefined && { preconditions: { uid } }) }));
}

async function settle(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

function dropUndefined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** A count that is left out when it is zero, as Go does. */
export function count(value: number): number | undefined {
  return value === 0 ? undefined : value;
}

// What pods are asked about.

export function isReady(pod: KubeObject): boolean {
  return conditionOf(pod, 'Ready')['status'] === 'True';
}

/** Ready for long enough to be counted on. */
export function isAvailable(pod: KubeObject, minReadySeconds: number, now: number): boolean {
  if (!isReady(pod)) return false;
  return minReadySeconds === 0 || readySince(pod) + minReadySeconds * 1000 <= now;
}

export function readySince(pod: KubeObject): number {
  return Date.parse(textOf(conditionOf(pod, 'Ready')['lastTransitionTime']));
}

export function phaseOf(object: KubeObject): string {
  return textOf(fieldsOf(object['status'])['phase']);
}

export function isFinished(pod: KubeObject): boolean {
  const phase = phaseOf(pod);
  return phase === 'Succeeded' || phase === 'Failed';
}

export function isActive(pod: KubeObject): boolean {
  return !isFinished(pod) && pod.metadata.deletionTimestamp === undefined;
}

function conditionOf(object: KubeObject, type: string): Fields {
  const conditions = fieldsOf(object['status'])['conditions'];
  return fieldsOf(Array.isArray(conditions) ? conditions.find((item) => fieldsOf(item)['type'] === type) : undefined);
}

export function generationOf({ metadata }: KubeObject): number {
  return metadata.generation ?? 0;
}

export function replicasOf(object: KubeObject): number {
  const { replicas } = fieldsOf(object['spec']);
  return typeof replicas === 'number' ? numberOf(replicas) : 1;
}
