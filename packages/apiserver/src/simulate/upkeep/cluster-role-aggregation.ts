import { deepEqual, type KubeObject } from '@sluice/core';
import { selects } from '../../kinds/index.js';
import { WorkQueue } from '../work-queue.js';
import type { Controller, World } from '../world.js';

/** Fills in the rules of ClusterRoles that are the sum of others. */
export function clusterRoleAggregation(world: World): Controller {
  /** The roles that sum others up: few among many. */
  const sums = new Set<string>();
  const queue = new WorkQueue(aggregate, world);
  return {
    tables: ['rbac.authorization.k8s.io/clusterroles'],
    changed({ before, after }) {
      const name = (after ?? before)?.metadata.name ?? '';
      if (selectorsOf(after).length > 0) sums.add(name);
      else sums.delete(name);
      for (const sum of sums) {
        const selectors = selectorsOf(find(sum));
        const concerned = [before, after].some(
          (role) => role !== undefined && selectors.some((selector) => selects(selector, role.metadata.labels ?? {})),
        );
        if (sum === name || concerned) queue.add(sum);
      }
    },
    stop: () => queue.stop(),
  };

  function find(name: string): KubeObject | undefined {
    return world.lookup.get('rbac.authorization.k8s.io/v1', 'ClusterRole', undefined, name);
  }

  async function aggregate(name: string): Promise<void> {
    const sum = find(name);
    const selectors = selectorsOf(sum);
    if (sum === undefined || selectors.length === 0) return;
    const rules: unknown[] = [];
    for (const selector of selectors) {
      for (const role of world.lookup.list('rbac.authorization.k8s.io/v1', 'ClusterRole')) {
        if (role.metadata.name === name || !selects(selector, role.metadata.labels ?? {})) continue;
        for (const rule of (role['rules'] as readonly unknown[] | null | undefined) ?? []) {
          if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
        }
      }
    }
    if (deepEqual(rules, sum['rules'] ?? [])) return;
    const { apiVersion, kind } = sum;
    await world.cluster.apply(
      { apiVersion, kind, metadata: { name }, rules },
      { fieldManager: 'clusterrole-aggregation-controller', force: true },
    );
  }
}

function selectorsOf(role: KubeObject | undefined): readonly unknown[] {
  const rule = role?.['aggregationRule'] as { clusterRoleSelectors?: readonly unknown[] } | undefined;
  return rule?.clusterRoleSelectors ?? [];
}
