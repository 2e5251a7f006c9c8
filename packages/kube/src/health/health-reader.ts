import { groupOf, isJsonObject, type KubeObject } from '@sluice/core';
import { isKindUnknown } from '../client/kube-error.js';
import type { CallOptions, KindKey, ListOptions, ObjectKey, ObjectList } from '../cluster.js';
import { labelSelectorText } from '../objects/label-selector.js';
import { computeHealth, computeJobHealth } from './compute-health.js';
import { conditionsOf } from './fields.js';
import { compileHealthChecks, type HealthCheckExpression } from './health-expressions.js';
import { notFound, unknown, type Health } from './health.js';

/** Where objects are read: a cluster, or something that has them already. */
export interface HealthSource {
  get(key: ObjectKey, options?: CallOptions): Promise<KubeObject | undefined>;
  list(kind: KindKey, options: ListOptions): Promise<Pick<ObjectList, 'items'>>;
}

/** Judges health as Flux's controllers do. */
export interface HealthReader {
  /** From the object alone: expressions where there are some for its kind, Flux's own view of Jobs and settings, kstatus for the rest. */
  compute(object: KubeObject): Health;
  /** As compute, and where an object is on its way, by what was made of it: a StatefulSet whose Pods crash has failed. */
  judge(source: HealthSource, object: KubeObject, options?: CallOptions): Promise<Health>;
  /** Reads an object and judges it. */
  read(source: HealthSource, key: ObjectKey, options?: CallOptions): Promise<Health>;
}

/**
 * A reader with the `healthCheckExprs` of a Kustomization or HelmRelease. Throws when one does not compile.
 *
 * @example
 * const reader = createHealthReader([{ apiVersion: 'x.io/v1', kind: 'Foo', current: "status.phase == 'Ready'" }]);
 * const { status, message } = await reader.read(cluster, { apiVersion: 'x.io/v1', kind: 'Foo', namespace: 'apps', name: 'a' });
 */
export function createHealthReader(
  checks: readonly HealthCheckExpression[] = [],
  options: { readonly now?: () => number } = {},
): HealthReader {
  const evaluatorOf = compileHealthChecks(checks);
  const now = options.now ?? Date.now;

  const compute = (object: KubeObject): Health => {
    if (object.kind === 'Job' && groupOf(object.apiVersion) === 'batch') return computeJobHealth(object);
    return evaluatorOf(object)?.(object) ?? (isOnlySettings(object) ? settings : computeHealth(object, { now: now() }));
  };

  const judge = async (source: HealthSource, object: KubeObject, callOptions?: CallOptions): Promise<Health> => {
    const health = compute(object);
    if (health.status !== 'InProgress' || !controlsPods(object) || evaluatorOf(object) !== undefined) return health;
    const failedPods = await countFailedPods(source, object, now(), callOptions);
    return failedPods === 0 ? health : { status: 'Failed', message: `${failedPods} pods have failed`, conditions: [] };
  };

  return {
    compute,
    judge,
    async read(source, key, callOptions) {
      try {
        const object = await source.get(key, callOptions);
        return object === undefined ? notFound : await judge(source, object, callOptions);
      } catch (error) {
        if (isKindUnknown(error)) return notFound;
        if (callOptions?.signal?.aborted === true) throw error;
        return unknown(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

const settings: Health = { status: 'Current', message: 'Resource is current', conditions: [] };

/**
 * Kinds that nothing waits for, whatever their status says: in Flux they have none. A Provider says whether its service takes
 * what it is sent, and a chat that is away must not hold up the cluster that it is told of.
 */
function isOnlySettings({ apiVersion, kind, metadata }: KubeObject): boolean {
  const isSettings = groupOf(apiVersion) === 'notification.toolkit.fluxcd.io' && (kind === 'Provider' || kind === 'Alert');
  return isSettings && metadata.deletionTimestamp === undefined;
}

/** Kinds whose own status does not tell that their Pods can't start. (A Deployment's does: by its progress deadline.) */
function controlsPods({ apiVersion, kind }: KubeObject): boolean {
  return groupOf(apiVersion) === 'apps' && (kind === 'StatefulSet' || kind === 'ReplicaSet');
}

async function countFailedPods(source: HealthSource, object: KubeObject, now: number, options: CallOptions | undefined): Promise<number> {
  const { namespace } = object.metadata;
  const selector = isJsonObject(object['spec']) ? object['spec']['selector'] : undefined;
  // The empty selector would select everything in the namespace.
  if (namespace === undefined || !isJsonObject(selector)) return 0;
  const labelSelector = labelSelectorText(selector);
  if (labelSelector === '') return 0;
  const { items } = await source.list({ apiVersion: 'v1', kind: 'Pod', namespace }, { ...options, labelSelector });
  return items.filter((pod) => computeHealth(pod, { now }).status === 'Failed' && !isPassing(pod)).length;
}

/** A pod that is on its way out, or waits for a node that an autoscaler may be adding. */
function isPassing(pod: KubeObject): boolean {
  return (
    pod.metadata.deletionTimestamp !== undefined ||
    conditionsOf(pod).some(({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable')
  );
}
