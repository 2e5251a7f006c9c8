import { deepEqual, errorMessage, SluiceError } from '@sluice/core';
import type { Artifact, GitRepository } from '@sluice/api';
import type { Cluster, Informer } from '@sluice/kube';
import { keyOf, type Reconciler } from '@sluice/runtime';
import {
  shortMessage,
  type ArtifactStore,
  type GitCheckout,
  type GitClient,
  type GitCommit,
  type GitRequest,
  type ResolvedRevision,
} from '@sluice/sources';
import type { CloudIdentityPool } from '../source/cloud.js';
import { SourceFailure } from '../source/failure.js';
import { createSourceReconciler, type SourcePass, type Stored } from '../source/reconciler.js';
import { secretsOf, type Secrets } from '../source/secrets.js';
import { showProgress, type Draft } from '../source/status.js';
import type { Followers } from './followers.js';
import { includesOf, withIncludes, type Included } from './includes.js';
import { gitRequest } from './request.js';
import { verificationMode, verifyCheckout } from './verify.js';

export interface GitRepositoryWorld {
  readonly cluster: Cluster;
  readonly git: GitClient;
  readonly followers: Followers;
  readonly store: ArtifactStore;
  readonly identities: CloudIdentityPool;
  /** All of them: one may include others. */
  readonly repositories: Informer<GitRepository>;
  /** Whether `file://` addresses are allowed. */
  readonly allowFile: boolean;
}

export type GitRepositoryStatus = Draft<NonNullable<GitRepository['status']>>;
type Pass = SourcePass<GitRepositoryStatus>;

const ORDER = [
  'StorageOperationFailed',
  'FetchFailed',
  'IncludeUnavailable',
  'ArtifactOutdated',
  'ArtifactInStorage',
  'SourceVerified',
  'Stalled',
  'Reconciling',
];

/** Keeps the artifact of a GitRepository at the revision it follows: includes → resolve → fetch → verify → artifact. */
export function createGitRepositoryReconciler(world: GitRepositoryWorld): Reconciler<GitRepository, GitRepositoryStatus> {
  const { cluster, git, followers, store, repositories, identities, allowFile } = world;

  async function produce(repository: GitRepository, pass: Pass): Promise<Stored> {
    const { status, signal } = pass;
    forgetVerification(repository, pass);
    const secrets = secretsOf(repository, cluster, signal);
    const maxAgeMs = listingAge(repository, pass);
    const request = await gitRequest(repository, { secrets, allowFile, identities: identities.of(repository), signal, maxAgeMs });
    await repositories.whenSynced();
    const includes = includesOf(repository, repositories);
    status.remove('IncludeUnavailable');
    announceIncludes(includes, pass);
    const resolved = await followers
      .asking(keyOf(repository), request, () => git.resolve(request))
      .catch((error: unknown) => {
        throw checkoutFailed(error);
      });
    status.remove('FetchFailed');
    const { artifact } = status.fields;
    if (artifact?.revision === resolved.revision && !settingsChanged(repository, includes, status.fields)) {
      pass.log.debug('no changes since last reconciliation', { revision: resolved.revision });
      return storedAs(artifact, artifact.revision);
    }
    const stored = await fetch(request, resolved, (checkout) => keep(repository, checkout, includes, secrets, pass), pass);
    observeSettings(repository, includes, status.fields);
    return stored;
  }

  /** Who asked to look, or changed where, is shown what is there now; and who has failed, what is there soon. */
  function listingAge(repository: GitRepository, { causes, status }: Pass): number | undefined {
    if (causes.some(({ reason }) => reason === 'request' || reason === 'spec')) return 0;
    return status.has('FetchFailed') ? undefined : followers.maxAgeMs(keyOf(repository));
  }

  async function fetch(
    request: GitRequest,
    resolved: ResolvedRevision,
    use: (checkout: GitCheckout) => Promise<Stored>,
    { signal }: Pass,
  ): Promise<Stored> {
    try {
      return await git.checkout(request, resolved, use);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof SourceFailure ? error : checkoutFailed(error);
    }
  }

  async function keep(
    repository: GitRepository,
    { revision, commit, tree, ...checkout }: GitCheckout,
    includes: readonly Included[],
    secrets: Secrets,
    pass: Pass,
  ): Promise<Stored> {
    const { status, owner } = pass;
    // Before anything of the checkout is told of or stored.
    const verified = await verifyCheckout(repository, { revision, commit, tree, ...checkout }, secrets);
    if (verified !== undefined) {
      status.set('SourceVerified', 'True', 'Succeeded', verified);
      pass.event({ severity: 'trace', reason: 'Succeeded', message: verified });
    }
    if (status.fields.artifact?.revision !== revision) pass.found(`new upstream revision '${revision}'`);
    const whole = await withIncludes(tree, includes, store);
    const options = { revision, fileName: commit.hash, ignore: repository.spec.ignore };
    const artifact = await pass.storing('unable to archive artifact to storage', () => store.put(owner, whole, options));
    const stored = storedAs(artifact, shortMessage(commit.message));
    return { ...stored, news: { ...stored.news, metadata: commitMetadata(commit, verified !== undefined) } };
  }

  return createSourceReconciler<GitRepository, GitRepositoryStatus>(store, {
    failures: ['FetchFailed', 'IncludeUnavailable', 'StorageOperationFailed'],
    order: ORDER,
    unknownReason: 'GitOperationFailed',
    produce,
    forget: (repository) => followers.forget(keyOf(repository)),
  });
}

