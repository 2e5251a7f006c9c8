import { existsSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** One commit touches several files; they arrive within this time. */
const SETTLE_MS = 15;

/**
 * Calls back soon after a branch of a local repository moved. Git renames a lock file over the ref, or over
 * `packed-refs`, so that watching their directories sees every commit. (Watching a tree recursively does not on Linux:
 * it follows files, and loses the one that was replaced.)
 *
 * @param gitDirectory where the repository keeps its refs
 */
export function watchRepository(gitDirectory: string, branch: string, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watchFile = (path: string): FSWatcher =>
    watch(dirname(path), (_event, file) => {
      if (file !== basename(path)) return;
      clearTimeout(timer);
      timer = setTimeout(onChange, SETTLE_MS);
    });
  const ref = join(gitDirectory, 'refs/heads', branch);
  const files = [join(gitDirectory, 'packed-refs'), ref].filter((path) => existsSync(dirname(path)));
  const watchers = files.map(watchFile);
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
