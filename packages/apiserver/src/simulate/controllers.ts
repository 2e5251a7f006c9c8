import { createCluster, type Fetch, type Timers } from '@sluice/kube';
import type { Resource } from '../registry/resource.js';
import type { ServerContext } from '../server/context.js';
import type { WriteListener } from '../store/store.js';
import { servedObject } from '../registry/served.js';
import { apiServiceAvailability } from './upkeep/api-services.js';
import { clusterRoleAggregation } from './upkeep/cluster-role-aggregation.js';
import { garbageCollector } from './upkeep/garbage-collector.js';
import { namespaceDeletion } from './upkeep/namespace-deletion.js';
import { resourceQuotas } from './upkeep/resource-quotas.js';
import { defaultServiceAccounts } from './upkeep/service-accounts.js';
import { storageProtection } from './upkeep/storage-protection.js';
import { simulation, type SimulationOptions } from './workloads/index.js';
import type { Change, Controller, World } from './world.js';

export interface ControllerOptions {
  readonly context: ServerContext;
  /** The server, as somebody who may do everything. */
  readonly fetch: Fetch;
  readonly timers: Timers;
  readonly onError?: (error: unknown) => void;
  /** Play workloads, too. */
  readonly simulation?: SimulationOptions;
}

export interface RunningControllers {
  stop(): void;
}

/** Starts the controllers of a cluster. They first hear of everything that is there. */
export function startControllers(options: ControllerOptions): RunningControllers {
  const { context, fetch, timers } = options;
  const world: World = {
    lookup: context.lookup,
    cluster: createCluster(fetch, { timers }),
    timers,
    resources: () => context.registry.all(),
    onError: options.onError ?? ((error) => process.emitWarning(error instanceof Error ? error : String(error))),
  };
  const controllers = [
    garbageCollector(world),
    namespaceDeletion(world),
    defaultServiceAccounts(world),
    clusterRoleAggregation(world),
    storageProtection(world),
    apiServiceAvailability(world),
    resourceQuotas(world),
    ...(options.simulation === undefined ? [] : simulation(world, options.simulation)),
  ];
  const everything = controllers.filter(({ tables }) => tables === undefined);
  const byTable = new Map<string, Controller[]>();
  for (const controller of controllers) {
    for (const table of controller.tables ?? []) byTable.set(table, [...(byTable.get(table) ?? []), controller]);
  }
  const resources = new Map<string, Resource>();
  let generation = -1;
  const listener: WriteListener = (table, before, after) => {
    const resource = resourceOf(table);
    if (resource === undefined) return;
    let [old, current]: [Change['before'], Change['after']] = [undefined, undefined];
    const stored = after ?? before;
    const change: Change = {
      resource,
      namespace: stored?.namespace ?? '',
      name: stored?.name ?? '',
      exists: after !== undefined,
      mentions: (text) => after?.text.includes(text) === true || before?.text.includes(text) === true,
      // Parsed only for those who look.
      get before() {
        return before === undefined ? undefined : (old ??= servedObject(before, resource));
      },
      get after() {
        return after === undefined ? undefined : (current ??= servedObject(after, resource));
      },
    };
    for (const controller of everything) controller.changed(change);
    for (const controller of byTable.get(table) ?? []) controller.changed(change);
  };
  const seen = new Set<string>();
  for (const { table } of context.registry.all()) {
    if (seen.has(table)) continue;
    seen.add(table);
    for (const stored of context.store.table(table).objects.list()) listener(table, undefined, stored);
  }
  context.store.writeListeners.add(listener);
  return {
    stop() {
      context.store.writeListeners.delete(listener);
      for (const controller of controllers) controller.stop();
    },
  };

  /** How a table's objects are served; of several versions, the one they are stored in. */
  function resourceOf(table: string): Resource | undefined {
    if (generation !== context.registry.generation) {
      generation = context.registry.generation;
      resources.clear();
      for (const resource of context.registry.all()) {
        if (!resources.has(resource.table) || resource.apiVersion === resource.storageVersion) resources.set(resource.table, resource);
      }
    }
    return resources.get(table);
  }
}
