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
  type ReleaseOptions,
  type Rendering,
  type RenderOptions,
  type Values,
} from '@sluice/helm';
import type { FlagValues, Invocation } from '../command-line/index.js';

export interface ChartRendering {
  readonly chart: Chart;
  readonly values: Values;
  readonly name: string;
  readonly helm: HelmVersion;
  readonly postRenderer: PostRenderer | undefined;
}

/** What is the same with a cluster and without. */
export type CommonOptions = Required<Pick<RenderOptions, 'helm' | 'skipSchemaValidation' | 'capabilities'>>;

/** Renders a chart as the flags of `helm template` say: for no cluster, or for the one that is connected to. */
export async function renderChart(wanted: ChartRendering, invocation: Invocation): Promise<Rendering> {
  const { flags } = invocation;
  if (flags.bool('validate') && flags.changed('dry-run')) {
    throw new Error('if any flags in the group [validate dry-run] are set none of the others can be; [dry-run validate] were all set');
  }
  const isAsked = flags.bool('validate') || ['server', 'none', 'false'].includes(flags.string('dry-run'));
  const release = { name: wanted.name, namespace: flags.string('namespace'), isUpgrade: flags.bool('is-upgrade') };
  const options = {
    helm: wanted.helm,
    skipSchemaValidation: flags.bool('skip-schema-validation'),
    capabilities: givenCapabilities(flags, wanted.helm),
  };
  if (!isAsked) return renderForNone(wanted, release, options, flags.number('timeout'));
  const { renderForCluster } = await import('./render-for-cluster.js');
  return renderForCluster(wanted, release, options, invocation);
}

/**
 * In this process, which the deadline of the execution stops, or Ctrl-C: to start a worker takes as long as to render most
 * charts. What Helm allows to nest, a thousand includes, may need the larger stack of one; then it starts over there.
 */
async function renderForNone(
  { chart, values, helm, postRenderer }: ChartRendering,
  release: ReleaseOptions,
  options: CommonOptions,
  timeout: number,
): Promise<Rendering> {
  const deadline = Date.now() + timeout;
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

function givenCapabilities(flags: FlagValues, helm: HelmVersion): Capabilities {
  const version = flags.string('kube-version');
  try {
    return capabilities(helm, version === '' ? undefined : version, flags.list('api-versions'));
  } catch (error) {
    throw new Error(`invalid kube version '${version}': ${(error as Error).message}`, { cause: error });
  }
}
