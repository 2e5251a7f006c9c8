import { errorMessage } from '@sluice/core';
import type { Release } from '@sluice/helm';
import { timeoutOf } from '../spec.js';
import { helmTime, type ActionContext } from './context.js';
import { HookError, runHooks } from './hooks.js';
import { withStatus } from './install.js';
import { abandonedObjects } from './abandoned.js';
import { servedObjects } from './objects.js';
import { waitForDeletion } from './wait.js';
import { deleteObjects } from './write.js';

/** There is no release to uninstall. */
export class NoReleaseError extends Error {}

/** The release is uninstalled already; its history was kept. */
export class AlreadyUninstalledError extends Error {}

/** Deletes the objects of a release, then its records, unless the history is to be kept. Returns the release as it was last. */
export async function uninstall(name: string, context: ActionContext): Promise<Release> {
  const { object, records, clock, signal } = context;
  const { uninstall: spec = {} } = object.spec;
  const keepsHistory = spec.keepHistory === true;
  const timeoutMs = timeoutOf(object, 'uninstall');
  const last = records.last();
  if (last === undefined) throw new NoReleaseError(`uninstall: Release not loaded: ${name}: release: not found`);
  if (last.info.status === 'uninstalled') {
    if (keepsHistory) throw new AlreadyUninstalledError(`the release named "${name}" is already deleted`);
    await purge();
    return last;
  }
  let release: Release = {
    ...last,
    info: { ...last.info, deleted: helmTime(clock), description: 'Deletion in progress (or silently failed)', status: 'uninstalling' },
  };
  if (spec.disableHooks !== true) release = await hooks('pre-delete');
  await records.update(release);
  const own = await servedObjects(release, context);
  const objects = [...own, ...(await abandonedObjects(unfinished(last, records.all()), own, context))];
  const faults = await deleteObjects(objects, propagation(spec.deletionPropagation), context);
  if (faults.length > 0) throw new Error(`failed to delete release: ${name}: ${faults.join('; ')}`);
  const errors: string[] = [];
  if (spec.disableWait !== true && spec.deletionPropagation !== 'orphan') {
    await waitForDeletion(objects, timeoutMs, context).catch((error: unknown) => collect(error));
  }
  if (spec.disableHooks !== true) {
    release = await hooks('post-delete').catch((error: unknown) => {
      collect(error);
      return error instanceof HookError ? error.release : release;
    });
  }
  release = withStatus(release, 'uninstalled', 'Uninstallation complete');
  if (keepsHistory) {
    await records.update(release);
    for (const other of records.all().filter(({ info }) => info.status === 'deployed')) {
      await records.update(withStatus(other, 'superseded', other.info.description ?? ''));
    }
  } else {
    await purge();
  }
  if (errors.length > 0) throw new Error(`uninstallation completed with ${errors.length} error(s): ${errors.join('; ')}`);
  return release;

  function collect(error: unknown): void {
    signal.throwIfAborted();
    errors.push(errorMessage(error));
  }

  async function hooks(event: 'pre-delete' | 'post-delete'): Promise<Release> {
    return await runHooks(release, { event, serverSide: true, timeoutMs }, context);
  }

  /** The newest one last, and as it ended: as long as it is there, somebody can go on. */
  async function purge(): Promise<void> {
    for (const revision of records.all()) await records.delete(revision.version === release?.version ? release : revision);
  }
}

function propagation(policy: string | undefined): 'Background' | 'Foreground' | 'Orphan' {
  if (policy === 'foreground') return 'Foreground';
  return policy === 'orphan' ? 'Orphan' : 'Background';
}

/** The revisions that one which failed may not have taken the place of. */
function unfinished({ info, version }: Release, all: readonly Release[]): Release[] {
  if (info.status === 'deployed') return [];
  const since = all.findLast((revision) => revision.info.status === 'deployed')?.version ?? 0;
  return all.filter((revision) => revision.version >= since && revision.version < version);
}
