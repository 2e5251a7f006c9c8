import { isJsonObject, type Json, type KubeObject } from '@sluice/core';
import { isConflict, isNotFound, type Cluster } from '@sluice/kube';
import { FIELD_MANAGER } from '../install/apply-objects.js';
import { PART_OF } from '../install/labels.js';
import { field } from '../kinds/index.js';

const CRD = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
const ATTEMPTS = 5;

/** Stores every custom resource of Flux in the version that its definition stores today, and forgets the older versions. */
export async function migrateCluster(cluster: Cluster, told: (message: string) => void, signal: AbortSignal): Promise<void> {
  const { items } = await cluster.list(CRD, { labelSelector: PART_OF, signal });
  for (const definition of items) {
    const name = definition.metadata.name ?? '';
    const versions = field(definition, 'spec', 'versions');
    const stored = (Array.isArray(versions) ? versions : []).find((version) => field(version, 'storage') === true);
    const version = field(stored, 'name');
    if (typeof version !== 'string') throw new Error(`no storage version found for CRD ${name}`);
    await migrateObjects(cluster, definition, version, told, signal);
    const storedVersions = field(definition, 'status', 'storedVersions');
    if (Array.isArray(storedVersions) && storedVersions.length === 1 && storedVersions[0] === version) continue;
    const patch: Json = { status: { storedVersions: [version] } };
    await cluster.patch({ ...CRD, name }, 'merge', patch, { subresource: 'status', fieldManager: FIELD_MANAGER, signal });
    told(`${name} migrated to storage version ${version}`);
  }
}

async function migrateObjects(
  cluster: Cluster,
  definition: KubeObject,
  version: string,
  told: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const apiVersion = `${String(field(definition, 'spec', 'group'))}/${version}`;
  const kind = String(field(definition, 'spec', 'names', 'kind'));
  const { items } = await cluster.list({ apiVersion, kind }, { signal, as: 'metadata' });
  for (const { metadata } of items) {
    const { name = '', namespace = '' } = metadata;
    await migrateObject(cluster, { apiVersion, kind, namespace, name }, signal);
    told(`${kind}/${namespace}/${name} migrated to version ${version}`);
  }
}

/**
 * Writes an object as it is, which stores it anew. Field managers that own fields of an older version are moved to the new one:
 * otherwise the older version could never be left out of the definition.
 */
async function migrateObject(
  cluster: Cluster,
  key: { apiVersion: string; kind: string; namespace: string; name: string },
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const object = await cluster.get(key, { signal });
    if (object === undefined) return;
    const { managedFields = [], resourceVersion } = object.metadata;
    const moved = managedFields.map((entry) => ({ ...entry, apiVersion: key.apiVersion }));
    const isOlder = managedFields.some((entry) => isJsonObject(entry) && entry['apiVersion'] !== key.apiVersion);
    const metadata = { resourceVersion: resourceVersion ?? '', managedFields: moved } as unknown as Json;
    try {
      await cluster.patch(key, 'merge', isOlder ? { metadata } : {}, { signal });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
    }
  }
}
