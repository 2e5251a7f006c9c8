import { deepEqual, errorMessage, parseDuration, SluiceError } from '@sluice/core';
import type { Artifact, GitRepository } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import {
  jittered,
  REQUESTED_AT,
  type EventInput,
  type Outcome,
  type ReconcileContext,
  type Reconciler,
  type StatusDraft,
} from '@sluice/runtime';
import {
  createGitHubTokens,
  shortMessage,
  type ArtifactOwner,
  type ArtifactStore,
  type GitCheckout,
  type GitClient,
  type GitRequest,
  type ResolvedRevision,
} from '@sluice/sources';
import { SourceFailure } from './failure.js';
import { gitRequest } from './request.js';
import { verificationMode, verifyCheckout } from './verify.js';
import { FAILURES, showProgress, summarize, type GitRepositoryStatus } from './status.js';

export interface GitRepositoryWorld {
  readonly cluster: Cluster;
  readonly git: GitClient;
  readonly store: ArtifactStore;
  /** Whether `file://` addresses are allowed. */
  readonly allowFile: boolean;
}

type Context = ReconcileContext<GitRepositoryStatus>;

/** The controller's name: in events, and as field manager. */
export const SOURCE_CONTROLLER = 'source-controller';

/** Keeps the artifact of a GitRepository at the revision it follows: storage → resolve → fetch → artifact. */
export class GitRepositoryReconciler implements Reconciler<GitRepository, GitRepositoryStatus> {
  readonly #world: GitRepositoryWorld;
  readonly #gitHubTokens = createGitHubTokens();

  constructor(world: GitRepositoryWorld) {
    this.#world = world;
  }

  async reconcile(repository: GitRepository, context: Context): Promise<Outcome> {
    const { status } = context;
    const before = structuredClone({ artifact: status.fields.artifact, failed: FAILURES.some((type) => status.has(type)) });
    try {
      announce(repository, context);
      const stored = await this.#run(repository, context);
      status.remove(...FAILURES, 'ArtifactOutdated', 'Reconciling', 'Stalled');
      summarize(status);
      const next = { type: 'after', delayMs: jittered(parseDuration(repository.spec.interval), context.random) } as const;
      return { next, events: storedEvents(stored, before) };
    } catch (error) {
      context.signal.throwIfAborted();
      return fail(
        error instanceof SourceFailure
          ? error
          : new SourceFailure('FetchFailed', 'GitOperationFailed', errorMessage(error), { cause: error }),
        context,
      );
    }
  }

