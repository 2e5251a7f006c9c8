import { isJsonObject, type KubeObject } from '@sluice/core';
import { keyOf, type EventBus, type MetricsRegistry, type ObjectCache } from '@sluice/runtime';
import { resourceLabels } from './resource-info.js';

/** Shows objects as they are, whether or not anything is done with them: what Flux needs kube-state-metrics for. */
export interface ResourceMetrics {
  /** Shows the objects of a kind from now on. */
  follow(kind: string, objects: ObjectCache): void;
}

/** The kinds that own objects of the cluster, with the event by which drift is told first: a HelmRelease tells that it was found, and then that it was corrected. */
const DRIFT: Readonly<Record<string, string>> = { Kustomization: 'DriftCorrected', HelmRelease: 'DriftDetected' };

export function createResourceMetrics(registry: MetricsRegistry, events: EventBus): ResourceMetrics {
  const labels = ['kind', 'name', 'namespace'];
  const info = registry.info('gotk_resource_info', 'The current state of a GitOps Toolkit resource.');
  const inventory = registry.gauge('gotk_resource_inventory', 'How many objects a GitOps Toolkit resource manages.', labels);
  const drift = registry.counter(
    'gotk_resource_drift_total',
    'How often objects of a GitOps Toolkit resource were found changed by others.',
    labels,
  );
  events.subscribe(({ reason, involvedObject: { kind, name, namespace } }) => {
    if (reason === DRIFT[kind]) drift.increment({ kind, name, namespace });
  });
  return {
    follow(kind, objects) {
      const show = (object: KubeObject): void => {
        info.set(idOf(kind, object), resourceLabels(object));
        if (!Object.hasOwn(DRIFT, kind)) return;
        const of = { kind, name: object.metadata.name ?? '', namespace: object.metadata.namespace ?? '' };
        inventory.set(of, inventorySize(object));
        // From zero, so that the first one is an increase.
        drift.increment(of, 0);
      };
      objects.subscribe({
        added: show,
        modified: show,
        deleted(object) {
          const { name = '', namespace = '' } = object.metadata;
          info.remove(idOf(kind, object));
          inventory.remove({ kind, name, namespace });
          drift.remove({ kind, name, namespace });
        },
      });
    },
  };
}

const idOf = (kind: string, object: KubeObject): string => `${kind}/${keyOf(object)}`;

function inventorySize(object: KubeObject): number {
  const status = object['status'];
  const inventory = isJsonObject(status) ? status['inventory'] : undefined;
  const entries = isJsonObject(inventory) ? inventory['entries'] : undefined;
  return Array.isArray(entries) ? entries.length : 0;
}
