import type { JsonObject } from '@sluice/core';
import { defaultApiVersions, parseKubeVersion, type AsyncLookup, type Capabilities } from '@sluice/helm';
import type { Cluster, ResourceInfo } from '@sluice/kube';

/** What templates may know of a cluster: `.Capabilities`. */
export async function clusterCapabilities(cluster: Cluster, signal?: AbortSignal): Promise<Capabilities> {
  const options = signal === undefined ? {} : { signal };
  const [version, resources] = await Promise.all([cluster.raw('GET', '/version', options), cluster.resources(options)]);
  const { gitVersion } = JSON.parse(version.body) as { gitVersion?: string };
  return { kubeVersion: parseKubeVersion(gitVersion ?? '', 4), apiVersions: apiVersionsOf(resources) };
}

/** Group versions, and below each its kinds, as Helm lists them. */
function apiVersionsOf(resources: readonly ResourceInfo[]): string[] {
  const versions = new Set<string>();
  for (const { group, version, kind } of resources) {
    const groupVersion = group === '' ? version : `${group}/${version}`;
    versions.add(groupVersion);
    versions.add(`${groupVersion}/${kind}`);
  }
  return versions.size === 0 ? [...defaultApiVersions] : [...versions];
}

/** `lookup` of templates: an object, or a list where no name is given; undefined where there is none. */
export function clusterLookup(cluster: Cluster, signal?: AbortSignal): AsyncLookup {
  const options = signal === undefined ? {} : { signal };
  return async (apiVersion, kind, namespace, name) => {
    const place = namespace === '' ? {} : { namespace };
    // What the API answers is JSON, whatever the type of objects says.
    if (name !== '') return (await cluster.get({ apiVersion, kind, ...place, name }, options)) as JsonObject | undefined;
    const { resourceVersion, items } = await cluster.list({ apiVersion, kind, ...place }, options);
    return { apiVersion, kind: `${kind}List`, metadata: { resourceVersion }, items: items as unknown as readonly JsonObject[] };
  };
}
