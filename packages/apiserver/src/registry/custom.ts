import { deepEqual, type KubeObject } from '@sluice/core';
import { definitionSpec, type DefinitionNames } from './definition.js';
import { customSelectableFields } from './selectable-fields.js';
import { customAsStored, customInVersion } from './types.js';
import { apiVersionOf, defineResource, type CustomResourceVersion, type Resource, type SubresourceInfo } from './resource.js';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

/** What a definition serves: one resource a served version, under the names that were accepted. */
export function customResources(definition: KubeObject, schemaRevision: number): Resource[] {
  const spec = definitionSpec(definition);
  const { group, scope, versions } = spec;
  const names = (definition['status'] as { acceptedNames: DefinitionNames }).acceptedNames;
  const storage = versions.find((version) => version.storage) ?? versions[0]!;
  const uniformSchema = versions.every((version) => deepEqual(version.schema, storage.schema));
  return versions
    .filter(({ served }) => served)
    .sort((a, b) => compareVersions(a.name, b.name))
    .map((version) =>
      defineResource({
        group,
        version: version.name,
        kind: names.kind,
        listKind: names.listKind ?? `${names.kind}List`,
        resource: names.plural,
        singular: names.singular ?? names.kind.toLowerCase(),
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        namespaced: scope === 'Namespaced',
        verbs: VERBS,
        subresources: customSubresources(names.kind, version),
        table: `${group}/${names.plural}`,
        storageVersion: apiVersionOf(group, storage.name),
        hashedVersion: apiVersionOf(group, storage.name),
        ...customSelectableFields(version.selectableFields?.map(({ jsonPath }) => jsonPath) ?? []),
        custom: { definition, version, schemaRevision, uniformSchema },
        convert: (object) => customInVersion(spec, version, object),
        // What the storage version does not have is lost, as it is on a real server.
        toStorage: (object) =>
          uniformSchema ? { ...object, apiVersion: apiVersionOf(group, storage.name) } : customAsStored(spec, storage, object),
      }),
    );
}

function customSubresources(kind: string, { subresources }: CustomResourceVersion): Map<string, SubresourceInfo> {
  const found = new Map<string, SubresourceInfo>();
  const verbs = ['get', 'patch', 'update'];
  if (subresources?.status !== undefined) found.set('status', { name: 'status', kind, group: undefined, version: undefined, verbs });
  if (subresources?.scale !== undefined) found.set('scale', { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs });
  return found;
}

/** The order in which versions are offered: v2, v1, v1beta2, v1beta1, v1alpha1, then anything else by name. */
export function compareVersions(a: string, b: string): number {
  const left = versionRank(a);
  const right = versionRank(b);
  if (left === undefined || right === undefined) {
    if (left !== undefined) return -1;
    if (right !== undefined) return 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return right[0] - left[0] || right[1] - left[1] || right[2] - left[2];
}

const STAGES = ['alpha', 'beta', undefined];

function versionRank(version: string): [stage: number, major: number, minor: number] | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  return match === null ? undefined : [STAGES.indexOf(match[2]), Number(match[1]), Number(match[3] ?? 0)];
}
