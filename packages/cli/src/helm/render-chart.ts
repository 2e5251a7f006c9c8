import { clusterCapabilities, clusterLookup } from '@sluice/controllers';
import { SluiceError } from '@sluice/core';
import {
  capabilities,
  createRenderer,
  postRender,
  render,
  type Capabilities,
  type Chart,
  type HelmVersion,
  type PostRenderer,
  type Rendering,
  type RenderOptions,
  type Values,
} from '@sluice/helm';
import type { Cluster } from '@sluice/kube';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { connect } from '../connection.js';
import { deadlineOf } from '../deadline.js';

export interface ChartRendering {
  readonly chart: Chart;
  readonly values: Values;
  readonly name: string;
  readonly helm: HelmVersion;
  readonly postRenderer: PostRenderer | undefined;
}

/** Renders a chart as the flags of `helm template` say: for no cluster, or for the one that is connected to. */
export async function renderChart(wanted: ChartRendering, invocation: Invocation): Promise<Rendering> {
  const { flags } = invocation;
  if (flags.bool('validate') && flags.changed('dry-run')) {
    throw new Error('if any flags in the group [validate dry-run] are set none of the others can be; [dry-run validate] were all set');
  }
  const isAsked = flags.bool('validate') || ['server', 'none', 'false'].includes(flags.string('dry-run'));
  return isAsked ? renderForCluster(wanted, invocation) : renderForNone(wanted, flags);
}

/**
 * In this process, which the deadline of the execution stops, or Ctrl-C: to start a worker takes as long as to render most
 * charts. What Helm allows to nest, a thousand includes, may need the larger stack of one; then it starts over there.
 */
async function renderForNone(wanted: ChartRendering, flags: FlagValues): Promise<Rendering> {
  const { chart, values, name, helm, postRenderer } = wanted;
  const timeout = flags.number('timeout');
  const deadline = Date.now() + timeout;
  const release = releaseOf(name, flags);
  const options = { helm, skipSchemaValidation: flags.bool('skip-schema-validation'), capabilities: givenCapabilities(flags, helm) };
  try {
    return render(chart, values, release, {
      ...options,
      ...(postRenderer !== undefined && { postRenderer }),
      limits: { isOver: () => Date.now() > deadline },
    });
  } catch (error) {
    if (!isOutOfStack(error)) throw error;
  }
  const renderer = createRenderer({ timeout });
  try {
    const rendered = await renderer.render(chart, values, release, options);
    return postRenderer === undefined ? rendered : postRender(rendered, postRenderer, helm);
  } finally {
    await renderer.close();
  }
}

function isOutOfStack(error: unknown): boolean {
  return error instanceof SluiceError && error.reason === 'TemplateOverLimit' && error.cause instanceof RangeError;
}

async function renderForCluster({ chart, values, name, helm, postRenderer }: ChartRendering, invocation: Invocation): Promise<Rendering> {
  const { flags } = invocation;
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  const renderer = createRenderer({ timeout: flags.number('timeout') });
  try {
    const rendered = await renderer.render(chart, values, releaseOf(name, flags), {
      ...optionsOf(flags, helm),
      capabilities: withGiven(await clusterCapabilities(cluster, signal), flags, helm),
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

function releaseOf(name: string, flags: FlagValues): { name: string; namespace: string; isUpgrade: boolean } {
  return { name, namespace: flags.string('namespace'), isUpgrade: flags.bool('is-upgrade') };
}

function optionsOf(flags: FlagValues, helm: HelmVersion): RenderOptions {
  return { helm, skipSchemaValidation: flags.bool('skip-schema-validation') };
}

function givenCapabilities(flags: FlagValues, helm: HelmVersion): Capabilities {
  const version = flags.string('kube-version');
  try {
    return capabilities(helm, version === '' ? undefined : version, flags.list('api-versions'));
  } catch (error) {
    throw new Error(`invalid kube version '${version}': ${(error as Error).message}`, { cause: error });
  }
}

function withGiven(found: Capabilities, flags: FlagValues, helm: HelmVersion): Capabilities {
  const given = givenCapabilities(flags, helm);
  return {
    kubeVersion: flags.string('kube-version') === '' ? found.kubeVersion : given.kubeVersion,
    apiVersions: [...found.apiVersions, ...flags.list('api-versions')],
  };
}
