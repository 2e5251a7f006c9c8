import { FLUX_VERSION } from '../versions.js';

/** What says that an object belongs to an installation, whose soever. */
export const PART_OF = 'app.kubernetes.io/part-of=flux';

/** The labels by which other tools, and `uninstall`, know what belongs to an installation. */
export function installationLabels({ namespace }: { readonly namespace: string }): Record<string, string> {
  return {
    'app.kubernetes.io/instance': namespace,
    'app.kubernetes.io/part-of': 'flux',
    'app.kubernetes.io/version': `v${FLUX_VERSION}`,
  };
}
