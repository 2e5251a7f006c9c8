import { deepEqual } from '@sluice/core';
import type { Artifact, OCIRepository } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import type { Reconciler } from '@sluice/runtime';
import {
  extractLayer,
  parseOciUrl,
  type ArtifactStore,
  type OciClient,
  type OciDescriptor,
  type PulledArtifact,
  type ResolvedOci,
} from '@sluice/sources';
import type { CloudIdentityPool } from '../source/cloud.js';
import { createSourceReconciler, type SourcePass, type Stored } from '../source/reconciler.js';
import { secretsOf, type Secrets } from '../source/secrets.js';
import type { Draft } from '../source/status.js';
import { openRepository } from './access.js';
import { layerFailed, pullArtifact, resolveRevision, verifySignature } from './content.js';

export interface OciRepositoryWorld {
  readonly cluster: Cluster;
  readonly store: ArtifactStore;
  readonly identities: CloudIdentityPool;
  /** The most bytes that an artifact may have when it is unpacked. */
  readonly maxUnpackedBytes: number;
}

export type OciRepositoryStatus = Draft<NonNullable<OCIRepository['status']>>;
type Pass = SourcePass<OciRepositoryStatus>;

const ORDER = [
  'StorageOperationFailed',
  'FetchFailed',
  'ArtifactOutdated',
  'ArtifactInStorage',
  'SourceVerified',
  'Stalled',
  'Reconciling',
];

/** Keeps the artifact of an OCIRepository at the tag, range or digest it follows: resolve → verify → pull → artifact. */
export function createOciRepositoryReconciler({
  cluster,
  store,
  identities,
  maxUnpackedBytes,
}: OciRepositoryWorld): Reconciler<OCIRepository, OciRepositoryStatus> {
  async function produce(repository: OCIRepository, pass: Pass): Promise<Stored> {
    const { status, signal } = pass;
    // What failed is tried anew; what was verified once holds for what is stored.
    if (status.has('SourceVerified', 'False')) status.remove('SourceVerified');
    const secrets = secretsOf(repository, cluster, signal);
    const client = await openRepository(repository, secrets, identities.of(repository), signal);
    try {
      const resolved = await resolveRevision(repository, client, signal);
      const { artifact } = status.fields;
      const isNew = artifact?.revision !== resolved.revision;
      await verify(repository, client, resolved, secrets, pass).catch((error: unknown) => {
        if (isNew) announce(repository, resolved, pass);
        throw error;
      });
      if (artifact !== undefined && !isNew && !settingsChanged(repository, status.fields)) return stored(repository, artifact);
      return await pull(repository, client, resolved, isNew, pass);
    } finally {
      await client.close();
    }
  }

  async function pull(repository: OCIRepository, client: OciClient, resolved: ResolvedOci, isNew: boolean, pass: Pass): Promise<Stored> {
    const { spec } = repository;
    const { status, signal, owner } = pass;
    let pulled: PulledArtifact;
    let put: (() => Promise<Artifact>) | undefined;
    try {
      pulled = await pullArtifact(repository, client, resolved, signal);
      const { layer } = pulled;
      const options = { revision: resolved.revision, metadata: pulled.manifest.annotations };
      const fileName = resolved.digest;
      if (spec.layerSelector?.operation === 'copy') {
        put = () => store.putFile(owner, copied(client, layer, signal), { ...options, fileName: `${fileName}.tar.gz` });
      } else {
        const tree = await extracted(client, layer, signal);
        put = () => store.put(owner, tree, { ...options, fileName, ignore: spec.ignore });
      }
    } finally {
      if (isNew) announce(repository, resolved, pass);
    }
    status.remove('FetchFailed');
    const artifact = await pass.storing('unable to archive artifact to storage', put);
    observeSettings(repository, status.fields);
    return stored(repository, artifact);
  }

  async function extracted(client: OciClient, layer: OciDescriptor, signal: AbortSignal) {
    try {
      return await extractLayer(store, client, layer, { maxUnpackedBytes, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw layerFailed('failed to extract layer contents from artifact: ', error);
    }
  }

  return createSourceReconciler<OCIRepository, OciRepositoryStatus>(store, {
    failures: ['FetchFailed', 'StorageOperationFailed'],
    order: ORDER,
    latestName: 'latest.tar.gz',
    unknownReason: 'OCIArtifactPullFailed',
    produce,
  });
}

function announce({ spec }: OCIRepository, { revision, digest, tag }: ResolvedOci, pass: Pass): void {
  const { registry, repository } = parseOciUrl(spec.url);
  pass.found(`new revision '${revision}' for '${registry}/${repository}${tag === undefined ? `@${digest}` : `:${tag}`}'`);
}

/** Once for a revision and a generation: other keys may be trusted by the next. */
async function verify(repository: OCIRepository, client: OciClient, resolved: ResolvedOci, secrets: Secrets, pass: Pass): Promise<void> {
  const { spec, metadata } = repository;
  const { status, signal } = pass;
  if (spec.verify === undefined) {
    status.remove('SourceVerified');
    return;
  }
  const last = status.condition('SourceVerified');
  if (status.fields.artifact?.revision === resolved.revision && last?.observedGeneration === metadata.generation) return;
  if ((await verifySignature(repository, client, resolved.digest, secrets, signal)) === 'skipped') return;
  status.set('SourceVerified', 'True', 'Succeeded', `verified signature of revision ${resolved.revision}`);
}

/** The bytes of a layer; that they do not come is no failure of the storage. */
async function* copied(client: OciClient, layer: OciDescriptor, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* client.blob(layer, { signal });
  } catch (error) {
    throw layerFailed('failed to copy layer from artifact: ', error);
  }
}

function stored({ spec }: OCIRepository, artifact: Artifact): Stored {
  const origin = artifact.metadata?.['org.opencontainers.image.source'] ?? '';
  const revision = artifact.metadata?.['org.opencontainers.image.revision'] ?? '';
  const from = origin === '' || revision === '' ? '' : `, origin source '${origin}', origin revision '${revision}'`;
  return {
    artifact,
    state: { reason: 'Succeeded', message: `stored artifact for digest '${artifact.revision}'` },
    news: { message: `stored artifact with revision '${artifact.revision}' from '${spec.url}'${from}` },
  };
}

/** Whether the same revision would make another artifact. */
function settingsChanged({ spec }: OCIRepository, { observedIgnore, observedLayerSelector }: OciRepositoryStatus): boolean {
  return spec.ignore !== observedIgnore || !deepEqual(spec.layerSelector ?? null, observedLayerSelector ?? null);
}

function observeSettings({ spec }: OCIRepository, status: OciRepositoryStatus): void {
  delete status.observedIgnore;
  delete status.observedLayerSelector;
  if (spec.ignore !== undefined) status.observedIgnore = spec.ignore;
  if (spec.layerSelector !== undefined) status.observedLayerSelector = spec.layerSelector;
}
