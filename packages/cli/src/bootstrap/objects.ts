import { errorMessage, isJsonObject, requestAnnotations, type KubeObject } from '@sluice/core';
import { computeHealth, isNotFound, waitFor, type Cluster } from '@sluice/kube';
import { conditionsOf, field } from '../kinds/index.js';
import type { Terminal } from '../terminal.js';

/** After so long without a sign of life it is worth saying who should work on an object. */
const HINT_AFTER_MS = 20_000;

/** A failure is believed when it has lasted for so long: a server may take some seconds to know a new key. */
const PATIENCE_MS = 15_000;

/** Reasons of a Ready=False that passes by itself. */
const PASSING: ReadonlySet<unknown> = new Set(['DependencyNotReady', 'ArtifactFailed', 'Progressing', 'ProgressingWithRetry']);

export interface SyncedObject {
  readonly apiVersion: string;
  readonly kind: 'GitRepository' | 'Kustomization';
  readonly namespace: string;
  readonly name: string;
}

/** Asks the controllers to look at an object now, and waits until it is as the commit has it. Throws what is wrong with it. */
export async function waitForSync(
  cluster: Cluster,
  key: SyncedObject,
  revision: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const id = `${key.namespace}/${key.name}`;
  terminal.waiting(`waiting for ${key.kind} ${JSON.stringify(id)} to be reconciled`);
  const request = new Date().toISOString();
  await cluster.patch(
    key,
    'merge',
    { metadata: { annotations: { [requestAnnotations.requestedAt]: request } } },
    { signal, fieldManager: 'flux' },
  );
  let message = 'no controller has looked at it';
  let isSeen = false;
  const hint = setTimeout(() => {
    if (!isSeen)
      terminal.warning(
        `no controller works on ${key.kind} ${id} yet. On a cluster that only plays its workloads, run \`sluice controller\` in another terminal.`,
      );
  }, HINT_AFTER_MS);
  const believed = new AbortController();
  let failing: NodeJS.Timeout | undefined;
  try {
    await waitFor(
      cluster,
      key,
      (object) => {
        if (object === undefined) throw new Error(`${key.kind} ${id} was deleted`);
        if (field(object, 'spec', 'suspend') === true) throw new Error(`${key.kind} '${id}' is suspended: resume it and try again`);
        isSeen ||= conditionsOf(object).length > 0;
        const ready = conditionsOf(object).find(({ type }) => type === 'Ready');
        if (ready !== undefined) message = ready.message;
        if (!hasFailed(object, request)) {
          clearTimeout(failing);
          failing = undefined;
        } else failing ??= setTimeout(() => believed.abort(new Error(message)), PATIENCE_MS);
        return isSynced(object, key, revision);
      },
      { signal: AbortSignal.any([signal, believed.signal]) },
    );
  } catch (error) {
    const why = believed.signal.aborted ? message : errorMessage(error);
    if (!signal.aborted) throw new Error(`error while waiting for ${key.kind} to be ready: '${why}'`, { cause: error });
    throw new Error(`error while waiting for ${key.kind} to be ready: ${key.kind.toLowerCase()} '${id}' not ready: '${message}'`, {
      cause: error,
    });
  } finally {
    clearTimeout(hint);
    clearTimeout(failing);
  }
  terminal.success(`${key.kind} reconciled successfully`);
}

/** Whether the pass that was asked for has failed: what was said before may be of a commit or a key that are no more. */
function hasFailed(object: KubeObject, request: string): boolean {
  const ready = conditionsOf(object).find(({ type }) => type === 'Ready');
  const isHandled = field(object, 'status', 'lastHandledReconcileAt') === request;
  return isHandled && ready?.status === 'False' && !PASSING.has(field(ready, 'reason'));
}

function isSynced(object: KubeObject, { kind }: SyncedObject, revision: string): boolean {
  if (field(object, 'status', 'observedGeneration') !== object.metadata.generation || computeHealth(object).status !== 'Current')
    return false;
  const ready = conditionsOf(object).find(({ type }) => type === 'Ready');
  const seen = kind === 'GitRepository' ? field(object, 'status', 'artifact', 'revision') : field(object, 'status', 'lastAppliedRevision');
  return ready?.status === 'True' && seen === revision;
}

/** The directory that the cluster is synced with already; undefined when with none. */
export async function syncedPath(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<string | undefined> {
  const existing = await existingKustomization(cluster, namespace, signal);
  const path = field(existing, 'spec', 'path');
  return typeof path === 'string' ? path : undefined;
}

/** Whether a bootstrap has brought the controllers to work before: from then on they keep themselves up to date. */
export async function isRunning(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<boolean> {
  const applied = field(await existingKustomization(cluster, namespace, signal), 'status', 'lastAppliedRevision');
  return typeof applied === 'string' && applied !== '';
}

async function existingKustomization(cluster: Cluster, name: string, signal: AbortSignal): Promise<KubeObject | undefined> {
  const kind = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' };
  // Before the first installation there is no such kind.
  if ((await cluster.resourceOf(kind, { signal })) === undefined) return undefined;
  return cluster.get({ ...kind, namespace: name, name }, { signal });
}

/** On a sync that rests for a bootstrap. One that somebody else has suspended does not have it. */
const PAUSED = 'sluice.dev/paused-by-bootstrap';

/**
 * Lets the sync that is there rest while its source gets another address or key: it would put back at once what the last
 * commit said of the source, which then could learn of no newer one. The result ends the rest.
 */
export async function pauseSync(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const existing = await existingKustomization(cluster, namespace, signal);
  const isOurs = existing?.metadata.annotations?.[PAUSED] !== undefined;
  if (existing === undefined || (field(existing, 'spec', 'suspend') === true && !isOurs)) return () => Promise.resolve();
  await setPaused(cluster, namespace, true);
  return () => setPaused(cluster, namespace, false);
}

/** Without a signal: what was interrupted must not be left at rest. */
async function setPaused(cluster: Cluster, namespace: string, isPaused: boolean): Promise<void> {
  const key = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace, name: namespace };
  const metadata = { annotations: { [PAUSED]: isPaused ? 'true' : null } };
  await cluster.patch(key, 'merge', { metadata, spec: { suspend: isPaused ? true : null } }, { fieldManager: 'flux' });
}

/** The values of a Secret, decoded; undefined when it is not there. */
export async function secretValues(
  cluster: Cluster,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string> | undefined> {
  const secret = await cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace, name }, { signal }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (secret === undefined) return undefined;
  const data = field(secret, 'data');
  const entries = isJsonObject(data) ? Object.entries(data) : [];
  return new Map(entries.map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]));
}
