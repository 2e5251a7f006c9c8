import { isJsonObject, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { PART_OF } from '../install/index.js';
import { conditionsOf, field, textField } from '../kinds/index.js';

/** A Pod of a controller. */
export interface ControllerPod {
  readonly name: string;
  /** The container to read, of several. */
  readonly container?: string;
}

/** Of each Deployment of the controllers in a namespace, or of one of them, the Pod whose log says the most. */
export async function controllerPods(
  cluster: Cluster,
  namespace: string,
  controller: string | undefined,
  signal: AbortSignal,
): Promise<readonly ControllerPod[]> {
  const deployments = await cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace }, { labelSelector: PART_OF, signal });
  const wanted = deployments.items.filter(({ metadata }) => controller === undefined || metadata.name === controller);
  const found = await Promise.all(
    wanted.map(async (deployment): Promise<ControllerPod[]> => {
      const labels = field(deployment, 'spec', 'template', 'metadata', 'labels');
      const labelSelector = isJsonObject(labels) ? Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`) : [];
      const { items } = await cluster.list(
        { apiVersion: 'v1', kind: 'Pod', namespace },
        { labelSelector: labelSelector.join(','), signal },
      );
      const [pod] = items.toSorted(byLogging);
      if (pod === undefined) return [];
      const containers = field(pod, 'spec', 'containers');
      const several = Array.isArray(containers) && containers.length > 1;
      return [{ name: pod.metadata.name ?? '', ...(several ? { container: 'manager' } : {}) }];
    }),
  );
  const pods = found.flat();
  if (pods.length === 0) throw new Error(`no Flux pods found in namespace ${JSON.stringify(namespace)}`);
  return pods;
}

/** Orders Pods as kubectl does when it has to choose one for its log: those first that run, are ready, and have been for long. */
export function byLogging(a: KubeObject, b: KubeObject): number {
  for (const rank of RANKS) {
    const order = rank(a) - rank(b);
    if (order !== 0 && !Number.isNaN(order)) return order;
  }
  return 0;
}

const PHASES: Readonly<Record<string, number>> = { Unknown: 1, Pending: 2 };

/** Each is less for the better Pod. */
const RANKS: readonly ((pod: KubeObject) => number)[] = [
  (pod) => (textField(pod, 'spec', 'nodeName') === '' ? 1 : 0),
  (pod) => PHASES[textField(pod, 'status', 'phase')] ?? 0,
  (pod) => (readyCondition(pod) === undefined ? 1 : 0),
  (pod) => Date.parse(textField(readyCondition(pod), 'lastTransitionTime')),
  (pod) => -restarts(pod),
  ({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''),
];

function readyCondition(pod: KubeObject): unknown {
  return conditionsOf(pod).find(({ type, status }) => type === 'Ready' && status === 'True');
}

function restarts(pod: KubeObject): number {
  const statuses = field(pod, 'status', 'containerStatuses');
  return Math.max(0, ...(Array.isArray(statuses) ? statuses : []).map((status) => Number(field(status, 'restartCount') ?? 0)));
}
