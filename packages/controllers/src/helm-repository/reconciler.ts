import { errorMessage } from '@sluice/core';
import type { Artifact, HelmRepository } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { keyOf, type Reconciler } from '@sluice/runtime';
import { createHelmRepository, parseHelmIndex, printHelmIndex, type ArtifactStore, type FetchedIndex } from '@sluice/sources';
import type { CloudIdentityPool } from '../source/cloud.js';
import { SourceFailure } from '../source/failure.js';
import { createSourceReconciler, type SourcePass, type Stored } from '../source/reconciler.js';
import { secretsOf } from '../source/secrets.js';
import type { Draft } from '../source/status.js';
import { helmAccess, isOci, type HelmAccess } from './access.js';
import { humanSize } from './human-size.js';

export interface HelmRepositoryWorld {
  readonly cluster: Cluster;
  readonly store: ArtifactStore;
  readonly identities: CloudIdentityPool;
}

export type HelmRepositoryStatus = Draft<NonNullable<HelmRepository['status']>>;
type Pass = SourcePass<HelmRepositoryStatus>;

const ORDER = ['StorageOperationFailed', 'FetchFailed', 'ArtifactOutdated', 'ArtifactInStorage', 'Stalled', 'Reconciling'];

/** What the server called the index that it gave last. */
interface Known {
  readonly url: string;
  readonly etag: string;
  readonly revision: string;
}

/** Keeps the index of a HelmRepository: fetch → parse → artifact. One in a registry has none, and is left alone. */
export function createHelmRepositoryReconciler({
  cluster,
  store,
  identities,
}: HelmRepositoryWorld): Reconciler<HelmRepository, HelmRepositoryStatus> {
  const known = new Map<string, Known>();

  async function produce(repository: HelmRepository, pass: Pass): Promise<Stored> {
    const { status, signal } = pass;
    const { url } = repository.spec;
    checkUrl(url);
    const access = await accessOf(repository, pass);
    const { artifact } = status.fields;
    const last = known.get(keyOf(repository));
    const etag = last?.url === url && last.revision === artifact?.revision ? last.etag : undefined;
    const fetched = await fetchIndex(repository, access, etag, signal);
    if (artifact !== undefined && (fetched === 'unchanged' || fetched.revision === artifact.revision)) {
      if (fetched !== 'unchanged') remember(repository, fetched);
      return stored(artifact, url);
    }
    // Asked with an ETag, and only then, a server may say so: and then there is an artifact.
    if (fetched === 'unchanged') throw fetchFailed(new Error('the server says that nothing changed, without having been asked'));
    const kept = await keep(fetched, pass);
    remember(repository, fetched);
    return stored(kept, url);
  }

  async function accessOf(repository: HelmRepository, { signal }: Pass): Promise<HelmAccess> {
    try {
      return await helmAccess(repository, secretsOf(repository, cluster, signal), identities.of(repository));
    } catch (error) {
      signal.throwIfAborted();
      throw new SourceFailure('FetchFailed', 'AuthenticationFailed', errorMessage(error), { cause: error });
    }
  }

  async function keep({ bytes, revision }: FetchedIndex, pass: Pass): Promise<Artifact> {
    const index = await parseHelmIndex(bytes).catch((error: unknown) => {
      const message = `failed to load Helm repository from index YAML: ${errorMessage(error)}`;
      throw new SourceFailure('FetchFailed', 'IndexationFailed', message, { cause: error });
    });
    pass.status.remove('FetchFailed');
    pass.found(`new index revision '${revision}'`);
    const fileName = `index-${revision.replace(/^sha256:/, '')}.yaml`;
    return await pass.storing('unable to save artifact to storage', () =>
      store.putFile(pass.owner, encoded(printHelmIndex(index)), { revision, fileName, latestName: 'index.yaml' }),
    );
  }

  function remember(repository: HelmRepository, { etag, revision }: FetchedIndex): void {
    if (etag === undefined) known.delete(keyOf(repository));
    else known.set(keyOf(repository), { url: repository.spec.url, etag, revision });
  }

  return {
    ...createSourceReconciler<HelmRepository, HelmRepositoryStatus>(store, {
      failures: ['FetchFailed', 'StorageOperationFailed'],
      order: ORDER,
      latestName: 'index.yaml',
      unknownReason: 'Failed',
      produce,
      forget: (repository) => known.delete(keyOf(repository)),
    }),
    isStatic: isOci,
  };
}

async function fetchIndex(
  { spec }: HelmRepository,
  { http, timeoutMs }: HelmAccess,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<FetchedIndex | 'unchanged'> {
  let client;
  try {
    client = createHelmRepository({ ...http, url: spec.url, passCredentials: spec.passCredentials, timeoutMs });
  } catch (error) {
    throw new SourceFailure('FetchFailed', 'Failed', `failed to construct Helm client: ${errorMessage(error)}`, {
      terminal: true,
      cause: error,
    });
  }
  try {
    return await client.fetchIndex({ etag, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw fetchFailed(error);
  } finally {
    await client.close();
  }
}

function checkUrl(url: string): void {
  if (url.startsWith('oci://')) throw invalid("'oci' URL scheme cannot be used with 'default' HelmRepository type");
  if (!URL.canParse(url)) throw invalid(`${JSON.stringify(url)} does not parse`);
}

function invalid(why: string): SourceFailure {
  return new SourceFailure('FetchFailed', 'URLInvalid', `invalid Helm repository URL: ${why}`, { terminal: true });
}

function fetchFailed(error: unknown): SourceFailure {
  const message = `failed to fetch Helm repository index: failed to cache index to temporary file: ${errorMessage(error)}`;
  return new SourceFailure('FetchFailed', 'Failed', message, { cause: error });
}

function stored(artifact: Artifact, url: string): Stored {
  const size = artifact.size === undefined ? 'unknown size' : `size ${humanSize(artifact.size)}`;
  return {
    artifact,
    state: { reason: 'Succeeded', message: `stored artifact: revision '${artifact.revision}'` },
    news: { message: `stored fetched index of ${size} from '${url}'` },
  };
}

function* encoded(texts: Iterable<string>): Generator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
