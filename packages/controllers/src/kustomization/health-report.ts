import type { Inventory } from '@sluice/api';
import { deadlineSignal, groupOf, isJsonObject, versionOf, type KubeObject } from '@sluice/core';
import {
  computeHealth,
  createHealthReader,
  labelSelectorText,
  podLogs,
  type Cluster,
  type Health,
  type HealthCheckExpression,
} from '@sluice/kube';
import { objectKeyOf, subjectOf, type VersionedReference } from '../apply/reference.js';
import { referencesIn } from './inventory.js';

/** What of a wait that has failed is told besides the states. */
export interface Unhealthy {
  readonly reference: VersionedReference;
  readonly health: Health;
}

/** A message is read by a person: what is beyond these is not. */
const MOST = { objects: 5, pods: 2, lines: 5, lineLength: 200 };

/** How many objects are read side by side. */
const AT_ONCE = 20;

/** Who asks for reasons must not wait for them longer than this. */
const WITHIN_MS = 5_000;

/**
 * Why objects are not healthy, a line each and indented below its object: what their status says, the newest warning about
 * them, and of their Pods what keeps them and the last lines they wrote. What can't be read is left out.
 */
export async function explainHealth(cluster: Cluster, unhealthy: readonly Unhealthy[], signal: AbortSignal): Promise<string> {
  const limit = deadlineSignal(WITHIN_MS, signal);
  const reports = await Promise.all(
    unhealthy.slice(0, MOST.objects).map(async ({ reference, health }) => {
      const lines = [health.message, ...(await reasonsOf(cluster, reference, limit))].filter((line) => line !== '');
      return lines.length === 0 ? [] : [`${subjectOf(reference)}:`, ...lines.map((line) => `  ${line}`)];
    }),
  );
  const more = unhealthy.length - MOST.objects;
  return [...reports.flat(), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

/** An object whose health checks may be waited for: a Kustomization, or what has such an inventory. */
interface Waiting extends KubeObject {
  readonly spec?: {
    readonly kubeConfig?: unknown;
    readonly healthCheckExprs?: readonly HealthCheckExpression[];
    readonly healthChecks?: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
      readonly namespace?: string;
    }[];
  };
  readonly status?: { readonly inventory?: Inventory };
}

/** The same for what an object waits for at this moment; empty when all of that is healthy, or in another cluster. */
export async function explainWaiting(cluster: Cluster, { spec, status, metadata }: Waiting, signal: AbortSignal): Promise<string> {
  if (spec?.kubeConfig !== undefined) return '';
  const checked = (spec?.healthChecks ?? []).map(({ apiVersion, kind, name, namespace = metadata.namespace ?? '' }) => {
    return { group: groupOf(apiVersion), version: versionOf(apiVersion), kind, name, namespace };
  });
  const reader = createHealthReader(spec?.healthCheckExprs);
  const references = [...checked, ...referencesIn(status?.inventory)];
  const unhealthy: Unhealthy[] = [];
  for (let at = 0; at < references.length && unhealthy.length <= MOST.objects; at += AT_ONCE) {
    const read = references.slice(at, at + AT_ONCE).map(async (reference) => {
      const health = await reader.read(cluster, objectKeyOf(reference), { signal });
      return health.status === 'Current' ? [] : [{ reference, health }];
    });
    unhealthy.push(...(await Promise.all(read)).flat());
  }
  return await explainHealth(cluster, unhealthy, signal);
}

async function reasonsOf(cluster: Cluster, reference: VersionedReference, signal: AbortSignal): Promise<string[]> {
  if (reference.namespace === '') return [];
  const { namespace } = reference;
  const object = await quietly(cluster.get(objectKeyOf(reference), { signal }));
  if (object === undefined) return [];
  const pods = reference.kind === 'Pod' && reference.group === '' ? [object] : await podsOf(cluster, object, namespace, signal);
  // One that has come to an end is what it is to be, however it ended.
  const failing = pods.filter((pod: Pod) => pod.status?.phase === 'Failed' || computeHealth(pod).status !== 'Current').slice(0, MOST.pods);
  const events = (await quietly(cluster.list({ apiVersion: 'v1', kind: 'Event', namespace }, { fieldSelector: 'type=Warning', signal })))
    ?.items;
  const ofPods = await Promise.all(failing.map((pod) => podLines(cluster, pod, events ?? [], signal)));
  return [...warningsAbout(object, events ?? []), ...(reference.kind === 'Pod' ? (ofPods[0]?.slice(1) ?? []) : ofPods.flat())];
}

/** The Pods that a workload selects. */
async function podsOf(cluster: Cluster, object: KubeObject, namespace: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const spec = object['spec'];
  const selector = isJsonObject(spec) && isJsonObject(spec['template']) && isJsonObject(spec['selector']) ? spec['selector'] : undefined;
  const labelSelector = selector === undefined ? '' : labelSelectorText(selector);
  if (labelSelector === '') return [];
  return (await quietly(cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace }, { labelSelector, signal })))?.items ?? [];
}

