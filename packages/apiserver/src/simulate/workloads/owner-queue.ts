import type { WorkQueue } from '../work-queue.js';
import type { Controller } from '../world.js';
import { controllerOf } from './stage.js';

/** Brings a workload up when it changes, and when a pod of it, or another object it owns, does. */
export function ownerQueue(queue: WorkQueue, table: string, kind: string, ownedTable = '/pods'): Controller {
  return {
    tables: [table, ownedTable],
    changed(change) {
      if (change.resource.table === table) {
        if (change.exists) queue.add(`${change.namespace}/${change.name}`);
      } else if (change.mentions(`"kind":"${kind}"`)) {
        for (const object of [change.before, change.after]) {
          const owner = controllerOf(object);
          if (owner?.kind === kind) queue.add(`${change.namespace}/${owner.name}`);
        }
      }
    },
    stop: () => queue.stop(),
  };
}
