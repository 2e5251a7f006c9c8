import { errorMessage, type KubeObject } from '@sluice/core';
import type { Release } from '@sluice/helm';
import { mapParallel } from '../../apply/parallel.js';
import type { ActionContext } from './context.js';
import { foreign } from './objects.js';
import { keyOf } from './write.js';

/** Those of the objects that exist. Throws when one of them is of another release, or of none. */
export async function existingObjects(
  objects: readonly KubeObject[],
  release: Pick<Release, 'name' | 'namespace'>,
  takeOwnership: boolean,
  { cluster, concurrency, signal }: ActionContext,
): Promise<KubeObject[]> {
  const found = await mapParallel(objects, concurrency, async (object) => {
    try {
      return await cluster.get(keyOf(object), { as: 'metadata', signal });
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`could not get information about the resource ${describe(object)}: ${errorMessage(error)}`, { cause: error });
    }
  });
  return objects.filter((object, index) => {
    const existing = found[index];
    if (existing === undefined) return false;
    const fault = takeOwnership ? undefined : foreign(existing, release);
    if (fault !== undefined) throw new Error(`${describe(object)} exists and cannot be imported into the current release: ${fault}`);
    return true;
  });
}

function describe({ kind, metadata }: KubeObject): string {
  return `${kind} "${metadata.name ?? ''}" in namespace "${metadata.namespace ?? ''}"`;
}
