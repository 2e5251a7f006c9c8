import type { KubeObject } from '@sluice/core';
import { computeHealth, type Cluster } from '@sluice/kube';
import { PART_OF } from '../install/labels.js';
import { conditionsOf, field, textField } from '../kinds/index.js';
import type { Finding } from './findings.js';

/** What is wrong with the controllers themselves. Without any, nothing is reconciled. */
export async function controllerFindings(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<Finding[]> {
  const { items } = await cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace }, { labelSelector: PART_OF, signal });
  if (items.length === 0) {
    const problem = 'has no controllers: nothing is reconciled, unless an engine runs outside of the cluster';
    const advice = '`flux install` brings them, `flux bootstrap` with the sync; --namespace says where they are';
    return [{ severity: 'note', subject: `Namespace/${namespace}`, problem, evidence: [], advice, waiting: [] }];
  }
  const findings = items.map(async (deployment): Promise<Finding[]> => {
    const { status, message } = computeHealth(deployment);
    if (status === 'Current') return [];
    const pods = await podsOf(cluster, deployment, namespace, signal);
    return [
      {
        severity: 'critical',
        subject: `Deployment/${namespace}/${deployment.metadata.name ?? ''}`,
        problem: 'does not run: nothing that it controls is reconciled',
        evidence: [['status', message], ...pods.flatMap(podEvidence)],
        advice: `kubectl -n ${namespace} describe pods, and the log before the last restart: kubectl logs --previous`,
        waiting: [],
      },
    ];
  });
  return (await Promise.all(findings)).flat();
}

async function podsOf(cluster: Cluster, deployment: KubeObject, namespace: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const labels = field(deployment, 'spec', 'selector', 'matchLabels') ?? {};
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');
  return (await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace }, { labelSelector, signal })).items;
}

function podEvidence(pod: KubeObject): [string, string][] {
  const name = pod.metadata.name ?? '';
  const statuses = field(pod, 'status', 'containerStatuses');
  const waiting = (Array.isArray(statuses) ? statuses : []).flatMap((container): [string, string][] => {
    const state = field(container, 'state', 'waiting') ?? field(container, 'lastState', 'terminated');
    if (state === undefined) return [];
    const restarts = Number(field(container, 'restartCount') ?? 0);
    return [
      ['pod', `${name}: ${textField(state, 'reason')} ${textField(state, 'message')}${restarts > 0 ? ` (${restarts} restarts)` : ''}`],
    ];
  });
  if (waiting.length > 0) return waiting;
  return conditionsOf(pod)
    .filter(({ type, status }) => type === 'PodScheduled' && status === 'False')
    .map(({ message }) => ['pod', `${name}: ${message}`]);
}
