import { readFile } from 'node:fs/promises';
import type { Artifact } from '@sluice/api';
import { parseHelmIndex, type ArtifactStore, type HelmIndex } from '@sluice/sources';

/** The parsed indexes of Helm repositories: one is parsed once for all charts that are looked for at the same time. */
export interface IndexCache {
  get(artifact: Artifact): Promise<HelmIndex>;
  stop(): void;
}

/** How long an index is kept for the next chart. It may be large. */
const KEEP_MS = 30_000;

export function createIndexCache(store: ArtifactStore): IndexCache {
  const kept = new Map<string, { readonly index: Promise<HelmIndex>; timer: NodeJS.Timeout }>();
  return {
    get({ path, digest }) {
      const forget = (): void => void kept.delete(digest);
      const timer = setTimeout(forget, KEEP_MS);
      timer.unref();
      const entry = kept.get(digest);
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
