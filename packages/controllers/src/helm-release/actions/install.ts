import { errorMessage, type KubeObject } from '@sluice/core';
import { checkReleaseName, releaseOf, type Release, type ReleaseStatus } from '@sluice/helm';
import { isAlreadyExists } from '@sluice/kube';
import { releaseName, releaseNamespace, timeoutOf } from '../spec.js';
import { existingObjects } from './adoption.js';
import { helmTime, MANAGER, type ReleaseContext } from './context.js';
import { applyDefinitions } from './crds.js';
import { runHooks, HookError } from './hooks.js';
import { manifestObjects, owned } from './objects.js';
import { waitForObjects } from './wait.js';
import { createObjects, updateObjects, type Written } from './write.js';

/** Installs the release. What fails after its record was written leaves a record that says so. */
export async function install(context: ReleaseContext): Promise<Release> {
  const { object, chart, values, records, clock, cluster, signal } = context;
  const { install: spec = {}, targetNamespace } = object.spec;
  const serverSide = spec.serverSideApply ?? !context.helm3;
  const policy = spec.crds ?? (spec.skipCRDs === true ? 'Skip' : 'Create');
  try {
    await applyDefinitions(chart, values, { policy, serverSide }, context);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`failed to apply CustomResourceDefinitions: ${errorMessage(error)}`, { cause: error });
  }
  const [name, namespace] = [releaseName(object), releaseNamespace(object)];
  const version = versionFor(name, context);
  const rendering = await context.render(values, { revision: 1, isUpgrade: false });
  const now = helmTime(clock);
  const info = { first_deployed: now, last_deployed: now, description: 'Initial install underway', status: 'pending-install' as const };
  let release = releaseOf({ name, namespace, version, info, chart, values, rendering, applyMethod: serverSide ? 'ssa' : 'csa' });
  const objects = (await builtObjects(release, context)).map((target) => owned(target, release));
  const adopted = await objectsToAdopt(objects, release, serverSide, context);
  if (targetNamespace !== undefined && spec.createNamespace === true) await createNamespace(targetNamespace, context);
  await supersedeLast(context);
  await records.create(release);
  try {
    release = await perform(release, objects, adopted, serverSide, context);
  } catch (error) {
    signal.throwIfAborted();
    const last = error instanceof HookError ? error.release : release;
    await records.update(withStatus(last, 'failed', `Release "${name}" failed: ${errorMessage(error)}`));
    throw error;
  }
  release = withStatus(release, 'deployed', 'Install complete');
  await records.update(release);
  return release;

  async function perform(
    made: Release,
    targets: readonly KubeObject[],
    existing: readonly KubeObject[],
    onServer: boolean,
    running: ReleaseContext,
  ) {
    const timeoutMs = timeoutOf(object, 'install');
    const run = { serverSide: onServer, timeoutMs };
    let current = made;
    if (spec.disableHooks !== true) current = await hooks(current, 'pre-install');
    const written: Written =
      existing.length === 0
        ? await createObjects(targets, { serverSide: onServer }, running)
        : await updateObjects(existing, targets, { serverSide: onServer, upgradeManagers: true }, running);
    if (spec.disableWait !== true) {
      await waitForObjects(targets, { timeoutMs, forJobs: spec.disableWaitForJobs !== true, known: written.objects }, running);
    }
    return spec.disableHooks === true ? current : await hooks(current, 'post-install');

    async function hooks(before: Release, event: 'pre-install' | 'post-install'): Promise<Release> {
      try {
        return await runHooks(before, { ...run, event }, running);
      } catch (error) {
        running.signal.throwIfAborted();
        throw error instanceof HookError ? new HookError(`failed ${event}: ${error.message}`, error.release, error) : error;
      }
    }
  }

  async function createNamespace(wanted: string, running: ReleaseContext): Promise<void> {
    try {
      const metadata = { name: wanted, labels: { name: wanted } };
      await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata }, { fieldManager: MANAGER, signal });
    } catch (error) {
      running.signal.throwIfAborted();
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

/** The first revision; or the next one, where the name of a release that is gone may be used again. */
function versionFor(name: string, { object, records }: ReleaseContext): number {
  checkReleaseName(name);
  const last = records.last();
  if (last === undefined) return 1;
  const { status } = last.info;
  if (object.spec.install?.replace === true && (status === 'uninstalled' || status === 'failed')) return last.version + 1;
  throw new Error('release name check failed: cannot reuse a name that is still in use');
}

async function supersedeLast({ records }: ReleaseContext): Promise<void> {
  const last = records.last();
  if (last !== undefined && last.info.status !== 'failed')
    await records.update(withStatus(last, 'superseded', 'superseded by new release'));
}

async function builtObjects({ manifest, namespace }: Release, { cluster, signal }: ReleaseContext): Promise<KubeObject[]> {
  try {
    return await manifestObjects(manifest, namespace, cluster, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`unable to build kubernetes objects from release manifest: ${errorMessage(error)}`, { cause: error });
  }
}

/**
 * The objects that exist already, and become the release's. An apply by the server takes them over without having been
 * told of them: then nobody needs to look for them first.
 */
async function objectsToAdopt(
  objects: readonly KubeObject[],
  release: Release,
  serverSide: boolean,
  context: ReleaseContext,
): Promise<KubeObject[]> {
  const takeOwnership = context.object.spec.install?.disableTakeOwnership !== true;
  if (takeOwnership && serverSide) return [];
  try {
    return await existingObjects(objects, release, takeOwnership, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw new Error(`unable to continue with install: ${errorMessage(error)}`, { cause: error });
  }
}

/** The release in another state. */
export function withStatus(release: Release, status: ReleaseStatus, description: string): Release {
  return { ...release, info: { ...release.info, status, description } };
}
