import { errorMessage, type KubeObject } from '@sluice/core';
import { computedValues, mergeValues, releaseOf, type Release } from '@sluice/helm';
import { maxHistory, releaseName, timeoutOf } from '../spec.js';
import { abandonedObjects } from './abandoned.js';
import { existingObjects } from './adoption.js';
import { helmTime, type ReleaseContext } from './context.js';
import { applyDefinitions } from './crds.js';
import { HookError, runHooks } from './hooks.js';
import { withStatus } from './install.js';
import { manifestObjects, owned, UnknownKindError } from './objects.js';
import { waitForObjects } from './wait.js';
import { deleteObjects, idOf, updateObjects, WriteError } from './write.js';

/** Makes a new revision of the release. What fails after its record was written leaves a record that says so. */
export async function upgrade(context: ReleaseContext): Promise<Release> {
  const { object, records, clock, signal } = context;
  const { upgrade: spec = {} } = object.spec;
  const name = releaseName(object);
  const last = records.last();
  if (last === undefined) throw new Error(`"${name}" has no deployed releases`);
  const { serverSideApply = 'auto' } = spec;
  const serverSide = serverSideApply === 'auto' ? last.apply_method === 'ssa' : serverSideApply === 'enabled';
  try {
    await applyDefinitions(context.chart, context.values, { policy: spec.crds ?? 'Create', serverSide }, context);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`failed to apply CustomResourceDefinitions: ${errorMessage(error)}`, { cause: error });
  }
  if (last.info.status.startsWith('pending-')) throw new Error('another operation (install/upgrade/rollback) is in progress');
  const original = originalOf(last, name, context);
  const version = last.version + 1;
  const { chart, values } = spec.preserveValues === true ? preserved(original, context) : context;
  const rendering = await context.render(values, { revision: version, isUpgrade: true }, chart);
  const now = helmTime(clock);
  const info = {
    ...(original.info.first_deployed === undefined ? {} : { first_deployed: original.info.first_deployed }),
    last_deployed: now,
    description: 'Preparing upgrade',
    status: 'pending-upgrade' as const,
  };
  const { namespace } = original;
  let release = releaseOf({ name, namespace, version, info, chart, values, rendering, applyMethod: serverSide ? 'ssa' : 'csa' });
  const current = await currentObjects(original, context);
  const targets = (await targetObjects(release, context)).map((target) => owned(target, release));
  const known = new Set(current.map(idOf));
  const added = targets.filter((target) => !known.has(idOf(target)));
  const adopted = await adopt(added);
  await records.create(release, maxHistory(object));
  try {
    release = await perform();
  } catch (error) {
    signal.throwIfAborted();
    const failed = error instanceof HookError ? error.release : release;
    await records.update(withStatus(failed, 'failed', `Upgrade "${name}" failed: ${errorMessage(error)}`));
    throw error;
  }
  await records.update(withStatus(original, 'superseded', original.info.description ?? ''));
  release = withStatus(release, 'deployed', 'Upgrade complete');
  await records.update(release);
  return release;

  async function adopt(objects: readonly KubeObject[]): Promise<KubeObject[]> {
    const takeOwnership = spec.disableTakeOwnership !== true;
    if (takeOwnership && serverSide && spec.cleanupOnFail !== true) return [];
    try {
      return await existingObjects(objects, release, takeOwnership, context);
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`unable to continue with update: ${errorMessage(error)}`, { cause: error });
    }
  }

  async function perform(): Promise<Release> {
    const timeoutMs = timeoutOf(object, 'upgrade');
    let made = spec.disableHooks === true ? release : await hooks(release, 'pre-upgrade');
    const options = {
      serverSide,
      replace: spec.force === true && !serverSide,
      upgradeManagers: serverSide && original.apply_method !== 'ssa',
    };
    const written = await updateObjects([...current, ...adopted], targets, options, context).catch(async (error: unknown) => {
      if (error instanceof WriteError) await cleanUp(error.written.created, error);
      throw error;
    });
    await deleteAbandoned();
    if (spec.disableWait !== true) {
      try {
        await waitForObjects(targets, { timeoutMs, forJobs: spec.disableWaitForJobs !== true, known: written.objects }, context);
      } catch (error) {
        signal.throwIfAborted();
        await cleanUp(written.created, error);
        throw error;
      }
    }
    if (spec.disableHooks !== true) made = await hooks(made, 'post-upgrade');
    return made;

    async function hooks(before: Release, event: 'pre-upgrade' | 'post-upgrade'): Promise<Release> {
      try {
        return await runHooks(before, { event, serverSide, timeoutMs }, context);
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof HookError ? new HookError(`${event} hooks failed: ${error.message}`, error.release, error) : error;
      }
    }
  }

  /** What upgrades that failed since have made, and nobody wants any more. */
  async function deleteAbandoned(): Promise<void> {
    const since = records.all().filter(({ version: each }) => each > original.version && each < release.version);
    const objects = await abandonedObjects(since, [...current, ...targets], context);
    const faults = await deleteObjects(objects, 'Background', context);
    if (faults.length > 0) throw new Error(`failed to delete what an earlier attempt has made: ${faults.join('; ')}`);
  }

  /** What a failed upgrade has created goes, where that is wanted. */
  async function cleanUp(created: readonly KubeObject[], reason: unknown): Promise<void> {
    if (spec.cleanupOnFail !== true || created.length === 0) return;
    const faults = await deleteObjects(created, 'Background', context);
    if (faults.length === 0) return;
    throw new Error(
      `an error occurred while cleaning up resources. original upgrade error: ${errorMessage(reason)}: unable to cleanup resources: ${faults.join(', ')}`,
      { cause: reason },
    );
  }
}

/** The revision that is there to be changed: the deployed one; else the last, when it failed. */
function originalOf(last: Release, name: string, { records }: ReleaseContext): Release {
  if (last.info.status === 'deployed') return last;
  const deployed = records.deployed();
  if (deployed !== undefined) return deployed;
  if (last.info.status === 'failed' || last.info.status === 'superseded') return last;
  throw new Error(`"${name}" has no deployed releases`);
}

/** The old values below the new ones, on the old chart's defaults. */
function preserved(original: Release, { chart, values }: ReleaseContext): Pick<ReleaseContext, 'chart' | 'values'> {
  return { chart: { ...chart, values: computedValues(original) }, values: mergeValues(original.config ?? {}, values) };
}

async function currentObjects({ manifest, namespace }: Release, { cluster, signal }: ReleaseContext): Promise<KubeObject[]> {
  try {
    return await manifestObjects(manifest, namespace, cluster, signal);
  } catch (error) {
    signal.throwIfAborted();
    const what =
      error instanceof UnknownKindError
        ? 'current release manifest contains removed kubernetes api(s) for this kubernetes version and it is therefore unable to build the kubernetes objects for performing the diff. error from kubernetes'
        : 'unable to build kubernetes objects from current release manifest';
    throw new Error(`${what}: ${errorMessage(error)}`, { cause: error });
  }
}

async function targetObjects({ manifest, namespace }: Release, { cluster, signal }: ReleaseContext): Promise<KubeObject[]> {
  try {
    return await manifestObjects(manifest, namespace, cluster, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`unable to build kubernetes objects from new release manifest: ${errorMessage(error)}`, { cause: error });
  }
}
