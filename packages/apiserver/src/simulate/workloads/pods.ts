import { deepEqual, parseDuration, type KubeObject } from '@sluice/core';
import { fieldsOf, itemsOf, numberOf, textOf, type Fields } from '../../kinds/index.js';
import { setConditions, timestamp, type Condition } from '../conditions.js';
import { WorkQueue } from '../work-queue.js';
import { keyOf, partsOf, type Controller } from '../world.js';
import { controllerOf, isFinished, NODE_NAME, NOTHING_RUNS, SIMULATE_ANNOTATION, writeStatus, type Stage } from './stage.js';
import { missingReference, type Missing } from './pod-references.js';

const FIRST_BACK_OFF_MS = 10_000;
const LAST_BACK_OFF_MS = 300_000;
/** A container that crashes is started so often, then left alone: an idle cluster costs nothing. */
const MAX_RESTARTS = 6;

/** What is to become of a pod. */
interface Fate {
  readonly mode: 'run' | 'crash' | 'image' | 'pending';
  readonly delayMs: number;
}

/**
 * Plays scheduler and kubelet: gives pods a node and an address, and the statuses that a real kubelet reports, in the
 * time it takes; lets them fail as annotations say. Nothing runs.
 */
export function podController(stage: Stage): Controller {
  const { world } = stage;
  const queue = new WorkQueue(reconcile, world);
  /** Pods that wait for something to be created, by what it is. */
  const waiting = new Map<string, Set<string>>();
  /** Since when pods have a node, by uid: times in their status have seconds only. */
  const seen = new Map<string, number>();
  let addresses = 0;
  return {
    tables: [
      '/pods',
      '/configmaps',
      '/secrets',
      '/persistentvolumeclaims',
      'apps/deployments',
      'apps/replicasets',
      'apps/statefulsets',
      'apps/daemonsets',
      'batch/jobs',
      'batch/cronjobs',
    ],
    changed(change) {
      const { resource, namespace, name, exists } = change;
      const key = `${namespace}/${name}`;
      if (resource.table === '/pods') {
        if (exists) queue.add(key);
        else seen.delete(change.before?.metadata.uid ?? '');
      } else if (['/configmaps', '/secrets', '/persistentvolumeclaims'].includes(resource.table)) {
        const pods = waiting.get(`${resource.kind}/${key}`);
        if (exists && pods !== undefined) for (const pod of pods) queue.add(pod);
      } else if (exists && change.mentions(SIMULATE_ANNOTATION)) {
        const { before, after } = change;
        if (
          after === undefined ||
          before?.metadata.annotations?.[SIMULATE_ANNOTATION] === after.metadata.annotations?.[SIMULATE_ANNOTATION]
        )
          return;
        for (const workload of [after, ...stage.replicaSets.of(after), ...stage.jobs.of(after)]) {
          for (const pod of stage.pods.of(workload)) queue.add(keyOf(pod));
        }
      }
    },
    stop: () => queue.stop(),
  };

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const pod = world.lookup.get('v1', 'Pod', namespace, name);
    if (pod === undefined) return;
    if (pod.metadata.deletionTimestamp !== undefined) return terminate(pod);
    if (isFinished(pod)) return;
    const fate = fateOf(pod);
    const node = textOf(fieldsOf(pod['spec'])['nodeName']);
    if (node === '') return schedule(pod, fate);
    if (node !== NODE_NAME) return;
    const missing = missingReference(pod, world.lookup);
    note(key, missing);
    if (missing !== undefined) return report(pod, 'Pending', waitingContainers(pod, missing.reason, missing.container), missing);
    if (fate.mode === 'image') return failPull(pod);
    const due = dueTime(pod, fate) - world.timers.now();
    if (due > 0 && !isRunning(pod)) {
      await report(pod, 'Pending', waitingContainers(pod, 'ContainerCreating', ''));
      queue.addAfter(key, due);
      return;
    }
    if (fate.mode === 'crash') return crash(pod);
    const runsOnce = textOf(fieldsOf(pod['spec'])['restartPolicy']) !== 'Always' && isTask(pod);
    await (runsOnce ? finish(pod, 'Succeeded', 0) : run(pod));
  }

  function dueTime({ metadata }: KubeObject, { delayMs }: Fate): number {
    const uid = metadata.uid ?? '';
    let since = seen.get(uid);
    if (since === undefined) seen.set(uid, (since = world.timers.now()));
    return since + delayMs;
  }

  /** The annotation of the pod, or of the workload that it belongs to in the end. */
  function fateOf(pod: KubeObject): Fate {
    const text = pod.metadata.annotations?.[SIMULATE_ANNOTATION] ?? workloadOf(pod)?.metadata.annotations?.[SIMULATE_ANNOTATION] ?? '';
    const fate = { delayMs: stage.readyDelayMs };
    if (text === 'CrashLoopBackOff') return { ...fate, mode: 'crash' };
    if (text === 'ImagePullBackOff' || text === 'ErrImagePull') return { ...fate, mode: 'image' };
    if (text === 'Pending') return { ...fate, mode: 'pending' };
    const slow = /^slow=(.+)$/.exec(text)?.[1];
    return { mode: 'run', delayMs: slow === undefined ? stage.readyDelayMs : (durationMs(slow) ?? stage.readyDelayMs) };
  }

  function workloadOf(object: KubeObject): KubeObject | undefined {
    const owner = controllerOf(object);
    const found = owner === undefined ? undefined : world.lookup.get(owner.apiVersion, owner.kind, object.metadata.namespace, owner.name);
    return found === undefined ? undefined : (workloadOf(found) ?? found);
  }

  async function schedule(pod: KubeObject, fate: Fate): Promise<void> {
    if (itemsOf(fieldsOf(pod['spec'])['schedulingGates']).length > 0) return;
    const unbound = missingReference(pod, world.lookup, 'claims');
    note(keyOf(pod), unbound);
    if (fate.mode === 'pending' || unbound !== undefined) {
      const why = unbound?.message ?? '1 Insufficient cpu';
      const message = `0/1 nodes are available: ${why}. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`;
      const status = fieldsOf(pod['status']);
      const before = itemsOf(status['conditions']) as unknown as readonly Condition[];
      const conditions = setConditions(
        before,
        [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
        world.timers.now(),
      );
      if (conditions === before) return;
      await writeStatus(world, pod, { ...status, phase: 'Pending', conditions });
      stage.record('default-scheduler', pod, { type: 'Warning', reason: 'FailedScheduling', message });
      return;
    }
    const { namespace = '', name = '' } = pod.metadata;
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace },
      target: { apiVersion: 'v1', kind: 'Node', name: NODE_NAME },
    });
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/binding`;
    const answer = await world.cluster.raw('POST', path, { body, headers: { 'content-type': 'application/json' } });
    if (answer.status >= 400 && answer.status !== 404 && answer.status !== 409)
      throw new Error(`could not bind pod ${namespace}/${name}: ${answer.body}`);
    const message = `Successfully assigned ${namespace}/${name} to ${NODE_NAME}. ${NOTHING_RUNS}`;
    stage.record('default-scheduler', pod, { type: 'Normal', reason: 'Scheduled', message });
  }

  async function run(pod: KubeObject): Promise<void> {
    const now = timestamp(world.timers.now());
    const startedAt = (index: number): string =>
      textOf(fieldsOf(fieldsOf(containerStatus(pod, index)['state'])['running'])['startedAt']) || now;
    const statuses = containers(pod).map((container, index) => ({
      ...statusOf(container),
      state: { running: { startedAt: startedAt(index) } },
      lastState: fieldsOf(containerStatus(pod, index)['lastState']),
      restartCount: numberOf(containerStatus(pod, index)['restartCount']),
      ready: true,
      started: true,
    }));
    const wasRunning = isRunning(pod);
    await report(pod, 'Running', statuses);
    if (!wasRunning)
      stage.record('kubelet', pod, { type: 'Normal', reason: 'Started', message: `Started container ${names(pod)}. ${NOTHING_RUNS}` });
  }

  async function finish(pod: KubeObject, phase: 'Succeeded' | 'Failed', exitCode: number): Promise<void> {
    const time = timestamp(world.timers.now());
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const statuses = containers(pod).map((container) => ({
      ...statusOf(container),
      state: { terminated: { exitCode, reason, startedAt: time, finishedAt: time, containerID: containerId(pod, container) } },
      lastState: {},
      restartCount: 0,
      ready: false,
      started: false,
    }));
    await report(pod, phase, statuses);
  }

  /** Starts, exits, and waits longer each time. */
  async function crash(pod: KubeObject): Promise<void> {
    if (textOf(fieldsOf(pod['spec'])['restartPolicy']) === 'Never') return finish(pod, 'Failed', 1);
    const now = world.timers.now();
    const known = containerStatus(pod, 0);
    const last = Date.parse(textOf(fieldsOf(fieldsOf(known['lastState'])['terminated'])['finishedAt']));
    const restarts = numberOf(known['restartCount']);
    const pause = backOffMs(restarts);
    const due = Number.isNaN(last) ? now : last + pause;
    if (due > now) {
      if (restarts < MAX_RESTARTS) queue.addAfter(keyOf(pod), due - now);
      return;
    }
    const next = restarts + 1;
    const finishedAt = timestamp(now);
    const statuses = containers(pod).map((container) => ({
      ...statusOf(container),
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: `back-off ${backOffText(next)} restarting failed container=${textOf(container['name'])} pod=${pod.metadata.name ?? ''}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid ?? ''})`,
        },
      },
      lastState: {
        terminated: { exitCode: 1, reason: 'Error', startedAt: finishedAt, finishedAt, containerID: containerId(pod, container) },
      },
      restartCount: next,
      ready: false,
      started: false,
    }));
    await report(pod, 'Running', statuses);
    const [container] = containers(pod);
    const message = `Back-off restarting failed container ${textOf(container?.['name'])} in pod ${pod.metadata.name ?? ''}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid ?? ''})`;
    stage.record('kubelet', pod, { type: 'Warning', reason: 'BackOff', message });
    if (next < MAX_RESTARTS) queue.addAfter(keyOf(pod), backOffMs(next));
  }

  async function failPull(pod: KubeObject): Promise<void> {
    const statuses = containers(pod).map((container) => {
      const image = textOf(container['image']);
      const message = `Back-off pulling image ${JSON.stringify(image)}: ErrImagePull: failed to pull and unpack image ${JSON.stringify(image)}: not found`;
      return {
        ...statusOf(container),
        imageID: '',
        state: { waiting: { reason: 'ImagePullBackOff', message } },
        lastState: {},
        restartCount: 0,
        ready: false,
        started: false,
      };
    });
    if (deepEqual(statuses, itemsOf(fieldsOf(pod['status'])['containerStatuses']))) return;
    await report(pod, 'Pending', statuses);
    const image = JSON.stringify(textOf(containers(pod)[0]?.['image']));
    stage.record('kubelet', pod, {
      type: 'Warning',
      reason: 'Failed',
      message: `Failed to pull image ${image}: failed to pull and unpack image ${image}: not found`,
    });
    stage.record('kubelet', pod, { type: 'Normal', reason: 'BackOff', message: `Back-off pulling image ${image}` });
  }

  /** The status of a pod that has a node. */
  async function report(pod: KubeObject, phase: string, statuses: readonly Fields[], missing?: Missing): Promise<void> {
    const now = world.timers.now();
    const status = fieldsOf(pod['status']);
    const ready = statuses.every((item) => item['ready'] === true) && phase === 'Running';
    const done = phase === 'Succeeded' || phase === 'Failed';
    const unready = JSON.stringify(statuses.filter((item) => item['ready'] !== true).map((item) => textOf(item['name'])))
      .replaceAll('"', '')
      .replaceAll(',', ' ');
    const notReady = done
      ? phase === 'Succeeded'
        ? { reason: 'PodCompleted' }
        : { reason: 'PodFailed' }
      : { reason: 'ContainersNotReady', message: `containers with unready status: ${unready}` };
    const state = (type: string, yes: boolean): Condition => ({ type, status: yes ? 'True' : 'False', ...(!yes && notReady) });
    const conditions = setConditions(
      itemsOf(status['conditions']) as unknown as readonly Condition[],
      [
        { type: 'PodReadyToStartContainers', status: done || missing?.mounts === true || phase === 'Pending' ? 'False' : 'True' },
        { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' && { reason: 'PodCompleted' }) },
        state('Ready', ready),
        state('ContainersReady', ready),
        { type: 'PodScheduled', status: 'True' },
      ],
      now,
    );
    const address = textOf(status['podIP']) || nextAddress();
    const hasAddress = phase !== 'Pending' || textOf(status['podIP']) !== '';
    const time = textOf(status['startTime']) || timestamp(now);
    const initial = itemsOf(fieldsOf(pod['spec'])['initContainers']).map((container) => initStatus(pod, container, phase, time));
    const same = missing === undefined || deepEqual(itemsOf(status['containerStatuses']), statuses);
    await writeStatus(world, pod, {
      ...status,
      phase,
      conditions,
      observedGeneration: pod.metadata.generation,
      hostIP: NODE_ADDRESS,
      hostIPs: [{ ip: NODE_ADDRESS }],
      ...(hasAddress && { podIP: address, podIPs: [{ ip: address }] }),
      startTime: time,
      ...(initial.length > 0 && { initContainerStatuses: initial }),
      containerStatuses: statuses,
    });
    if (missing !== undefined && !same)
      stage.record('kubelet', pod, { type: 'Warning', reason: missing.mounts ? 'FailedMount' : 'Failed', message: missing.message });
  }

  function nextAddress(): string {
    addresses = (addresses + 1) % 65_000;
    return `10.244.${Math.floor(addresses / 250)}.${(addresses % 250) + 2}`;
  }

  function note(key: string, missing: Missing | undefined): void {
    for (const [what, pods] of waiting) {
      if (what === missing?.key) continue;
      pods.delete(key);
      if (pods.size === 0) waiting.delete(what);
    }
    if (missing === undefined) return;
    const pods = waiting.get(missing.key);
    if (pods === undefined) waiting.set(missing.key, new Set([key]));
    else pods.add(key);
  }

  /** Nothing has to be stopped: the pod goes at once. */
  async function terminate(pod: KubeObject): Promise<void> {
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    await world.cluster.delete({ apiVersion: 'v1', kind: 'Pod', namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
  }
}

export const NODE_ADDRESS = '172.18.0.2';

/** The log of a container that never ran. */
export function simulatedLog(pod: KubeObject, container: string): string {
  const spec = fieldsOf(pod['spec']);
  const found = [...itemsOf(spec['containers']), ...itemsOf(spec['initContainers'])].find((item) => item['name'] === container);
  const words = [...((found?.['command'] as string[] | undefined) ?? []), ...((found?.['args'] as string[] | undefined) ?? [])];
  const lines = [
    `${NOTHING_RUNS} Container "${container}" of pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''} would run image ${textOf(found?.['image'])}`,
  ];
  if (words.length > 0) lines.push(`with: ${words.map((word) => JSON.stringify(word)).join(' ')}`);
  return `${lines.join('\n')}\n`;
}

function containers(pod: KubeObject): readonly Fields[] {
  return itemsOf(fieldsOf(pod['spec'])['containers']);
}

function containerStatus(pod: KubeObject, index: number): Fields {
  return fieldsOf(itemsOf(fieldsOf(pod['status'])['containerStatuses'])[index]);
}

function statusOf(container: Fields): Fields {
  const image = textOf(container['image']);
  return { name: textOf(container['name']), image, imageID: image.includes('@') ? image : `${image}@simulated` };
}

function initStatus(pod: KubeObject, container: Fields, phase: string, time: string): Fields {
  if (container['restartPolicy'] === 'Always') {
    return {
      ...statusOf(container),
      state: phase === 'Pending' ? { waiting: { reason: 'PodInitializing' } } : { running: { startedAt: time } },
      lastState: {},
      restartCount: 0,
      ready: phase === 'Running',
      started: phase === 'Running',
    };
  }
  if (phase === 'Pending')
    return { ...statusOf(container), state: { waiting: { reason: 'PodInitializing' } }, lastState: {}, restartCount: 0, ready: false };
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: time, finishedAt: time, containerID: containerId(pod, container) };
  return { ...statusOf(container), state: { terminated }, lastState: {}, restartCount: 0, ready: true };
}

function containerId(pod: KubeObject, container: Fields): string {
  return `simulated://${pod.metadata.uid ?? ''}/${textOf(container['name'])}`;
}

function isRunning(pod: KubeObject): boolean {
  return textOf(fieldsOf(pod['status'])['phase']) === 'Running';
}

/** Pods of Jobs, and pods on their own that are not to be started again: they come to an end. */
function isTask(pod: KubeObject): boolean {
  const owner = controllerOf(pod);
  return owner === undefined || owner.kind === 'Job';
}

function names(pod: KubeObject): string {
  return containers(pod)
    .map((container) => textOf(container['name']))
    .join(', ');
}

function backOffMs(restarts: number): number {
  return restarts === 0 ? 0 : Math.min(LAST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (restarts - 1));
}

function backOffText(restarts: number): string {
  const seconds = backOffMs(restarts) / 1000;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

function durationMs(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

function waitingContainers(pod: KubeObject, reason: string, only: string): Fields[] {
  return containers(pod).map((container) => {
    const waiting = only === '' || only === textOf(container['name']) ? reason : 'ContainerCreating';
    return {
      ...statusOf(container),
      imageID: '',
      state: { waiting: { reason: waiting } },
      lastState: {},
      restartCount: 0,
      ready: false,
      started: false,
    };
  });
}
