import type { HelmChart, HelmRepository } from '@sluice/api';
import type { Informer } from '@sluice/kube';
import type { ChartRepository, ChartRepositoryFinder } from '@sluice/sources';
import { openCharts, type ChartAccess } from './repository.js';

export interface DependencyWorld extends ChartAccess {
  readonly sources: { readonly HelmRepository: Pick<Informer<HelmRepository>, 'list'> };
}

/**
 * Where the dependencies of a chart come from: the HelmRepository of its namespace with that address, for its credentials,
 * else the address as it is. What is opened is listed, for closing it.
 */
export function dependencyRepositories(
  { metadata, apiVersion }: HelmChart,
  world: DependencyWorld,
  opened: ChartRepository[],
  signal: AbortSignal,
): ChartRepositoryFinder {
  return async (url) => {
    const wanted = normalized(url);
    const known = world.sources.HelmRepository.list(metadata.namespace).find(({ spec }) => normalized(spec.url) === wanted);
    const repository = await openCharts(known ?? anonymous(url, apiVersion, metadata.namespace), world, signal);
    opened.push(repository);
    return repository;
  };
}

function anonymous(url: string, apiVersion: HelmChart['apiVersion'], namespace: string | undefined): HelmRepository {
  return {
    apiVersion,
    kind: 'HelmRepository',
    metadata: { name: '', ...(namespace !== undefined && { namespace }) },
    spec: { url, type: url.startsWith('oci://') ? 'oci' : 'default' },
  };
}

/** An address with and without a slash at its end is the same. */
function normalized(url: string): string {
  return url.replace(/\/+$/, '');
}
