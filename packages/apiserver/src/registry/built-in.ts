import { convertKind } from '../kinds/index.js';
import { selectableFieldsOf } from './selectable-fields.js';
import { apiVersionOf, defineResource, type Resource, type SubresourceInfo } from './resource.js';
import { readData } from '../data.js';

interface DiscoveryGroup {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly DiscoveryResource[];
}

interface DiscoveryResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly group?: string;
  readonly version?: string;
}

/** Resources whose objects another resource holds: the same Events are served by two groups. */
const sharedTables: Readonly<Record<string, { table: string; storageVersion: string }>> = {
  'events.k8s.io/events': { table: '/events', storageVersion: 'v1' },
  'autoscaling/horizontalpodautoscalers': { table: 'autoscaling/horizontalpodautoscalers', storageVersion: 'autoscaling/v2' },
};

/** Resources that Kubernetes 1.34 stores in a version that it does not serve: discovery tells its hash. */
const hashedVersions: Readonly<Record<string, string>> = {
  'storage.k8s.io/volumeattributesclasses': 'storage.k8s.io/v1beta1',
  'apiextensions.k8s.io/customresourcedefinitions': 'apiextensions.k8s.io/v1beta1',
};

/** The resources of Kubernetes 1.34 itself, in the order of discovery. */
export function builtInResources(): Resource[] {
  const groups = readData('discovery') as DiscoveryGroup[];
  return groups.flatMap((group) => group.resources.filter(({ name }) => !name.includes('/')).map((entry) => builtIn(group, entry)));
}

function builtIn({ group, version, resources }: DiscoveryGroup, entry: DiscoveryResource): Resource {
  const shared = sharedTables[`${group}/${entry.name}`];
  return defineResource({
    group,
    version,
    kind: entry.kind,
    resource: entry.name,
    singular: entry.singularName,
    shortNames: entry.shortNames ?? [],
    categories: entry.categories ?? [],
    namespaced: entry.namespaced,
    verbs: entry.verbs,
    subresources: new Map(
      resources
        .filter(({ name }) => name.startsWith(`${entry.name}/`))
        .map((sub) => [sub.name.slice(entry.name.length + 1), subresource(sub)]),
    ),
    table: shared?.table ?? `${group}/${entry.name}`,
    storageVersion: shared?.storageVersion ?? apiVersionOf(group, version),
    hashedVersion: hashedVersions[`${group}/${entry.name}`] ?? shared?.storageVersion ?? apiVersionOf(group, version),
    ...selectableFieldsOf(group, entry.name),
    custom: undefined,
    convert: (object) => convertKind(object, apiVersionOf(group, version)),
    toStorage: (object) => convertKind(object, shared?.storageVersion ?? apiVersionOf(group, version)),
  });
}

function subresource({ name, kind, group, version, verbs }: DiscoveryResource): SubresourceInfo {
  return { name: name.slice(name.indexOf('/') + 1), kind, group, version, verbs };
}
