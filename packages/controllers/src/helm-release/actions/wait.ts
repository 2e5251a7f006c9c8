import { formatDuration, isJsonObject, type KubeObject } from '@sluice/core';
import { computeHealth, type Health, type HealthReader } from '@sluice/kube';
import { sleep } from '@sluice/runtime';
import { referenceOf, subjectOf } from '../../apply/reference.js';
import { waitForHealth } from '../../kustomization/health.js';
import type { ActionContext } from './context.js';
import { idOf, keyOf } from './write.js';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Until Jobs are complete; they count as ready when they have begun otherwise. */
  readonly forJobs: boolean;
  /** As the server answered when they were written. */
  readonly known: ReadonlyMap<string, KubeObject>;
}

/** Waits until objects are healthy. */
export async function waitForObjects(objects: readonly KubeObject[], options: WaitOptions, context: ActionContext): Promise<void> {
  const { cluster, live, clock, signal, overtaken } = context;
  const finished = new Set(objects.filter(isJobWithTtl).map(idOf));
  const reader = options.forJobs ? context.health : withoutJobs(context.health);
  const waiting = objects.filter((object) => !isPaused(object));
  await follow(waiting, options.known, reader, context);
  await waitForHealth(waiting.map(referenceOf), {
    cluster,
    live,
    clock,
    signal: AbortSignal.any([signal, overtaken]),
    timeoutMs: options.timeoutMs,
    reader,
    known: options.known,
    mayBeGone: (id) => finished.has(id),
  });
}

/** Sees to it that what is not healthy yet is watched, by one watch for all objects of its kind. */
async function follow(
  objects: readonly KubeObject[],
  known: ReadonlyMap<string, KubeObject>,
  reader: HealthReader,
  { live }: ActionContext,
): Promise<void> {
  if (live === undefined) return;
  const kinds = new Map<string, KubeObject>();
  for (const object of objects) {
    const written = known.get(idOf(object));
    if (written === undefined || reader.compute(written).status !== 'Current') kinds.set(`${object.apiVersion} ${object.kind}`, object);
  }
  await Promise.all([...kinds.values()].map((object) => live.follow(referenceOf(object))));
}

/** Waits until what a hook made is done: Jobs and Pods have to succeed, all else is ready at once. */
export async function waitForHook(objects: readonly KubeObject[], timeoutMs: number, context: ActionContext): Promise<void> {
  const { cluster, clock, signal } = context;
  await waitForHealth(objects.filter(runs).map(referenceOf), {
    cluster,
    // Hooks have no labels to be followed by.
    live: undefined,
    clock,
    signal,
    timeoutMs,
    reader: hookReader(context.health),
    known: new Map(),
    mayBeGone: () => false,
  });
}

const GONE_PAUSE_MS = { first: 20, longest: 2000 };

/** Waits until objects are gone. */
export async function waitForDeletion(objects: readonly KubeObject[], timeoutMs: number, context: ActionContext): Promise<void> {
  const { cluster, clock, signal } = context;
  const deadline = clock.now() + timeoutMs;
  let there = objects;
  for (let pause = GONE_PAUSE_MS.first; ; pause = Math.min(pause * 2, GONE_PAUSE_MS.longest)) {
    const found = await Promise.all(there.map((object) => cluster.get(keyOf(object), { as: 'metadata', signal }).catch(ifKindIsGone)));
    there = there.filter((_, index) => found[index] !== undefined);
    if (there.length === 0) return;
    if (clock.now() >= deadline) {
      const names = there.map((object) => subjectOf(referenceOf(object))).join(', ');
      throw new Error(`timeout waiting for termination of [${names}] after ${formatDuration(timeoutMs)}: see their finalizers`);
    }
    await sleep(clock, pause, signal);
  }
}

function ifKindIsGone(error: unknown): undefined {
  const { code, reason } = error as { code?: number; reason?: string };
  if (code === 404 || reason === 'KindUnknown') return undefined;
  throw error;
}

function withoutJobs(reader: HealthReader): HealthReader {
  const compute = (object: KubeObject): Health => (isJob(object) ? computeHealth(object) : reader.compute(object));
  return {
    ...reader,
    compute,
    judge: async (source, object, options) => (isJob(object) ? compute(object) : await reader.judge(source, object, options)),
  };
}

function hookReader(reader: HealthReader): HealthReader {
  const compute = (object: KubeObject): Health => (isPod(object) ? podHealth(object) : reader.compute(object));
  return { ...reader, compute, judge: (_, object) => Promise.resolve(compute(object)) };
}

/** A Pod that has something to do, and is done with it. */
function podHealth(pod: KubeObject): Health {
  const status = pod['status'];
  const phase = isJsonObject(status) ? status['phase'] : undefined;
  if (phase === 'Succeeded') return { status: 'Current', message: 'pod succeeded', conditions: [] };
  return { status: phase === 'Failed' ? 'Failed' : 'InProgress', message: '', conditions: [] };
}

function runs(object: KubeObject): boolean {
  return isJob(object) || isPod(object);
}

function isJob({ apiVersion, kind }: KubeObject): boolean {
  return kind === 'Job' && apiVersion.startsWith('batch/');
}

function isPod({ apiVersion, kind }: KubeObject): boolean {
  return kind === 'Pod' && apiVersion === 'v1';
}

function isPaused({ apiVersion, kind, spec }: KubeObject & { spec?: unknown }): boolean {
  return kind === 'Deployment' && apiVersion.startsWith('apps/') && isJsonObject(spec) && spec['paused'] === true;
}

/** Such a Job deletes itself when it has finished. */
function isJobWithTtl(object: KubeObject & { spec?: unknown }): boolean {
  return isJob(object) && isJsonObject(object.spec) && typeof object.spec['ttlSecondsAfterFinished'] === 'number';
}
