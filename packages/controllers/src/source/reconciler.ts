import { errorMessage, parseDuration, requestAnnotations, type KubeObject } from '@sluice/core';
import type { Artifact } from '@sluice/api';
import { jittered, type EventInput, type Outcome, type ReconcileContext, type Reconciler, type StatusDraft } from '@sluice/runtime';
import type { ArtifactOwner, ArtifactStore } from '@sluice/sources';
import { SourceFailure, type FailureCondition } from './failure.js';
import { showProgress, summarize, type SourceStatus } from './status.js';

/** For the kinds that need not say it. */
const DEFAULT_INTERVAL = '1m';

/** The controller's name: in events, and as field manager. */
export const SOURCE_CONTROLLER = 'source-controller';

export interface SourceObject extends KubeObject {
  readonly spec: { readonly interval?: string };
}

/** The artifact that a pass ended with, and what to say of it. */
export interface Stored {
  readonly artifact: Artifact;
  /** What the condition ArtifactInStorage says. */
  readonly state: { readonly reason: string; readonly message: string };
  /** What the event of a new artifact says, and that of a failure that is over. */
  readonly news: { readonly reason?: string; readonly message: string; readonly metadata?: Readonly<Record<string, string>> };
}

/** What is done with one object, in one pass. */
export interface SourcePass<S extends SourceStatus = SourceStatus> extends ReconcileContext<S> {
  readonly owner: ArtifactOwner;
  readonly store: ArtifactStore;
  /** Says that something new was found, before the work on it begins. */
  found(message: string, reason?: 'NewRevision' | 'NewChart'): void;
  /** Stores an artifact; says what went wrong as a failure of the storage. */
  storing(what: string, run: () => Promise<Artifact>): Promise<Artifact>;
}

/** What is different about a kind of source. */
export interface SourceKind<T extends SourceObject, S extends SourceStatus> {
  /** The conditions that say that something has failed. */
  readonly failures: readonly FailureCondition[];
  /** The order in which conditions decide over Ready. */
  readonly order: readonly string[];
  /** The name under which the latest artifact is found, where the status says its address. */
  readonly latestName?: string;
  /** The reason of failures that nothing was thought of for. */
  readonly unknownReason: string;
  /** The object is going: what was remembered of it can go too. */
  readonly forget?: (object: T) => void;
  /** Finds the newest state of the origin, and stores it where it is not stored yet. Throws {@link SourceFailure}. */
  produce(object: T, pass: SourcePass<S>): Promise<Stored>;
}

/** Keeps the artifact of an object at the newest state of its origin: storage → resolve → fetch → artifact. */
export function createSourceReconciler<T extends SourceObject, S extends SourceStatus>(
  store: ArtifactStore,
  kind: SourceKind<T, S>,
): Reconciler<T, S> {
  return {
    async reconcile(object, context) {
      const { status } = context;
      const before = { artifact: status.fields.artifact, failed: kind.failures.some((type) => status.has(type)) };
      try {
        announce(object, context);
        await checkStorage(store, ownerOf(object), kind.latestName, context);
        const stored = await context.stage('fetch', () => kind.produce(object, passOf(store, object, context)));
        settle(status, stored, kind, store);
        const next = { type: 'after', delayMs: jittered(parseDuration(object.spec.interval ?? DEFAULT_INTERVAL), context.random) } as const;
        return { next, events: storedEvents(stored, before) };
      } catch (error) {
        context.signal.throwIfAborted();
        const failure =
          error instanceof SourceFailure
            ? error
            : new SourceFailure('FetchFailed', kind.unknownReason, errorMessage(error), { cause: error });
        return fail(failure, kind.order, context);
      }
    },
    finalize(object, context) {
      store.removeAll(ownerOf(object));
      kind.forget?.(object);
      context.event({
        severity: 'trace',
        reason: 'GarbageCollectionSucceeded',
        message: 'garbage collected artifacts for deleted resource',
      });
      return Promise.resolve();
    },
    suspended(_, status) {
      summarize(status, kind.order);
      status.observeGeneration();
    },
  };
}

type Context = Pick<ReconcileContext, 'log'> & {
  readonly status: StatusDraft<SourceStatus>;
  readonly progress: () => void;
  readonly event: (event: EventInput) => void;
};

