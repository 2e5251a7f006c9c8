import type { KubeObject } from '@sluice/core';
import { fieldsOf, isSet, itemsOf, mapOf, numberOf, resolveIntOrPercent, selects, textOf } from '../../kinds/index.js';
import { setConditions, type Condition } from '../conditions.js';
import { WorkQueue } from '../work-queue.js';
import { partsOf, type Controller } from '../world.js';
import { controllerOf, generationOf, isActive, isReady, replicasOf, writeStatus, type Stage } from './stage.js';

const SETTLE_MS = 20;

/** Counts what PodDisruptionBudgets allow. */
export function disruptionBudgetController(stage: Stage): Controller {
  const { world } = stage;
  const queue = new WorkQueue(reconcile, world);
  /** The budgets of a namespace, with their selectors. */
  const budgets = new Map<string, Map<string, unknown>>();
  return {
    tables: ['policy/poddisruptionbudgets', '/pods'],
    changed(change) {
      const { resource, namespace, name, exists } = change;
      if (resource.table === 'policy/poddisruptionbudgets') {
        const known = budgets.get(namespace) ?? new Map<string, unknown>();
        if (exists) known.set(name, fieldsOf(change.after?.['spec'])['selector']);
        else known.delete(name);
        if (known.size > 0) budgets.set(namespace, known);
        else budgets.delete(namespace);
        if (exists) queue.add(`${namespace}/${name}`);
        return;
      }
      const known = budgets.get(namespace);
      if (known === undefined) return;
      const labels = mapOf((change.after ?? change.before)?.metadata.labels);
      for (const [budget, selector] of known) if (selects(selector, labels)) queue.addAfter(`${namespace}/${budget}`, SETTLE_MS);
    },
    stop: () => queue.stop(),
  };

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const budget = world.lookup.get('policy/v1', 'PodDisruptionBudget', namespace, name);
    if (budget === undefined) return;
    const spec = fieldsOf(budget['spec']);
    const pods = world.lookup
      .list('v1', 'Pod', namespace)
      .filter((pod) => isActive(pod) && selects(spec['selector'], pod.metadata.labels ?? {}));
    const healthy = pods.filter(isReady).length;
    const { expected, desired } = needs(budget, pods);
    const allowed = expected === 0 ? 0 : Math.max(0, healthy - desired);
    const status = fieldsOf(budget['status']);
    const condition: Condition =
      allowed > 0
        ? { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '' }
        : { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '' };
    const conditions = setConditions(itemsOf(status['conditions']) as unknown as readonly Condition[], [condition], world.timers.now());
    await writeStatus(world, budget, {
      ...status,
      observedGeneration: generationOf(budget),
      disruptionsAllowed: allowed,
      currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected,
      conditions: conditions.map((item) => ({ observedGeneration: generationOf(budget), ...item })),
    });
  }

  function needs(budget: KubeObject, pods: readonly KubeObject[]): { expected: number; desired: number } {
    const { minAvailable, maxUnavailable } = fieldsOf(budget['spec']);
    if (isSet(minAvailable) && typeof minAvailable === 'number') return { expected: pods.length, desired: minAvailable };
    const expected = scaleOf(pods);
    if (isSet(minAvailable)) return { expected, desired: resolveIntOrPercent(minAvailable, expected, true) };
    const unavailable = isSet(maxUnavailable) ? resolveIntOrPercent(maxUnavailable, expected, true) : 0;
    return { expected, desired: Math.max(0, expected - unavailable) };
  }

  /** How many pods there should be: what the controllers of those that are there ask for. */
  function scaleOf(pods: readonly KubeObject[]): number {
    const owners = new Map<string, number>();
    for (const pod of pods) {
      const owner = controllerOf(pod);
      if (owner === undefined || owners.has(owner.uid)) continue;
      const found = world.lookup.get(owner.apiVersion, owner.kind, pod.metadata.namespace, owner.name);
      const top = controllerOf(found);
      const workload = top === undefined ? found : (world.lookup.get(top.apiVersion, top.kind, pod.metadata.namespace, top.name) ?? found);
      owners.set(workload?.metadata.uid ?? owner.uid, workload === undefined ? 0 : replicasOf(workload));
    }
    return [...owners.values()].reduce((sum, replicas) => sum + replicas, 0);
  }
}

