import { readFile } from 'node:fs/promises';
import type { Artifact, HelmRepository } from '@sluice/api';
import type { MetricsRegistry } from '@sluice/runtime';
import { parseHelmIndex, type ArtifactStore, type HelmIndex } from '@sluice/sources';

/** The parsed indexes of Helm repositories: one is parsed once for all charts that are looked for at the same time. */
export interface IndexCache {
  /** The index of a HelmRepository that has an artifact. */
  get(repository: HelmRepository, artifact: Artifact): Promise<HelmIndex>;
  /** The repository is gone: nothing is counted for it any more. */
  forget(repository: HelmRepository): void;
  stop(): void;
}

/** How long an index is kept for the next chart. It may be large. */
const KEEP_MS = 30_000;

export function createIndexCache(store: ArtifactStore, metrics: MetricsRegistry): IndexCache {
  const help = 'Total number of cache retrieval events for a Gitops Toolkit resource reconciliation.';
  const events = metrics.counter('gotk_cache_events_total', help, ['event_type', 'name', 'namespace']);
  const kept = new Map<string, { readonly index: Promise<HelmIndex>; timer: NodeJS.Timeout }>();
  return {
    get({ metadata: { name = '', namespace = '' } }, { path, digest }) {
      const forget = (): void => void kept.delete(digest);
      const timer = setTimeout(forget, KEEP_MS);
      timer.unref();
      const entry = kept.get(digest);
      events.increment({ event_type: entry === undefined ? 'cache_miss' : 'cache_hit', name, namespace });
      if (entry !== undefined) {
        clearTimeout(entry.timer);
        entry.timer = timer;
        return entry.index;
      }
      const index = read(store, path);
      kept.set(digest, { index, timer });
      index.catch(forget);
      return index;
    },
    forget({ metadata: { name = '', namespace = '' } }) {
      for (const type of ['cache_hit', 'cache_miss']) events.remove({ event_type: type, name, namespace });
    },
    stop() {
      for (const { timer } of kept.values()) clearTimeout(timer);
      kept.clear();
    },
  };
}

async function read(store: ArtifactStore, path: string): Promise<HelmIndex> {
  const file = store.fileOf(path);
  if (file === undefined) throw new Error(`the index ${path} is no longer there: a newer one should come`);
  return await parseHelmIndex(await readFile(file));
}