function passOf<S extends SourceStatus>(store: ArtifactStore, object: SourceObject, context: ReconcileContext<S>): SourcePass<S> {
  const { status } = context;
  return {
    ...context,
    store,
    owner: ownerOf(object),
    found(message, reason = 'NewRevision') {
      if (status.fields.artifact !== undefined) status.set('ArtifactOutdated', 'True', reason, message);
      showProgress(status, `building artifact: ${message}`, 'something new');
      context.progress();
    },
    async storing(what, run) {
      try {
        return await context.stage('store', run);
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof SourceFailure) throw error;
        const message = `${what}: ${errorMessage(error)}`;
        throw new SourceFailure('StorageOperationFailed', 'ArchiveOperationFailed', message, { cause: error });
      }
    },
  };
}

/** Says at once that a new spec, or a request, was seen. */
function announce({ metadata }: KubeObject, { status, progress }: Context): void {
  const { observedGeneration = -1, lastHandledReconcileAt } = status.fields;
  showProgress(status, 'reconciliation in progress', 'nothing new');
  if (metadata.generation !== observedGeneration) {
    showProgress(status, `processing object: new generation ${observedGeneration} -> ${metadata.generation}`, 'nothing new');
  } else if (metadata.annotations?.[requestAnnotations.requestedAt] === lastHandledReconcileAt) {
    return;
  }
  progress();
}

/** The artifact of the status has to be in the store, and whole. */
async function checkStorage(
  store: ArtifactStore,
  owner: ArtifactOwner,
  latestName: string | undefined,
  { status, event, progress }: Context,
): Promise<void> {
  status.remove('StorageOperationFailed');
  const { artifact } = status.fields;
  const collected = store.collectGarbage(owner, artifact);
  if (collected.length > 0) {
    event({ severity: 'trace', reason: 'GarbageCollectionSucceeded', message: `garbage collected ${collected.length} artifacts` });
  }
  if (artifact !== undefined && (await store.verify(artifact))) {
    const url = store.urlOf(artifact.path);
    if (url !== artifact.url) status.fields.artifact = { ...artifact, url };
    if (latestName !== undefined) status.fields.url = latestUrl(store, artifact, latestName);
    return;
  }
  if (artifact !== undefined && store.fileOf(artifact.path) !== undefined) {
    const message = `failed to verify integrity of artifact: computed digest doesn't match '${artifact.digest}'`;
    event({ severity: 'error', reason: 'ArtifactVerificationFailed', message });
    store.remove(artifact.path);
  }
  delete status.fields.artifact;
  delete status.fields.url;
  status.remove('ArtifactInStorage');
  showProgress(status, artifact === undefined ? 'building artifact' : 'building artifact: disappeared from storage', 'something new');
  progress();
}

function settle<S extends SourceStatus>(
  status: StatusDraft<S>,
  { artifact, state }: Stored,
  { failures, order, latestName }: Pick<SourceKind<never, S>, 'failures' | 'order' | 'latestName'>,
  store: ArtifactStore,
): void {
  status.fields.artifact = artifact;
  if (latestName !== undefined) status.fields.url = latestUrl(store, artifact, latestName);
  status.set('ArtifactInStorage', 'True', state.reason, state.message);
  status.remove(...failures, 'ArtifactOutdated', 'Reconciling', 'Stalled');
  summarize(status, order);
}

function fail(failure: SourceFailure, order: readonly string[], context: Context): Outcome {
  const { status } = context;
  const { condition, terminal, waiting } = failure;
  const { reason, message } = failure.told;
  status.set(condition, condition === 'SourceVerified' ? 'False' : 'True', failure.reason, failure.message);
  if (terminal) {
    status.stalled(reason, message);
    status.observeGeneration();
  }
  summarize(status, order);
  context.event({ severity: waiting ? 'trace' : 'error', reason, message });
  if (waiting) context.log.info(message);
  else context.log.error(message, failure.cause ?? failure);
  return { next: terminal ? { type: 'idle' } : { type: 'retry' }, ...(waiting ? {} : { failure }) };
}

/** A new artifact is told, and that a failure is over. */
function storedEvents({ artifact, news }: Stored, before: { artifact: Artifact | undefined; failed: boolean }): EventInput[] {
  const isNew = before.artifact?.digest !== artifact.digest;
  if (!isNew && !before.failed) return [];
  return [
    {
      severity: 'info',
      reason: news.reason ?? (isNew ? 'NewArtifact' : 'Succeeded'),
      message: news.message,
      metadata: {
        'source.toolkit.fluxcd.io/revision': artifact.revision,
        'source.toolkit.fluxcd.io/digest': artifact.digest,
        ...news.metadata,
      },
    },
  ];
}

function latestUrl(store: ArtifactStore, { path }: Artifact, latestName: string): string {
  return store.urlOf(path.replace(/[^/]*$/, latestName));
}

function ownerOf({ kind, metadata }: KubeObject): ArtifactOwner {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
}