  async #run(repository: GitRepository, context: Context): Promise<Stored> {
    const { status } = context;
    await this.#checkStorage(repository, context);
    if (repository.spec.verify === undefined) {
      status.remove('SourceVerified');
      delete status.fields.sourceVerificationMode;
    }
    const { cluster, allowFile } = this.#world;
    const asked = context.causes.some(({ reason }) => reason === 'request' || reason === 'spec');
    const gitHubTokens = this.#gitHubTokens;
    const request = await gitRequest(repository, {
      cluster,
      allowFile,
      gitHubTokens,
      signal: context.signal,
      maxAgeMs: asked ? 0 : undefined,
    });
    const resolved = await this.#resolve(request);
    status.remove('FetchFailed');
    const { artifact } = status.fields;
    if (artifact?.revision === resolved.revision && !settingsChanged(repository, status.fields)) {
      context.log.debug('no changes since last reconciliation', { revision: resolved.revision });
      return this.#keep(artifact, status);
    }
    return await this.#fetch(repository, request, resolved, context);
  }

  /** The artifact of the status has to be in the store, and whole. */
  async #checkStorage(repository: GitRepository, { status, event, progress }: StorageContext): Promise<void> {
    const { store } = this.#world;
    status.remove('StorageOperationFailed');
    const collected = store.collectGarbage(ownerOf(repository), status.fields.artifact);
    if (collected.length > 0) {
      event({ severity: 'trace', reason: 'GarbageCollectionSucceeded', message: `garbage collected ${collected.length} artifacts` });
    }
    const { artifact } = status.fields;
    if (artifact !== undefined && (await store.verify(artifact))) {
      const url = store.urlOf(artifact.path);
      if (url !== artifact.url) status.fields.artifact = { ...artifact, url };
      return;
    }
    if (artifact !== undefined) store.remove(artifact.path);
    delete status.fields.artifact;
    status.remove('ArtifactInStorage');
    showProgress(status, artifact === undefined ? 'building artifact' : 'building artifact: disappeared from storage', 'something new');
    progress();
  }

  async #resolve(request: GitRequest): Promise<ResolvedRevision> {
    try {
      return await this.#world.git.resolve(request);
    } catch (error) {
      throw checkoutFailed(error);
    }
  }

  #keep(artifact: Artifact, status: StatusDraft<GitRepositoryStatus>): Stored {
    status.set('ArtifactInStorage', 'True', 'Succeeded', `stored artifact for revision '${artifact.revision}'`);
    return { artifact, title: artifact.revision };
  }

  async #fetch(repository: GitRepository, request: GitRequest, resolved: ResolvedRevision, context: Context): Promise<Stored> {
    const { status } = context;
    let stored: Stored | undefined;
    try {
      stored = await this.#world.git.checkout(request, resolved, async (checkout) => {
        await this.#verify(repository, checkout, context);
        this.#announceRevision(resolved, context);
        return await this.#store(repository, checkout);
      });
    } catch (error) {
      context.signal.throwIfAborted();
      throw error instanceof SourceFailure ? error : checkoutFailed(error);
    }
    status.fields.artifact = stored.artifact;
    observeSettings(repository, status.fields);
    return this.#settle(stored, status);
  }

  #announceRevision({ revision }: ResolvedRevision, { status, progress }: StorageContext): void {
    if (status.fields.artifact?.revision === revision) return;
    const message = `new upstream revision '${revision}'`;
    if (status.fields.artifact !== undefined) status.set('ArtifactOutdated', 'True', 'NewRevision', message);
    showProgress(status, `building artifact: ${message}`, 'something new');
    progress();
  }

  /** Before anything of the checkout is told of or stored. */
  async #verify(repository: GitRepository, checkout: GitCheckout, context: Context): Promise<void> {
    const message = await verifyCheckout(repository, checkout, this.#world.cluster, context.signal);
    if (message === undefined) return;
    context.status.set('SourceVerified', 'True', 'Succeeded', message);
    context.event({ severity: 'trace', reason: 'Succeeded', message });
  }

  #settle(stored: Stored, status: StatusDraft<GitRepositoryStatus>): Stored {
    this.#keep(stored.artifact, status);
    return stored;
  }

  async #store(repository: GitRepository, { revision, commit, tree }: GitCheckout): Promise<Stored> {
    try {
      const artifact = await this.#world.store.put(ownerOf(repository), tree, {
        revision,
        fileName: commit.hash,
        ignore: repository.spec.ignore,
      });
      return { artifact, title: shortMessage(commit.message) };
    } catch (error) {
      throw new SourceFailure(
        'StorageOperationFailed',
        'ArchiveOperationFailed',
        `unable to archive artifact to storage: ${errorMessage(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  finalize(repository: GitRepository, context: Context): Promise<void> {
    this.#world.store.removeAll(ownerOf(repository));
    context.event({ severity: 'trace', reason: 'GarbageCollectionSucceeded', message: 'garbage collected artifacts for deleted resource' });
    return Promise.resolve();
  }

  suspended(_: GitRepository, status: StatusDraft<GitRepositoryStatus>): void {
    summarize(status);
    status.observeGeneration();
  }
}

type StorageContext = Pick<Context, 'status'> & { event: (event: EventInput) => void; progress: () => void };

/** The artifact that a pass ended with, and what to call it in an event. */
interface Stored {
  readonly artifact: Artifact;
  readonly title: string;
}

/** Says at once that a new spec, or a request, was seen. */
function announce({ metadata }: GitRepository, { status, progress }: StorageContext): void {
  const { observedGeneration = -1, lastHandledReconcileAt } = status.fields;
  showProgress(status, 'reconciliation in progress', 'nothing new');
  if (metadata.generation !== observedGeneration) {
    showProgress(status, `processing object: new generation ${observedGeneration} -> ${metadata.generation}`, 'nothing new');
  } else if (metadata.annotations?.[REQUESTED_AT] === lastHandledReconcileAt) {
    return;
  }
  progress();
}

function fail(failure: SourceFailure, context: Context): Outcome {
  const { status } = context;
  const { condition, reason, message } = failure;
  status.set(condition, condition === 'SourceVerified' ? 'False' : 'True', reason, message);
  if (failure.terminal) {
    status.stalled(reason, message);
    status.observeGeneration();
  }
  summarize(status);
  context.event({ severity: 'error', reason, message });
  context.log.error(message, failure.cause ?? failure);
  return { next: failure.terminal ? { type: 'idle' } : { type: 'retry' } };
}

/** A new artifact is told, and that a failure is over. */
function storedEvents({ artifact, title }: Stored, before: { artifact: Artifact | undefined; failed: boolean }): EventInput[] {
  const isNew = before.artifact?.digest !== artifact.digest;
  if (!isNew && !before.failed) return [];
  return [
    {
      severity: 'info',
      reason: isNew ? 'NewArtifact' : 'Succeeded',
      message: `stored artifact for commit '${title}'`,
      metadata: { 'source.toolkit.fluxcd.io/revision': artifact.revision, 'source.toolkit.fluxcd.io/digest': artifact.digest },
    },
  ];
}

function checkoutFailed(error: unknown): SourceFailure {
  if (error instanceof SluiceError && error.reason === 'GitRepositoryEmpty') {
    return new SourceFailure('FetchFailed', 'EmptyGitRepository', 'git repository is empty', { cause: error });
  }
  const terminal = error instanceof SluiceError && error.reason === 'GitUrlRefused';
  return new SourceFailure('FetchFailed', 'GitOperationFailed', `failed to checkout and determine revision: ${errorMessage(error)}`, {
    terminal,
    cause: error,
  });
}

/** Whether the same revision would make another artifact. */
function settingsChanged(repository: GitRepository, status: GitRepositoryStatus): boolean {
  const { spec, metadata } = repository;
  const mode = verificationMode(repository);
  return (
    // Other keys may be trusted now.
    (mode !== undefined && (mode !== status.sourceVerificationMode || metadata.generation !== status.observedGeneration)) ||
    spec.ignore !== status.observedIgnore ||
    (spec.recurseSubmodules ?? false) !== (status.observedRecurseSubmodules ?? false) ||
    !deepEqual(spec.sparseCheckout ?? [], status.observedSparseCheckout ?? [])
  );
}

function observeSettings(repository: GitRepository, status: GitRepositoryStatus): void {
  const { spec } = repository;
  const mode = verificationMode(repository);
  delete status.sourceVerificationMode;
  if (mode !== undefined) status.sourceVerificationMode = mode;
  delete status.observedIgnore;
  delete status.observedRecurseSubmodules;
  delete status.observedSparseCheckout;
  if (spec.ignore !== undefined) status.observedIgnore = spec.ignore;
  if (spec.recurseSubmodules === true) status.observedRecurseSubmodules = true;
  if (spec.sparseCheckout !== undefined) status.observedSparseCheckout = spec.sparseCheckout;
}

function ownerOf({ kind, metadata }: GitRepository): ArtifactOwner {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
}