/** Keeps autoscaled workloads within their bounds. There are no metrics where nothing runs: it says so. */
export function autoscalerController(stage: Stage): Controller {
  const { world } = stage;
  const queue = new WorkQueue(reconcile, world);
  /** Autoscalers by what they scale. */
  const targets = new Map<string, string>();
  return {
    tables: ['autoscaling/horizontalpodautoscalers', 'apps/deployments', 'apps/statefulsets', 'apps/replicasets'],
    changed(change) {
      const { resource, namespace, name, exists, after } = change;
      if (resource.table === 'autoscaling/horizontalpodautoscalers') {
        const target = fieldsOf(fieldsOf(after?.['spec'])['scaleTargetRef']);
        if (!exists) return;
        targets.set(`${namespace}/${textOf(target['kind'])}/${textOf(target['name'])}`, name);
        queue.add(`${namespace}/${name}`);
      } else if (targets.size > 0) {
        const autoscaler = targets.get(`${namespace}/${resource.kind}/${name}`);
        if (autoscaler !== undefined) queue.add(`${namespace}/${autoscaler}`);
      }
    },
    stop: () => queue.stop(),
  };

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const autoscaler = world.lookup.get('autoscaling/v2', 'HorizontalPodAutoscaler', namespace, name);
    if (autoscaler === undefined || autoscaler.metadata.deletionTimestamp !== undefined) return;
    const spec = fieldsOf(autoscaler['spec']);
    const target = fieldsOf(spec['scaleTargetRef']);
    const [apiVersion, kind, targetName] = [textOf(target['apiVersion']) || 'apps/v1', textOf(target['kind']), textOf(target['name'])];
    const workload = world.lookup.get(apiVersion, kind, namespace, targetName);
    const status = fieldsOf(autoscaler['status']);
    const before = itemsOf(status['conditions']) as unknown as readonly Condition[];
    const now = world.timers.now();
    if (workload === undefined) {
      const message = `the HPA controller was unable to get the target's current scale: ${kind.toLowerCase()}s.apps "${targetName}" not found`;
      const conditions = setConditions(before, [{ type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message }], now);
      await writeStatus(world, autoscaler, { currentReplicas: 0, desiredReplicas: 0, currentMetrics: null, ...status, conditions });
      return;
    }
    const current = replicasOf(workload);
    const min = isSet(spec['minReplicas']) ? numberOf(spec['minReplicas']) : 1;
    const desired = current === 0 ? 0 : Math.min(numberOf(spec['maxReplicas']), Math.max(min, current));
    if (desired !== current) {
      const patch = { spec: { replicas: desired } };
      await world.cluster.patch({ apiVersion, kind, namespace, name: targetName }, 'merge', patch, {
        subresource: 'scale',
        fieldManager: 'horizontal-pod-autoscaler',
      });
      stage.record('horizontal-pod-autoscaler', autoscaler, {
        type: 'Normal',
        reason: 'SuccessfulRescale',
        message: `New size: ${desired}; reason: Current number of replicas ${current < desired ? 'below Spec.MinReplicas' : 'above Spec.MaxReplicas'}`,
      });
    }
    const conditions = setConditions(
      before,
      [
        { type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: 'recommended size matches current size' },
        {
          type: 'ScalingActive',
          status: 'False',
          reason: 'FailedGetResourceMetric',
          message: 'no container runs in a simulated cluster: there are no metrics, the size stays within its bounds',
        },
      ],
      now,
    );
    await writeStatus(world, autoscaler, {
      ...status,
      observedGeneration: autoscaler.metadata.generation,
      currentReplicas: numberOf(fieldsOf(workload['status'])['replicas']),
      desiredReplicas: desired,
      currentMetrics: status['currentMetrics'] ?? null,
      conditions,
    });
  }
}
