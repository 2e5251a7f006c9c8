import { errorMessage, isJsonObject, type Json, type JsonObject, type KubeObject } from '@sluice/core';
import { sortManifests, type Release } from '@sluice/helm';
import type { Cluster } from '@sluice/kube';
import { parseYamlDocuments } from '@sluice/yaml';
import type { ActionContext } from './context.js';

/** An object's kind is not served. */
export class UnknownKindError extends Error {}

/**
 * The objects of manifests, each with the namespace that it will be in. Throws, naming all of them, when there are objects
 * of kinds that the cluster does not serve.
 */
export async function manifestObjects(manifest: string, namespace: string, cluster: Cluster, signal: AbortSignal): Promise<KubeObject[]> {
  const objects: KubeObject[] = [];
  const faults: string[] = [];
  for (const { value } of parseYamlDocuments(manifest)) {
    for (const object of itemsOf(value)) {
      const { apiVersion, kind, metadata } = object;
      const resource = await cluster.resourceOf({ apiVersion, kind }, { signal });
      if (resource === undefined) {
        faults.push(
          `resource mapping not found for name: "${metadata.name ?? ''}" namespace: "${metadata.namespace ?? ''}" from "": no matches for kind "${kind}" in version "${apiVersion}"\nensure CRDs are installed first`,
        );
      } else if (resource.namespaced && (metadata.namespace ?? '') === '')
        objects.push({ ...object, metadata: { ...metadata, namespace } });
      else objects.push(object);
    }
  }
  if (faults.length > 0) throw new UnknownKindError(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
  return objects;
}

/** What a revision consists of, in the order of uninstalling; without what is to be kept, and what is of kinds that are not served any more. */
export async function servedObjects({ manifest, namespace }: Release, { cluster, signal, note }: ActionContext): Promise<KubeObject[]> {
  let documents: readonly { readonly content: string }[];
  try {
    documents = sortManifests(new Map([['manifest', manifest]]), 'uninstall', 4).manifests;
  } catch (error) {
    throw new Error(`corrupted release record. You must manually delete the resources: ${errorMessage(error)}`, { cause: error });
  }
  const objects: KubeObject[] = [];
  for (const object of documents.flatMap(({ content }) => parseYamlDocuments(content)).flatMap(({ value }) => itemsOf(value))) {
    if (isKept(object)) continue;
    const resource = await cluster.resourceOf(object, { signal });
    if (resource === undefined) note(`${object.kind} of ${object.apiVersion} is not served any more: nothing is there to delete`);
    else if (!resource.namespaced || (object.metadata.namespace ?? '') !== '') objects.push(object);
    else objects.push({ ...object, metadata: { ...object.metadata, namespace } });
  }
  return objects;
}

/** A document's object, or the objects of a list. */
export function itemsOf(value: Json): KubeObject[] {
  if (!isJsonObject(value)) return [];
  const { kind, items } = value;
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) return items.flatMap((item: Json) => itemsOf(item));
  return isKubeObject(value) ? [value] : [];
}

function isKubeObject(value: JsonObject): value is JsonObject & KubeObject {
  return typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && isJsonObject(value['metadata']);
}

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const RELEASE_NAME = 'meta.helm.sh/release-name';
const RELEASE_NAMESPACE = 'meta.helm.sh/release-namespace';

/** The object with what Helm writes on it, to know it by. */
export function owned(object: KubeObject, { name, namespace }: Pick<Release, 'name' | 'namespace'>): KubeObject {
  const { labels, annotations, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...labels, [MANAGED_BY]: 'Helm' },
      annotations: { ...annotations, [RELEASE_NAME]: name, [RELEASE_NAMESPACE]: namespace },
    },
  };
}

/** Why an object that exists is not one of the release; undefined when it is. */
export function foreign({ metadata }: KubeObject, { name, namespace }: Pick<Release, 'name' | 'namespace'>): string | undefined {
  const faults = [
    required('label', metadata.labels, MANAGED_BY, 'Helm'),
    required('annotation', metadata.annotations, RELEASE_NAME, name),
    required('annotation', metadata.annotations, RELEASE_NAMESPACE, namespace),
  ].flatMap((fault) => fault ?? []);
  return faults.length === 0 ? undefined : `invalid ownership metadata; ${faults.join('; ')}`;
}

function required(what: string, map: Readonly<Record<string, string>> | undefined, key: string, value: string): string | undefined {
  const actual = map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
  if (actual === undefined) return `${what} validation error: missing key "${key}": must be set to "${value}"`;
  return actual === value ? undefined : `${what} validation error: key "${key}" must equal "${value}": current value is "${actual}"`;
}

/** Objects that `helm.sh/resource-policy` protects stay when the release goes, or does not have them any more. */
export function isKept({ metadata }: Pick<KubeObject, 'metadata'>): boolean {
  return metadata.annotations?.['helm.sh/resource-policy']?.trim().toLowerCase() === 'keep';
}
