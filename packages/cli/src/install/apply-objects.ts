import { groupOf, isJsonObject, type KubeObject } from '@sluice/core';
import { isKindUnknown, waitFor, type Cluster } from '@sluice/kube';

/** The field manager of what is installed: Flux's, so that either takes over from the other. */
export const FIELD_MANAGER = 'flux';

/** What other objects need before they can be there. */
const FIRST: ReadonlySet<string> = new Set(['Namespace', 'CustomResourceDefinition']);

/** Called with each object that was applied: `Deployment/flux-system/source-controller`. */
type Told = (id: string, change: 'created' | 'configured' | 'unchanged') => void;

/** Applies objects: namespaces and definitions first, until they are served, then all others in their order. */
export async function applyObjects(
  cluster: Cluster,
  objects: readonly KubeObject[],
  signal: AbortSignal,
  told: Told = () => undefined,
): Promise<void> {
  const first = objects.filter(({ kind }) => FIRST.has(kind));
  for (const object of first) await applyObject(cluster, object, signal, told);
  for (const object of first) if (object.kind === 'CustomResourceDefinition') await untilServed(cluster, object, signal);
  for (const object of objects) if (!FIRST.has(object.kind)) await applyObject(cluster, object, signal, told);
}

async function applyObject(cluster: Cluster, object: KubeObject, signal: AbortSignal, told: Told): Promise<void> {
  const { apiVersion, kind, metadata } = object;
  const { name = '', namespace } = metadata;
  const key = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
  signal.throwIfAborted();
  const id = [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');
  try {
    const before = await cluster.get(key, { signal, as: 'metadata' });
    const after = await cluster.apply(object, { fieldManager: FIELD_MANAGER, force: true, signal });
    const isSame = before?.metadata.resourceVersion === after.metadata.resourceVersion;
    told(id, before === undefined ? 'created' : isSame ? 'unchanged' : 'configured');
  } catch (error) {
    if (signal.aborted) throw error;
    if (isKindUnknown(error))
      throw new Error(`${id} can't be applied: the cluster knows no ${kind} of ${groupOf(apiVersion)}; is its definition installed?`, {
        cause: error,
      });
    throw new Error(`${id} can't be applied: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** A definition is served a moment after it was accepted; objects of its kind are refused until then. */
async function untilServed(cluster: Cluster, { apiVersion, kind, metadata }: KubeObject, signal: AbortSignal): Promise<void> {
  await waitFor(cluster, { apiVersion, kind, name: metadata.name ?? '' }, isEstablished, { signal });
}

function isEstablished(definition: KubeObject | undefined): boolean {
  const status = definition === undefined ? undefined : (definition as { status?: unknown }).status;
  const conditions = isJsonObject(status) ? status['conditions'] : undefined;
  const has = (type: string, value: string): boolean =>
    Array.isArray(conditions) && conditions.some((each) => isJsonObject(each) && each['type'] === type && each['status'] === value);
  if (has('NamesAccepted', 'False')) throw new Error(`${definition?.metadata.name ?? ''}: another definition has these names already`);
  return has('Established', 'True');
}
