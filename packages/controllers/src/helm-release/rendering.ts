import { errorMessage } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import { postRender, type Capabilities, type Chart, type PostRenderer, type Renderer, type Rendering, type Values } from '@sluice/helm';
import type { Cluster } from '@sluice/kube';
import { clusterLookup } from './cluster-view.js';
import { postRendererOf } from './post-render.js';
import { releaseName, releaseNamespace } from './spec.js';

export interface RenderWorld {
  readonly renderer: Renderer;
  readonly capabilities: () => Promise<Capabilities>;
  /** What templates may look up, as whom the HelmRelease acts. */
  readonly cluster: Cluster;
  readonly helm3: boolean;
  readonly signal: AbortSignal;
}

/** Renders the chart of a HelmRelease, and changes what comes out of it as the spec says. */
export async function renderRelease(
  object: HelmRelease,
  chart: Chart,
  values: Values,
  { revision, isUpgrade }: { readonly revision: number; readonly isUpgrade: boolean },
  { renderer, capabilities, cluster, helm3, signal }: RenderWorld,
): Promise<Rendering> {
  const { install, upgrade, postRenderStrategy } = object.spec;
  const options = isUpgrade ? upgrade : install;
  const rendering = await renderer.render(
    chart,
    values,
    { name: releaseName(object), namespace: releaseNamespace(object), revision, isUpgrade },
    {
      capabilities: await capabilities(),
      lookup: clusterLookup(cluster, signal),
      skipSchemaValidation: options?.disableSchemaValidation === true,
      signal,
    },
  );
  const strategy = postRenderStrategy ?? (helm3 ? 'nohooks' : 'combined');
  return postRender(rendering, { run: explained(postRendererOf(object), strategy), strategy });
}

/** The same, whose faults say where they come from, and what helps. */
function explained(run: PostRenderer['run'], strategy: string): PostRenderer['run'] {
  if (typeof run === 'function') return (manifests) => explain(() => run(manifests));
  return { documents: (documents) => explain(() => run.documents(documents)) };

  function explain<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const message = errorMessage(error);
      const help =
        strategy === 'combined' && message.includes('already registered id')
          ? `; where a hook has the name of another object, set spec.postRenderStrategy to 'nohooks' or 'separate'`
          : '';
      throw new Error(`error while running post render on files: ${message}${help}`, { cause: error });
    }
  }
}
