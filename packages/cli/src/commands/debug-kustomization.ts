import type { Kustomization } from '@sluice/api';
import { loadVariables } from '@sluice/controllers';
import type { Invocation } from '../command-line/index.js';
import { debugged, historyText, statusText } from '../debug.js';
import { kustomization } from '../kinds/index.js';

const DOCUMENTATION = 'https://fluxcd.io/flux/components/kustomize/kustomizations';

/** `debug kustomization NAME --show-status|--show-vars|--show-history`. */
export async function run(invocation: Invocation): Promise<void> {
  await debugged(invocation, kustomization, ['show-status', 'show-vars', 'show-history'], async (object, shown, { cluster, signal }) => {
    if (shown === 'show-status') return statusText(object, `${DOCUMENTATION}/#kustomization-status`);
    if (shown === 'show-history') return historyText(object, `${DOCUMENTATION}/#history`);
    const { spec } = object as Kustomization;
    if (spec.postBuild === undefined) throw new Error('no post build substitutions found');
    const variables = await loadVariables(object as Kustomization, cluster, signal);
    const sorted = [...variables].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return sorted.map(([name, value]) => `${name}=${value}\n`).join('');
  });
}
