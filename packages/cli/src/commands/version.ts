import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { field } from '../kinds/index.js';
import { printStructured } from '../output.js';
import { FLUX_VERSION } from '../versions.js';

/** `version`: of this program, and of the controllers in the cluster. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const versions: Record<string, string> = {};
  if (!flags.bool('client')) {
    const { cluster, close } = await connect(invocation);
    try {
      const namespace = selectedNamespace(flags);
      const { items } = await cluster.list(
        { apiVersion: 'apps/v1', kind: 'Deployment', namespace },
        { labelSelector: 'app.kubernetes.io/part-of=flux', timeoutMs: flags.number('timeout') },
      );
      if (items.length === 0) throw new Error(`no deployments found in ${namespace} namespace`);
      const [first] = items;
      versions['distribution'] = first?.metadata.labels?.['app.kubernetes.io/version'] ?? 'unknown';
      for (const deployment of items) {
        const containers = field(deployment, 'spec', 'template', 'spec', 'containers');
        for (const container of Array.isArray(containers) ? containers : []) {
          const image = field(container, 'image');
          const [name, tag] = typeof image === 'string' ? (image.split('/').at(-1)?.split(':') ?? []) : [];
          // The image of all our controllers is one.
          const shown = name === 'sluice' ? deployment.metadata.name : name;
          if (shown !== undefined && tag !== undefined) versions[shown] = tag.split('@')[0] ?? tag;
        }
      }
    } finally {
      await close();
    }
  }
  printStructured(terminal, flags.string('output'), { flux: `v${FLUX_VERSION}`, ...versions });
}
