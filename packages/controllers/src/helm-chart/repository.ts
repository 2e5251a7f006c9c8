import { errorMessage } from '@sluice/core';
import type { HelmRepository } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { ChartBuildError, createHelmRepository, httpCharts, ociCharts, type ChartRepository } from '@sluice/sources';
import { helmAccess, isOci, type HelmAccess } from '../helm-repository/access.js';
import type { CloudIdentityPool } from '../source/cloud.js';
import { SourceFailure } from '../source/failure.js';
import { secretsOf } from '../source/secrets.js';
import type { IndexCache } from './index-cache.js';

export interface ChartAccess {
  /** Where Secrets are read. */
  readonly cluster: Pick<Cluster, 'get'>;
  readonly identities: CloudIdentityPool;
  /** Without one an index is fetched when it is asked for. */
  readonly indexes?: IndexCache;
}

/** The charts of a HelmRepository, reached as it says. */
export async function openCharts(repository: HelmRepository, world: ChartAccess, signal: AbortSignal): Promise<ChartRepository> {
  const { url, insecure, passCredentials } = repository.spec;
  let access: HelmAccess;
  try {
    access = await helmAccess(repository, secretsOf(repository, world.cluster, signal), world.identities.of(repository));
  } catch (error) {
    signal.throwIfAborted();
    throw new SourceFailure('FetchFailed', 'AuthenticationFailed', errorMessage(error), { cause: error });
  }
  const { http, login, timeoutMs } = access;
  if (isOci(repository)) {
    if (!url.startsWith('oci://')) throw misconfigured(`invalid OCI registry URL: ${url}`);
    return ociCharts({ ...http, url, insecure, timeoutMs, ...(login !== undefined && { login }) });
  }
  const { indexes } = world;
  const artifact = repository.status?.artifact;
  const index =
    artifact === undefined || indexes === undefined
      ? undefined
      : await indexes.get(repository, artifact).catch((error: unknown) => {
          throw new ChartBuildError('ChartPullError', error, 'failed to get chart version for remote reference: ');
        });
  try {
    return httpCharts(createHelmRepository({ ...http, url, passCredentials, timeoutMs }), index);
  } catch (error) {
    throw misconfigured(errorMessage(error), error);
  }
}

function misconfigured(why: string, cause?: unknown): SourceFailure {
  return new SourceFailure('FetchFailed', 'Failed', `failed to construct Helm client: ${why}`, { terminal: true, cause });
}
