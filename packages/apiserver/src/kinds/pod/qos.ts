import { fieldsOf, isSet, itemsOf, type Fields } from '../common/index.js';
import { addQuantities, quantityOf } from '../common/quantities.js';
import type { Quantity } from '@sluice/core';

/** How a node treats a pod when it runs short: by what its containers request and are limited to. */
export function qosClass(spec: Fields): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const requests = new Map<string, Quantity>();
  const limits = new Map<string, Quantity>();
  let guaranteed = true;
  for (const container of [...itemsOf(spec['containers']), ...itemsOf(spec['initContainers'])]) {
    const resources = fieldsOf(container['resources']);
    for (const name of ['cpu', 'memory']) {
      const request = fieldsOf(resources['requests'])[name];
      const limit = fieldsOf(resources['limits'])[name];
      if (isSet(request) && quantityOf(request).nano > 0n) requests.set(name, addQuantities(requests.get(name), quantityOf(request)));
      if (isSet(limit) && quantityOf(limit).nano > 0n) limits.set(name, addQuantities(limits.get(name), quantityOf(limit)));
      else guaranteed = false;
    }
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  const equal = requests.size === limits.size && [...requests].every(([name, { nano }]) => limits.get(name)?.nano === nano);
  return guaranteed && equal ? 'Guaranteed' : 'Burstable';
}
