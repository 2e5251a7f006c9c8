import { setMaxListeners } from 'node:events';
import { rmSync } from 'node:fs';
import { deadlineSignal, errorMessage, parseDuration } from '@sluice/core';
import type { Artifact, Bucket } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import type { Reconciler } from '@sluice/runtime';
import { checkoutBucket, readBucketIndex, type ArtifactStore, type BucketProvider } from '@sluice/sources';
import type { CloudIdentityPool } from '../source/cloud.js';
import { SourceFailure } from '../source/failure.js';
import { createSourceReconciler, type SourcePass, type Stored } from '../source/reconciler.js';
import { secretsOf } from '../source/secrets.js';
import type { Draft } from '../source/status.js';
import { bucketProvider } from './provider.js';

export interface BucketWorld {
  readonly cluster: Cluster;
  readonly store: ArtifactStore;
  readonly identities: CloudIdentityPool;
  /** Where objects lie until they are an artifact. */
  readonly scratchDir: string;
}

export type BucketStatus = Draft<NonNullable<Bucket['status']>>;
type Pass = SourcePass<BucketStatus>;

const ORDER = ['StorageOperationFailed', 'FetchFailed', 'ArtifactOutdated', 'ArtifactInStorage', 'Stalled', 'Reconciling'];

/** Keeps the artifact of a Bucket: list → fetch what is there → artifact. */
export function createBucketReconciler({ cluster, store, identities, scratchDir }: BucketWorld): Reconciler<Bucket, BucketStatus> {
  // A process that was killed had no time to remove what it was downloading.
  rmSync(scratchDir, { recursive: true, force: true });

  async function produce(bucket: Bucket, pass: Pass): Promise<Stored> {
    const provider = await bucketProvider(bucket, secretsOf(bucket, cluster, pass.signal), identities.of(bucket), pass.signal);
    try {
      return await sync(bucket, provider, pass);
    } catch (error) {
      pass.signal.throwIfAborted();
      if (error instanceof SourceFailure) throw error;
      throw new SourceFailure('FetchFailed', 'BucketOperationFailed', errorMessage(error), { cause: error });
    } finally {
      await provider.close();
    }
  }

  async function sync(bucket: Bucket, provider: BucketProvider, pass: Pass): Promise<Stored> {
    const { spec } = bucket;
    const { status } = pass;
    const timeoutMs = parseDuration(spec.timeout ?? '60s');
    const limited = (): AbortSignal => {
      const signal = deadlineSignal(timeoutMs, pass.signal);
      // Many objects are fetched at a time.
      setMaxListeners(0, signal);
      return signal;
    };
    const index = await readBucketIndex(provider, { prefix: spec.prefix, ignore: spec.ignore, signal: limited() });
    const { artifact } = status.fields;
    if (artifact?.revision === index.revision) return stored(artifact, index.objects.size, spec.bucketName);
    return await checkoutBucket(provider, index, { scratchDir, signal: limited() }, async ({ revision, tree }) => {
      pass.found(`new upstream revision '${revision}'`);
      status.remove('FetchFailed');
      const fileName = revision.replace(/^sha256:/, '');
      const made = await pass.storing('unable to archive artifact to storage', () =>
        store.put(pass.owner, tree, { revision, fileName, unfiltered: true }),
      );
      delete status.fields.observedIgnore;
      if (spec.ignore !== undefined) status.fields.observedIgnore = spec.ignore;
      return stored(made, tree.entries.length, spec.bucketName);
    });
  }

  return createSourceReconciler<Bucket, BucketStatus>(store, {
    failures: ['FetchFailed', 'StorageOperationFailed'],
    order: ORDER,
    latestName: 'latest.tar.gz',
    unknownReason: 'BucketOperationFailed',
    produce,
  });
}

function stored(artifact: Artifact, files: number, bucketName: string): Stored {
  return {
    artifact,
    state: { reason: 'Succeeded', message: `stored artifact: revision '${artifact.revision}'` },
    news: { message: `stored artifact with ${files} fetched files from '${bucketName}' bucket` },
  };
}
