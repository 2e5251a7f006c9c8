import { errorMessage, type KubeObject } from '@sluice/core';
import type { Release } from '@sluice/helm';
import { maxHistory, timeoutOf } from '../spec.js';
import { helmTime, type ActionContext } from './context.js';
import { HookError, runHooks } from './hooks.js';
import { withStatus } from './install.js';
import { manifestObjects, owned } from './objects.js';
import { waitForObjects } from './wait.js';
import { deleteObjects, updateObjects, WriteError } from './write.js';

/** Goes back to what an earlier revision was, which makes a new revision. */
export async function rollback(version: number, context: ActionContext): Promise<Release> {
  const { object, records, clock, signal } = context;
  const { rollback: spec = {} } = object.spec;
  const [current, target] = [records.last(), records.get(version)];
  if (current === undefined || target === undefined) throw new Error(`release has no ${version} version`);
  const { serverSideApply = 'auto' } = spec;
  const serverSide = serverSideApply === 'auto' ? target.apply_method === 'ssa' : serverSideApply === 'enabled';
  const timeoutMs = timeoutOf(object, 'rollback');
  const { name } = target;
  let release: Release = {
    ...target,
    version: current.version + 1,
    info: {
      ...(current.info.first_deployed === undefined ? {} : { first_deployed: current.info.first_deployed }),
      last_deployed: helmTime(clock),
      description: `Rollback to ${version}`,
      status: 'pending-rollback',
      ...(target.info.notes === undefined ? {} : { notes: target.info.notes }),
    },
    apply_method: serverSide ? 'ssa' : 'csa',
  };
  await records.create(release, maxHistory(object));
  const before = await built(current, 'current');
  const after = (await built(release, 'new')).map((item) => owned(item, release));
  if (spec.disableHooks !== true) release = await hooks('pre-rollback');
  const options = {
    serverSide,
    replace: spec.force === true && !serverSide,
    upgradeManagers: serverSide && current.apply_method !== 'ssa',
  };
  const written = await updateObjects(before, after, options, context).catch(async (error: unknown) => {
    signal.throwIfAborted();
    await records.update(withStatus(current, 'superseded', current.info.description ?? ''));
    await records.update(withStatus(release, 'failed', `Rollback "${name}" failed: ${errorMessage(error)}`));
    if (error instanceof WriteError && spec.cleanupOnFail === true) await cleanUp(error.written.created);
    throw error;
  });
  if (spec.disableWait !== true) {
    try {
      await waitForObjects(after, { timeoutMs, forJobs: spec.disableWaitForJobs !== true, known: written.objects }, context);
    } catch (error) {
      signal.throwIfAborted();
      await records.update(withStatus(release, 'failed', `Release "${name}" failed: ${errorMessage(error)}`));
      throw new Error(`release ${name} failed: ${errorMessage(error)}`, { cause: error });
    }
  }
  if (spec.disableHooks !== true) release = await hooks('post-rollback');
  for (const deployed of records.all().filter(({ info }) => info.status === 'deployed')) {
    await records.update(withStatus(deployed, 'superseded', deployed.info.description ?? ''));
  }
  release = withStatus(release, 'deployed', release.info.description ?? '');
  await records.update(release);
  return release;

  async function built({ manifest, namespace }: Release, which: 'current' | 'new'): Promise<KubeObject[]> {
    try {
      return await manifestObjects(manifest, namespace, context.cluster, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw await failed(
        new Error(`unable to build kubernetes objects from ${which} release manifest: ${errorMessage(error)}`, { cause: error }),
      );
    }
  }

  async function hooks(event: 'pre-rollback' | 'post-rollback'): Promise<Release> {
    try {
      return await runHooks(release, { event, serverSide, timeoutMs }, context);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof HookError) release = error.release;
      throw await failed(error);
    }
  }

  /** A revision that is neither there nor told to have failed would look as if somebody was still at it. */
  async function failed(error: unknown): Promise<unknown> {
    await records.update(withStatus(release, 'failed', `Rollback "${name}" failed: ${errorMessage(error)}`));
    return error;
  }

  async function cleanUp(created: readonly KubeObject[]): Promise<void> {
    const faults = await deleteObjects(created, 'Background', context);
    if (faults.length === 0) return;
    throw new Error(
      `an error occurred while cleaning up resources. original rollback error: unable to cleanup resources: ${faults.join(', ')}`,
    );
  }
}
