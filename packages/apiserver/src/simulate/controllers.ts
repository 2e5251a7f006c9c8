import { createCluster, type Fetch, type Timers } from '@sluice/kube';
import type { ServerContext, WriteListener } from '../server/context.js';
import { servedObject } from '../registry/served.js';
import { clusterRoleAggregation } from './upkeep/cluster-role-aggregation.js';
import { garbageCollector } from './upkeep/garbage-collector.js';
import { namespaceDeletion } from './upkeep/namespace-deletion.js';
import { defaultServiceAccounts } from './upkeep/service-accounts.js';
import { storageProtection } from './upkeep/storage-protection.js';
import type { Change, Controller, World } from './world.js';

export interface ControllerOptions {
  readonly context: ServerContext;
  /** The server, as somebody who may do everything. */
  readonly fetch: Fetch;
  readonly timers: Timers;
  readonly onError?: (error: unknown) => void;
}

export interface RunningControllers {
  stop(): void;
}

/** Starts the controllers that are part of any cluster. They first hear of everything that is there. */
export function startControllers(options: ControllerOptions, more: (world: World) => readonly Controller[] = () => []): RunningControllers {
  const { context, fetch, timers } = options;
  const world: World = {
    lookup: context.lookup,
    cluster: createCluster(fetch),
    timers,
    resources: () => context.registry.all(),
    onError: options.onError ?? (() => {}),
  };
  const controllers = [
    garbageCollector(world),
    namespaceDeletion(world),
    defaultServiceAccounts(world),
    clusterRoleAggregation(world),
    storageProtection(world),
    ...more(world),
  ];
  const everything = controllers.filter(({ tables }) => tables === undefined);
  const byTable = new Map<string, Controller[]>();
  for (const controller of controllers) {
    for (const table of controller.tables ?? []) byTable.set(table, [...(byTable.get(table) ?? []), controller]);
  }
  const tell = (table: string, change: Change): void => {
    for (const controller of everything) controller.changed(change);
    for (const controller of byTable.get(table) ?? []) controller.changed(change);
  };
  const listener: WriteListener = (resource, before, after) => {
    let [old, current]: [Change['before'], Change['after']] = [undefined, undefined];
    // Parsed only for those who look.
    const stored = after ?? before;
    tell(resource.table, {
      resource,
      namespace: stored?.namespace ?? '',
      name: stored?.name ?? '',
      exists: after !== undefined,
      mentions: (text) => after?.text.includes(text) === true || before?.text.includes(text) === true,
      get before() {
        return before === undefined ? undefined : (old ??= servedObject(before, resource));
      },
      get after() {
        return after === undefined ? undefined : (current ??= servedObject(after, resource));
      },
    });
  };
  const seen = new Set<string>();
  for (const resource of context.registry.all()) {
    if (seen.has(resource.table)) continue;
    seen.add(resource.table);
    for (const stored of [...context.store.table(resource.table).objects.list()]) listener(resource, undefined, stored);
  }
  context.writeListeners.add(listener);
  return {
    stop() {
      context.writeListeners.delete(listener);
      for (const controller of controllers) controller.stop();
    },
  };
}
