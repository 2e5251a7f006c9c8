import type { KubeObject } from '@sluice/core';
import type { Cluster, KindKey } from '@sluice/kube';

/**
 * Waits until an object satisfies a condition, by watching it; what `done` throws ends the wait. Throws `context deadline
 * exceeded` when the signal's time is over, as people's scripts know it.
 */
export async function waitForObject(
  cluster: Cluster,
  { name, ...kind }: KindKey & { readonly name: string },
  done: (object: KubeObject) => boolean,
  signal: AbortSignal,
): Promise<KubeObject> {
  const selector = { fieldSelector: `metadata.name=${name}`, signal };
  try {
    for (;;) {
      const { items, resourceVersion } = await cluster.list(kind, selector);
      const [object] = items;
      if (object === undefined) throw new Error(`${kind.kind} ${name} was deleted`);
      if (done(object)) return object;
      const changed = await nextState(cluster, kind, { ...selector, resourceVersion }, done);
      if (changed !== undefined) return changed;
    }
  } catch (error) {
    throw signal.aborted ? new Error('context deadline exceeded', { cause: error }) : error;
  }
}

/** Follows one watch; undefined when it ended before the condition held, or the object went away. */
async function nextState(
  cluster: Cluster,
  kind: KindKey,
  options: { readonly fieldSelector: string; readonly resourceVersion: string; readonly signal: AbortSignal },
  done: (object: KubeObject) => boolean,
): Promise<KubeObject | undefined> {
  for await (const event of cluster.watch(kind, options)) {
    if (event.type === 'DELETED') return undefined;
    if (event.type !== 'BOOKMARK' && done(event.object)) return event.object;
  }
  return undefined;
}
