import { existsSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

/** One commit touches several files; they arrive within this time. */
const SETTLE_MS = 15;

/**
 * Calls back soon after a branch of a local repository moved. Git renames a lock file over the ref, or over
 * `packed-refs`, so that watching the directories sees every commit.
 *
 * @param gitDirectory where the repository keeps its refs
 */
export function watchRepository(gitDirectory: string, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const settle = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLE_MS);
  };
  const watchers: FSWatcher[] = [watch(gitDirectory, (_event, file) => (file === 'packed-refs' ? settle() : undefined))];
  const heads = join(gitDirectory, 'refs/heads');
  if (existsSync(heads))
    watchers.push(watch(heads, { recursive: true }, (_event, file) => (file?.endsWith('.lock') === true ? undefined : settle())));
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
