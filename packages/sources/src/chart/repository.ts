import { SluiceError } from '@sluice/core';
import type { HelmRepository } from '../helm-repository/client.js';
import { findChart, parseHelmIndex, type ChartVersion, type HelmIndex } from '../helm-repository/helm-index.js';
import type { OciCall, OciClient } from '../oci/client.js';

/** Checks the signature of a manifest; throws `SignatureInvalid` when nobody who is trusted made one. */
export type SignatureCheck = (client: OciClient, digest: string, call: OciCall) => Promise<'trusted' | 'skipped'>;

export interface ChartCall {
  readonly signal?: AbortSignal | undefined;
}

/** Where charts come from: a Helm repository over HTTP ({@link httpCharts}), or the repositories of a registry ({@link ociCharts}). */
export interface ChartRepository {
  /** The version of a chart that is written so, or the newest in a range; any release when nothing is wanted. */
  find(name: string, wanted: string, call?: ChartCall): Promise<ChartVersion>;
  /** Its archive. */
  download(chart: ChartVersion, call?: ChartCall): Promise<Uint8Array>;
  /** Checks its signature, and pins it, so that what is downloaded is what was checked. */
  verify(chart: ChartVersion, check: SignatureCheck, call?: ChartCall): Promise<{ chart: ChartVersion; result: 'trusted' | 'skipped' }>;
  /** Whether an error of {@link find} is about what was asked for, as opposed to the way there. */
  isReferenceError(error: unknown): boolean;
  close(): Promise<void>;
}

/** The charts of a Helm repository over HTTP. Its index is fetched when it is not given. */
export function httpCharts(repository: HelmRepository, index?: HelmIndex): ChartRepository {
  let loading = index === undefined ? undefined : Promise.resolve(index);
  const load = async (signal: AbortSignal | undefined): Promise<HelmIndex> => {
    const fetched = await repository.fetchIndex({ signal });
    if (fetched === 'unchanged') throw new SluiceError('SourceAnswerInvalid', 'the repository says that its index is unchanged, unasked');
    return await parseHelmIndex(fetched.bytes);
  };
  /** Errors that the index, once there, gives. */
  const ofReference = new WeakSet<object>();
  return {
    async find(name, wanted, call) {
      loading ??= load(call?.signal);
      const loaded = await loading.catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      try {
        return findChart(loaded, name, wanted);
      } catch (error) {
        if (error instanceof SluiceError) ofReference.add(error);
        throw error;
      }
    },
    download: (chart, call) => repository.download(chart, call),
    async verify() {
      throw new SluiceError('SourceSettingsInvalid', 'signatures can be verified of charts in OCI registries only: leave out verify');
    },
    isReferenceError: (error) => typeof error === 'object' && error !== null && ofReference.has(error),
    close: () => repository.close(),
  };
}
