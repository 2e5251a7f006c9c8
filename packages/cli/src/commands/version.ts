import { printYaml } from '@sluice/yaml';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { clusterInfo } from '../install/cluster-info.js';
import { PART_OF } from '../install/labels.js';
import { field } from '../kinds/index.js';
import { FLUX_VERSION } from '../versions.js';

/** `version`: of this program, and of the controllers in the cluster. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const format = flags.string('output');
  if (format !== 'json' && format !== 'yaml') throw new Error(`--output must be json or yaml, not ${format}`);
  let distribution: string | undefined;
  const controllers: Record<string, string> = {};
  if (!flags.bool('client')) {
    const signal = deadlineOf(invocation);
    const { cluster, close } = await connect(invocation);
    try {
      const namespace = selectedNamespace(flags);
      const info = await clusterInfo(cluster, signal);
      const { items } = await cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace }, { labelSelector: PART_OF, signal });
      if (items.length === 0) throw new Error(`no deployments found in ${namespace} namespace`);
      if (info !== undefined && info.distribution !== '') distribution = info.distribution;
      for (const deployment of items) {
        const containers = field(deployment, 'spec', 'template', 'spec', 'containers');
        for (const container of Array.isArray(containers) ? containers : []) {
          const [name, tag] = nameAndTag(String(field(container, 'image')));
          // The image of all our controllers is one.
          controllers[name === 'sluice' ? (deployment.metadata.name ?? name) : name] = tag;
        }
      }
    } finally {
      await close();
    }
  }
  const own = { flux: `v${FLUX_VERSION}`, ...(distribution === undefined ? {} : { distribution }) };
  if (format === 'json') terminal.out(`${JSON.stringify(sorted({ ...own, ...controllers }), undefined, 2)}\n`);
  // What this program is comes first.
  else
    terminal.out(
      Object.entries({ ...own, ...sorted(controllers) })
        .map(([name, version]) => printYaml({ [name]: version }))
        .join(''),
    );
}

/** Of `registry/path/name:tag@digest` the name, and what follows it. */
function nameAndTag(image: string): [name: string, tag: string] {
  const last = image.split('/').at(-1) ?? '';
  const colon = last.indexOf(':');
  if (colon < 0) throw new Error(`missing image tag in image ${image}`);
  return [last.slice(0, colon), last.slice(colon + 1)];
}

function sorted(versions: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(versions).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
