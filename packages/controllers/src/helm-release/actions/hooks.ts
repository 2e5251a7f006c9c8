import { errorMessage, type KubeObject } from '@sluice/core';
import { hookOf, hooksOf, type HookEvent, type Release, type StoredHook } from '@sluice/helm';
import { podLogs } from '@sluice/kube';
import { helmTime, type ActionContext } from './context.js';
import { manifestObjects } from './objects.js';
import { waitForDeletion, waitForHook } from './wait.js';
import { createObjects, deleteObjects } from './write.js';

export interface HookRun {
  readonly event: HookEvent;
  readonly serverSide: boolean;
  readonly timeoutMs: number;
  /** Which of the event's hooks. Default: all. */
  readonly only?: (name: string) => boolean;
}

/** A hook failed. The release tells which, and when. */
export class HookError extends Error {
  readonly release: Release;

  constructor(message: string, release: Release, cause: unknown) {
    super(message, { cause });
    this.release = release;
  }
}

/**
 * Runs the hooks of an event, one after the other. Returns the release with what has become of each, which is stored
 * before each of them begins. Deletes hooks as they want to be deleted.
 */
export async function runHooks(release: Release, run: HookRun, context: ActionContext): Promise<Release> {
  const stored = release.hooks ?? [];
  const hooks = hooksOf(stored.map(hookOf), run.event);
  // The order is that of the event; what is recorded is recorded of the hook of that name, kind and path.
  const queue = hooks
    .flatMap((hook) => stored.find((other) => isSame(other, hook)) ?? [])
    .filter(({ name = '' }) => run.only?.(name) ?? true);
  let current = release;
  const done: StoredHook[] = [];
  for (const hook of queue) {
    const policies = hook.delete_policies?.length ? hook.delete_policies : ['before-hook-creation'];
    const begun = { ...hook, delete_policies: policies };
    const objects = await hookObjects(begun, release, run.event, context);
    if (policies.includes('before-hook-creation')) await removeHook(begun, objects, run, context);
    const startedAt = helmTime(context.clock);
    current = withHook(current, { ...begun, last_run: { started_at: startedAt, phase: 'Running' } });
    await context.records.update(current);
    const ended = (phase: 'Succeeded' | 'Failed'): StoredHook => ({
      ...begun,
      last_run: { started_at: startedAt, completed_at: helmTime(context.clock), phase },
    });
    try {
      await start(objects, begun, run, context);
      await waitForHook(objects, run.timeoutMs, context);
    } catch (error) {
      context.signal.throwIfAborted();
      const failed = ended('Failed');
      current = withHook(current, failed);
      await noteLogs(objects, context);
      if (policies.includes('hook-failed')) await removeHook(failed, objects, run, context);
      for (const earlier of done) await removeIfWanted(earlier, release, run, context);
      throw new HookError(errorMessage(error), current, error);
    }
    const succeeded = ended('Succeeded');
    current = withHook(current, succeeded);
    done.push(succeeded);
  }
  for (const hook of done.toReversed()) await removeIfWanted(hook, release, run, context);
  return current;
}

function isSame(
  stored: StoredHook,
  { name, kind, path }: { readonly name: string; readonly kind: string; readonly path: string },
): boolean {
  return stored.name === name && stored.kind === kind && stored.path === path;
}

function withHook(release: Release, hook: StoredHook): Release {
  const same = (other: StoredHook): boolean => other.name === hook.name && other.kind === hook.kind && other.path === hook.path;
  return { ...release, hooks: (release.hooks ?? []).map((other) => (same(other) ? hook : other)) };
}

async function hookObjects(
  hook: StoredHook,
  release: Release,
  event: HookEvent,
  { cluster, signal }: ActionContext,
): Promise<KubeObject[]> {
  try {
    return await manifestObjects(hook.manifest ?? '', release.namespace, cluster, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`unable to build kubernetes object for ${event} hook ${hook.path ?? ''}: ${errorMessage(error)}`, { cause: error });
  }
}

async function start(objects: readonly KubeObject[], hook: StoredHook, run: HookRun, context: ActionContext): Promise<void> {
  try {
    await createObjects(objects, { serverSide: run.serverSide }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw new Error(`warning: Hook ${run.event} ${hook.path ?? ''} failed: ${errorMessage(error)}`, { cause: error });
  }
}

async function removeIfWanted(hook: StoredHook, release: Release, run: HookRun, context: ActionContext): Promise<void> {
  if (hook.delete_policies?.includes('hook-succeeded') !== true) return;
  await removeHook(hook, await hookObjects(hook, release, run.event, context), run, context);
}

/** Definitions are never deleted: all that is of their kinds would go, too. */
async function removeHook(hook: StoredHook, objects: readonly KubeObject[], run: HookRun, context: ActionContext): Promise<void> {
  if (hook.kind === 'CustomResourceDefinition') return;
  const faults = await deleteObjects(objects, 'Background', context);
  if (faults.length > 0) throw new Error(faults.join('; '));
  await waitForDeletion(objects, run.timeoutMs, context);
}

const LOG_LINES = 20;

/** The last lines of what a failed hook wrote, for the event that tells of it. */
async function noteLogs(objects: readonly KubeObject[], { cluster, signal, note }: ActionContext): Promise<void> {
  for (const { kind, metadata } of objects) {
    const { namespace = '', name = '' } = metadata;
    if (kind !== 'Pod' && kind !== 'Job') continue;
    try {
      const { items } = await cluster.list(
        { apiVersion: 'v1', kind: 'Pod', namespace },
        { ...(kind === 'Pod' ? { fieldSelector: `metadata.name=${name}` } : { labelSelector: `job-name=${name}` }), signal },
      );
      for (const pod of items) {
        const lines: string[] = [];
        const place = { namespace, name: pod.metadata.name ?? '' };
        for await (const line of podLogs(cluster, place, { tailLines: LOG_LINES, signal })) lines.push(line);
        if (lines.length > 0) note(`logs of Pod ${namespace}/${place.name}:\n${lines.join('\n')}`);
      }
    } catch (error) {
      signal.throwIfAborted();
      note(`logs of ${kind} ${namespace}/${name} can't be read: ${errorMessage(error)}`);
    }
  }
}
