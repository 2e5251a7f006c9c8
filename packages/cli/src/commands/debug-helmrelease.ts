import type { HelmRelease } from '@sluice/api';
import { composeValues } from '@sluice/controllers';
import { isJsonObject, type Json, type KubeObject } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import type { Invocation } from '../command-line/index.js';
import { debugged, historyText, statusText } from '../debug.js';
import { field, helmRelease } from '../kinds/index.js';

const DOCUMENTATION = 'https://fluxcd.io/flux/components/helm/helmreleases';

/** `debug helmrelease NAME --show-status|--show-values|--show-history`. */
export async function run(invocation: Invocation): Promise<void> {
  await debugged(invocation, helmRelease, ['show-status', 'show-values', 'show-history'], async (object, shown, { cluster, signal }) => {
    if (shown === 'show-status') return statusText(withHistory(object), `${DOCUMENTATION}/#helmrelease-status`);
    if (shown === 'show-history') return historyText(object, `${DOCUMENTATION}/#history`, withDeleted);
    const { namespace = '' } = object.metadata;
    return printYaml(
      await composeValues(object as HelmRelease, (kind, name) => cluster.get({ apiVersion: 'v1', kind, namespace, name }, { signal })),
    );
  });
}

function withHistory(object: KubeObject): KubeObject {
  const status = field(object, 'status');
  const history = field(status, 'history');
  if (!isJsonObject(status) || !Array.isArray(history)) return object;
  return { ...object, status: { ...status, history: history.map(withDeleted) } };
}

/** A release that is there has `deleted: null`, as Flux prints it. */
function withDeleted(entry: Json): Json {
  return isJsonObject(entry) ? { deleted: null, ...entry } : entry;
}
