import type { KubeObject } from '@sluice/core';
import { fieldsOf, isSet, itemsOf, textOf } from '../../kinds/index.js';
import { setConditions, type Condition } from '../conditions.js';
import { WorkQueue } from '../work-queue.js';
import type { Controller, World } from '../world.js';

/** Says of APIServices whether what they stand for can be reached: nothing behind a Service is, where nothing runs. */
export function apiServiceAvailability(world: World): Controller {
  const queue = new WorkQueue(check, world);
  return {
    tables: ['apiregistration.k8s.io/apiservices', '/services'],
    changed({ resource, name, namespace, exists }) {
      if (resource.table === 'apiregistration.k8s.io/apiservices') {
        if (exists) queue.add(name);
        return;
      }
      for (const item of world.lookup.list('apiregistration.k8s.io/v1', 'APIService')) {
        const service = fieldsOf(fieldsOf(item['spec'])['service']);
        if (service['name'] === name && service['namespace'] === namespace) queue.add(item.metadata.name ?? '');
      }
    },
    stop: () => queue.stop(),
  };

  async function check(name: string): Promise<void> {
    const item = world.lookup.get('apiregistration.k8s.io/v1', 'APIService', undefined, name);
    if (item === undefined) return;
    const status = fieldsOf(item['status']);
    const before = itemsOf(status['conditions']) as unknown as readonly Condition[];
    const conditions = setConditions(before, [availability(item)], world.timers.now());
    if (conditions === before) return;
    const patch = { status: { conditions } };
    await world.cluster.patch({ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', name }, 'merge', patch as never, {
      subresource: 'status',
      fieldManager: 'kube-apiserver',
    });
  }

  function availability(item: KubeObject): Condition {
    const { service } = fieldsOf(item['spec']);
    const type = 'Available';
    if (!isSet(service)) return { type, status: 'True', reason: 'Local', message: 'Local APIServices are always available' };
    const [name, namespace] = [textOf(fieldsOf(service)['name']), textOf(fieldsOf(service)['namespace'])];
    if (world.lookup.get('v1', 'Service', namespace, name) === undefined) {
      return { type, status: 'False', reason: 'ServiceNotFound', message: `service/${name} in "${namespace}" is not present` };
    }
    return {
      type,
      status: 'False',
      reason: 'MissingEndpoints',
      message: `endpoints for service/${name} in "${namespace}" have no addresses: no container runs here`,
    };
  }
}