/** What was verified once says nothing when nothing is to be verified any more, and what failed is tried anew. */
function forgetVerification({ spec }: GitRepository, { status }: Pass): void {
  if (status.has('SourceVerified', 'False')) status.remove('SourceVerified');
  if (spec.verify !== undefined) return;
  status.remove('SourceVerified');
  delete status.fields.sourceVerificationMode;
}

function announceIncludes(includes: readonly Included[], pass: Pass): void {
  const { includedArtifacts: before = [] } = pass.status.fields;
  const isKnown = ({ artifact }: Included): boolean => before.some(({ revision }) => revision === artifact.revision);
  if (before.length === includes.length && includes.every(isKnown)) return;
  showProgress(pass.status, 'building artifact: included artifacts differ from last observed includes', 'something new');
  pass.progress();
}

function storedAs(artifact: Artifact, title: string): Stored {
  return {
    artifact,
    state: { reason: 'Succeeded', message: `stored artifact for revision '${artifact.revision}'` },
    news: { message: `stored artifact for commit '${title}'` },
  };
}

/** Who is behind a new revision, for those who are told of it. */
function commitMetadata({ author, message, signature }: GitCommit, isVerified: boolean): Record<string, string> {
  return {
    'source.toolkit.fluxcd.io/commit-author': `${author.name} <${author.email}>`,
    'source.toolkit.fluxcd.io/commit-message': message.trim(),
    'source.toolkit.fluxcd.io/commit-signature': isVerified ? 'verified' : signature === undefined ? 'none' : 'not verified',
  };
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
function settingsChanged(repository: GitRepository, includes: readonly Included[], status: GitRepositoryStatus): boolean {
  const { spec, metadata } = repository;
  const mode = verificationMode(repository);
  const { includedArtifacts = [] } = status;
  return (
    // Other keys may be trusted now.
    (mode !== undefined && (mode !== status.sourceVerificationMode || metadata.generation !== status.observedGeneration)) ||
    spec.ignore !== status.observedIgnore ||
    (spec.recurseSubmodules ?? false) !== (status.observedRecurseSubmodules ?? false) ||
    !deepEqual(spec.sparseCheckout ?? [], status.observedSparseCheckout ?? []) ||
    !deepEqual(spec.include ?? [], status.observedInclude ?? []) ||
    includedArtifacts.length !== includes.length ||
    includes.some(({ artifact }, index) => !isSame(artifact, includedArtifacts[index]))
  );
}

function isSame(a: Artifact, b: Artifact | undefined): boolean {
  return a.revision === b?.revision && a.digest === b.digest;
}

function observeSettings(repository: GitRepository, includes: readonly Included[], status: GitRepositoryStatus): void {
  const { spec } = repository;
  const mode = verificationMode(repository);
  delete status.sourceVerificationMode;
  if (mode !== undefined) status.sourceVerificationMode = mode;
  delete status.observedIgnore;
  delete status.observedRecurseSubmodules;
  delete status.observedSparseCheckout;
  delete status.observedInclude;
  delete status.includedArtifacts;
  if (spec.ignore !== undefined) status.observedIgnore = spec.ignore;
  if (spec.recurseSubmodules === true) status.observedRecurseSubmodules = true;
  if (spec.sparseCheckout !== undefined) status.observedSparseCheckout = spec.sparseCheckout;
  if (spec.include !== undefined) status.observedInclude = spec.include;
  if (includes.length > 0) status.includedArtifacts = includes.map(({ artifact }) => artifact);
}
