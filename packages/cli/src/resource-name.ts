import type { Cluster, ResourceInfo } from '@sluice/kube';

/**
 * What people call a resource: its kind, plural, singular or short name in any case, perhaps with its group
 * (`deployments.apps`). Without a version it is the server's first.
 */
export async function resourceNamed(cluster: Cluster, word: string, apiVersion?: string): Promise<ResourceInfo> {
  const wanted = word.toLowerCase();
  const found = (await cluster.resources()).find(
    (resource) =>
      (apiVersion === undefined || apiVersion === versionOf(resource)) &&
      [resource.kind, resource.resource, resource.singular, ...resource.shortNames].some((name) => isNamed(name, wanted, resource)),
  );
  if (found !== undefined) return found;
  if (apiVersion !== undefined) throw new Error(`no matches for kind ${JSON.stringify(word)} in version ${JSON.stringify(apiVersion)}`);
  throw new Error(`the server doesn't have a resource type ${JSON.stringify(word)}`);
}

function isNamed(name: string, wanted: string, { group, version }: ResourceInfo): boolean {
  const lower = name.toLowerCase();
  return wanted === lower || (group !== '' && (wanted === `${lower}.${group}` || wanted === `${lower}.${version}.${group}`));
}

function versionOf({ group, version }: ResourceInfo): string {
  return group === '' ? version : `${group}/${version}`;
}
