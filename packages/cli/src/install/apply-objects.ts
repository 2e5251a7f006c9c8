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
  await refuseUnknown(cluster, objects, signal);
  const first = objects.filter(({ kind }) => FIRST.has(kind));
  for (const object of first) await applyObject(cluster, object, signal, told);
  for (const object of first) if (object.kind === 'CustomResourceDefinition') await untilServed(cluster, object, signal);
  for (const object of objects) if (!FIRST.has(object.kind)) await applyObject(cluster, object, signal, told);
}

/** Before the first object is written: of what nobody has defined, and the objects don't define themselves, there would be half. */
async function refuseUnknown(cluster: Cluster, objects: readonly KubeObject[], signal: AbortSignal): Promise<void> {
  const defined = new Set(objects.map(definedKind));
  for (const object of objects) {
    const { apiVersion, kind } = object;
    if (!defined.has(`${groupOf(apiVersion)}/${kind}`) && (await cluster.resourceOf({ apiVersion, kind }, { signal })) === undefined)
      throw new Error(unknownKind(object));
  }
}

/** `Deployment/flux-system/source-controller`. */
function idOf({ kind, metadata }: KubeObject): string {
  return [kind, ...(metadata.namespace === undefined ? [] : [metadata.namespace]), metadata.name ?? ''].join('/');
}

/** `group/Kind` of a definition. */
function definedKind(object: KubeObject): string | undefined {
  const spec = object['spec'];
  if (object.kind !== 'CustomResourceDefinition' || !isJsonObject(spec) || !isJsonObject(spec['names'])) return undefined;
  return `${String(spec['group'])}/${String(spec['names']['kind'])}`;
}

function unknownKind({ apiVersion, kind, metadata }: KubeObject): string {
  return `${idOf({ apiVersion, kind, metadata })} can't be applied: the cluster knows no ${kind} of ${groupOf(apiVersion)}; is its definition installed?`;
}

async function applyObject(cluster: Cluster, object: KubeObject, signal: AbortSignal, told: Told): Promise<void> {
  const { apiVersion, kind, metadata } = object;
  const { name = '', namespace } = metadata;
  const key = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
  signal.throwIfAborted();
  const id = idOf(object);
  try {
    const before = await cluster.get(key, { signal, as: 'metadata' });
    const after = await cluster.apply(object, { fieldManager: FIELD_MANAGER, force: true, signal });
    const isSame = before?.metadata.resourceVersion === after.metadata.resourceVersion;
    told(id, before === undefined ? 'created' : isSame ? 'unchanged' : 'configured');
  } catch (error) {
    if (signal.aborted) throw error;
    if (isKindUnknown(error)) throw new Error(unknownKind(object), { cause: error });
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