function warningsAbout({ metadata }: KubeObject, events: readonly KubeObject[]): string[] {
  const newest = (events as readonly WarningEvent[])
    .filter(({ involvedObject }) => involvedObject?.uid === metadata.uid)
    .sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1))[0];
  return newest === undefined ? [] : [`warning ${newest.reason ?? ''}: ${oneLine(newest.message ?? '')}`];
}

interface WarningEvent extends KubeObject {
  readonly involvedObject?: { readonly uid?: string };
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

function timeOf({ lastTimestamp, eventTime, metadata }: WarningEvent): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}

interface Pod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number };
}

async function podLines(cluster: Cluster, pod: Pod, events: readonly KubeObject[], signal: AbortSignal): Promise<string[]> {
  const { status = {}, metadata } = pod;
  const [namespace, name] = [metadata.namespace ?? '', metadata.name ?? ''];
  const lines = [`Pod ${name}: ${status.phase ?? 'without a state'}`];
  const unscheduled = status.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled !== undefined) lines.push(`  ${unscheduled.reason ?? 'not scheduled'}: ${oneLine(unscheduled.message ?? '')}`);
  lines.push(...warningsAbout(pod, events).map((line) => `  ${line}`));
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const failing = containers.find(({ ready, state }) => ready !== true && state?.terminated?.exitCode !== 0);
  if (failing === undefined) return lines;
  lines.push(`  container ${failing.name}: ${stateOf(failing)}`);
  const previous = failing.state?.waiting !== undefined && (failing.restartCount ?? 0) > 0;
  const log = await lastLines(cluster, { namespace, name }, failing.name, previous, signal);
  return [...lines, ...log.map((line) => `    ${line}`)];
}

function stateOf({ state = {}, lastState, restartCount = 0 }: ContainerStatus): string {
  const { waiting, terminated } = state;
  const ended = terminated ?? lastState?.terminated;
  const texts = [
    waiting === undefined ? '' : `${waiting.reason ?? 'waiting'}${waiting.message === undefined ? '' : `: ${oneLine(waiting.message)}`}`,
    ended === undefined ? '' : `ended with ${ended.exitCode ?? '?'} (${ended.reason ?? 'without a reason'})`,
    waiting === undefined && terminated === undefined ? 'runs, and is not ready' : '',
    restartCount > 0 ? `started again ${restartCount} times` : '',
  ];
  return texts.filter((text) => text !== '').join('; ');
}

async function lastLines(
  cluster: Cluster,
  pod: { readonly namespace: string; readonly name: string },
  container: string,
  previous: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const lines: string[] = [];
  try {
    for await (const line of podLogs(cluster, pod, { container, previous, tailLines: MOST.lines, limitBytes: 16_384, signal })) {
      lines.push(oneLine(line));
    }
  } catch {
    // A container that never started has no log.
  }
  return lines.filter((line) => line !== '').slice(-MOST.lines);
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= MOST.lineLength ? line : `${line.slice(0, MOST.lineLength)}…`;
}

async function quietly<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}
