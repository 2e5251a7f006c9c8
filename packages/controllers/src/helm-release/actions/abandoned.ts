import type { KubeObject } from '@sluice/core';
import type { Release } from '@sluice/helm';
import { mapParallel } from '../../apply/parallel.js';
import type { ActionContext } from './context.js';
import { foreign, isKept, servedObjects } from './objects.js';
import { idOf, keyOf } from './write.js';

/**
 * What is left of revisions whose actions did not end well: objects that are still the release's, are not among those that
 * are taken care of, and may be deleted.
 */
export async function abandonedObjects(
  revisions: readonly Release[],
  known: readonly KubeObject[],
  context: ActionContext,
): Promise<KubeObject[]> {
  const seen = new Set(known.map(idOf));
  const candidates: { readonly object: KubeObject; readonly revision: Release }[] = [];
  for (const revision of revisions) {
    for (const object of await servedObjects(revision, context)) {
      if (seen.has(idOf(object))) continue;
      seen.add(idOf(object));
      candidates.push({ object, revision });
    }
  }
  const { cluster, concurrency, signal } = context;
  const found = await mapParallel(candidates, concurrency, async ({ object, revision }) => {
    const existing = await cluster.get(keyOf(object), { as: 'metadata', signal });
    return existing !== undefined && foreign(existing, revision) === undefined && !isKept(existing);
  });
  return candidates.filter((_, index) => found[index]).map(({ object }) => object);
}
