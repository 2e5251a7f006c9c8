import { formatQuantity, type Quantity } from '@sluice/core';
import { fieldsOf, usedOf } from '../../kinds/index.js';
import { WorkQueue } from '../work-queue.js';
import { MANAGER, partsOf, type Controller, type World } from '../world.js';

/** Objects change in crowds: a quota is counted once for many changes. */
const SETTLE_MS = 20;

/** Keeps in the status of quotas what their namespaces use. */
export function resourceQuotas(world: World): Controller {
  /** Namespaces with quotas: everything in them counts. */
  const quotas = new Map<string, Set<string>>();
  const queue = new WorkQueue(count, world);
  return {
    tables: undefined,
    changed({ resource, namespace, name, exists, before }) {
      if (resource.table === '/resourcequotas') {
        const known = quotas.get(namespace) ?? new Set();
        if (exists) known.add(name);
        else known.delete(name);
        if (known.size > 0) quotas.set(namespace, known);
        else quotas.delete(namespace);
        if (exists) queue.add(`${namespace}/${name}`);
        return;
      }
      const known = quotas.get(namespace);
      // Only pods change what they take while they live, and claims and Services now and then.
      const counts = !exists || before === undefined || ['/pods', '/services', '/persistentvolumeclaims'].includes(resource.table);
      if (known !== undefined && counts) for (const quota of known) queue.addAfter(`${namespace}/${quota}`, SETTLE_MS);
    },
    stop: () => queue.stop(),
  };

  async function count(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const quota = world.lookup.get('v1', 'ResourceQuota', namespace, name);
    if (quota === undefined) return;
    const hard = fieldsOf(fieldsOf(quota['spec'])['hard']);
    const total = new Map<string, Quantity>();
    for (const kind of kindsOf(Object.keys(hard))) {
      for (const [resource, amount] of usedOf(quota, world.lookup.list(kind.apiVersion, kind.kind, namespace), Object.keys(hard)))
        total.set(resource, amount);
    }
    const used = Object.fromEntries(
      Object.keys(hard).map((resource) => [resource, formatQuantity(total.get(resource) ?? { nano: 0n, format: 'DecimalSI' })]),
    );
    const status = fieldsOf(quota['status']);
    if (same(status['hard'], hard) && same(status['used'], used)) return;
    const patch = { status: { hard, used } };
    await world.cluster.patch({ apiVersion: 'v1', kind: 'ResourceQuota', name, namespace }, 'merge', patch as never, {
      subresource: 'status',
      fieldManager: MANAGER,
    });
  }

  /** The kinds whose objects the resources of a quota count. */
  function kindsOf(resources: readonly string[]): { apiVersion: string; kind: string }[] {
    const tables = new Set<string>();
    for (const resource of resources) {
      const [, plural, group = ''] = /^count\/([^.]+)\.?(.*)$/.exec(resource) ?? [];
      if (plural !== undefined) tables.add(`${group}/${plural}`);
      else if (resource.startsWith('services')) tables.add('/services');
      else if (/persistentvolumeclaims|requests\.storage$/.test(resource)) tables.add('/persistentvolumeclaims');
      else if (/^(configmaps|secrets|replicationcontrollers|resourcequotas)$/.test(resource)) tables.add(`/${resource}`);
      else tables.add('/pods');
    }
    const seen = new Set<string>();
    return world.resources().filter(({ table }) => tables.has(table) && !seen.has(table) && seen.add(table));
  }
}

function same(present: unknown, wanted: Readonly<Record<string, unknown>>): boolean {
  const fields = fieldsOf(present);
  const keys = Object.keys(wanted);
  return Object.keys(fields).length === keys.length && keys.every((key) => fields[key] === wanted[key]);
}
