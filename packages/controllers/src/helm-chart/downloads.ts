import type { HelmRepository } from '@sluice/api';
import type { ChartRepository } from '@sluice/sources';

/** How long an archive is kept for the next HelmChart that wants the same. */
const KEEP_MS = 10_000;

/** Archives of charts as they were downloaded just now: many HelmCharts of one version tend to want it at the same time. */
export interface Downloads {
  /** The charts of a HelmRepository, each downloaded once for all who want it within a short while. */
  shared(repository: HelmRepository, charts: ChartRepository): ChartRepository;
}

export function createDownloads(): Downloads {
  const kept = new Map<string, Promise<Uint8Array>>();
  return {
    shared({ metadata: { uid, generation }, status, spec }, charts) {
      const index = status?.artifact?.digest;
      // Tags of a registry move; of what an index says nothing changes but with the index.
      if (index === undefined || uid === undefined || spec.type === 'oci') return charts;
      return {
        ...charts,
        async download(chart, call) {
          const key = JSON.stringify([uid, generation, index, chart.name, chart.version, chart.urls]);
          const known = kept.get(key);
          // Who downloads may have been called off, or have failed: that is nobody else's fault.
          if (known !== undefined) return await known.catch(() => charts.download(chart, call));
          const archive = charts.download(chart, call);
          kept.set(key, archive);
          const forget = (): void => void kept.delete(key);
          archive.then(() => setTimeout(forget, KEEP_MS).unref(), forget);
          return await archive;
        },
      };
    },
  };
}
