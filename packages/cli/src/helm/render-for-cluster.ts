import { clusterCapabilities, clusterLookup } from '@sluice/controllers';
import { createRenderer, postRender, type Capabilities, type ReleaseOptions, type Rendering } from '@sluice/helm';
import type { Cluster } from '@sluice/kube';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { connect } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import type { ChartRendering, CommonOptions } from './render-chart.js';

/** Renders in a worker, so that `lookup` can wait for the cluster; and checks that the cluster knows the kinds. */
export async function renderForCluster(
  { chart, values, helm, postRenderer }: ChartRendering,
  release: ReleaseOptions,
  options: CommonOptions,
  invocation: Invocation,
): Promise<Rendering> {
  const { flags } = invocation;
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  const renderer = createRenderer({ timeout: flags.number('timeout') });
  try {
    const rendered = await renderer.render(chart, values, release, {
      ...options,
      capabilities: withGiven(await clusterCapabilities(cluster, signal), options.capabilities, flags),
      lookup: clusterLookup(cluster, signal),
      signal,
    });
    const rendering = postRenderer === undefined ? rendered : postRender(rendered, postRenderer, helm);
    await checkKinds(rendering, cluster, signal);
    return rendering;
  } finally {
    await renderer.close();
    await close();
  }
}

/** All objects must be of kinds that the cluster serves, or that the chart brings. */
async function checkKinds({ manifests }: Rendering, cluster: Cluster, signal: AbortSignal): Promise<void> {
  for (const { apiVersion, kind, name } of manifests) {
    if ((await cluster.resourceOf({ apiVersion, kind }, { signal })) !== undefined) continue;
    throw new Error(
      `unable to build kubernetes objects from release manifest: resource mapping not found for name: "${name}" namespace: "" from "": no matches for kind "${kind}" in version "${apiVersion}"\nensure CRDs are installed first`,
    );
  }
}

function withGiven(found: Capabilities, given: Capabilities, flags: FlagValues): Capabilities {
  return {
    kubeVersion: flags.string('kube-version') === '' ? found.kubeVersion : given.kubeVersion,
    apiVersions: [...found.apiVersions, ...flags.list('api-versions')],
  };
}
