import { formatDuration, type FileTree, type KubeObject } from '@sluice/core';
import { groups, type Artifact, type Kustomization } from '@sluice/api';
import type { ObjectCache } from '@sluice/runtime';
import type { KustomizationSettings } from './settings.js';
import { failed, stalled, StageError } from './stage-error.js';

/** The kinds that a Kustomization can take its files from. */
export const SOURCE_KINDS = ['GitRepository', 'OCIRepository', 'Bucket', 'ExternalArtifact'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

export type SourceCaches = Readonly<Record<SourceKind, ObjectCache>>;

/** The artifact that a pass works with. */
export interface Source {
  readonly artifact: Artifact;
  readonly revision: string;
  /** The revision that the artifact was made from, where that is another one: the Git commit of an OCI image. */
  readonly originRevision: string | undefined;
}

/** Opens an artifact. Throws `ArtifactMissing` when it is not there (yet, or any more). */
export type OpenArtifact = (artifact: Artifact, signal: AbortSignal) => Promise<FileTree>;

/** `namespace/name` and kind of the source of a Kustomization. */
export function sourceKeyOf({ spec, metadata }: Kustomization): { kind: SourceKind; namespace: string; name: string } {
  const { kind, name, namespace = metadata.namespace ?? '' } = spec.sourceRef;
  return { kind, namespace, name };
}

/** Finds the source and its artifact, if the Kustomization may use it. */
export function resolveSource(kustomization: Kustomization, caches: SourceCaches, settings: KustomizationSettings): Source {
  const { kind, namespace, name } = sourceKeyOf(kustomization);
  const subject = `${kind}/${namespace}/${name}`;
  if (settings.noCrossNamespaceRefs && namespace !== kustomization.metadata.namespace) {
    throw stalled('AccessDenied', `can't access '${subject}', cross-namespace references have been blocked`);
  }
  if (kind === 'ExternalArtifact' && !settings.allowExternalArtifact) {
    throw stalled('AccessDenied', `can't access '${subject}', ExternalArtifact feature gate is disabled`);
  }
  const object = caches[kind].get(namespace, name);
  if (object === undefined) {
    const message = `${kind}.${groups.source} ${JSON.stringify(name)} not found`;
    throw new StageError({ reason: 'ArtifactFailed', message, next: 'retry', event: null });
  }
  const artifact = artifactOf(object);
  if (artifact === undefined) throw artifactMissing('Source artifact not found', settings);
  return { artifact, revision: artifact.revision, originRevision: artifact.metadata?.['org.opencontainers.image.revision'] };
}

/** The files of the artifact. */
export async function fetchSource(
  source: Source,
  open: OpenArtifact,
  settings: KustomizationSettings,
  signal: AbortSignal,
): Promise<FileTree> {
  try {
    return await open(source.artifact, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (isArtifactMissing(error)) throw artifactMissing('Source is not ready, artifact not found', settings);
    throw failed('ArtifactFailed', error instanceof Error ? error.message : String(error), error);
  }
}

/** The path to build, which has to be there. */
export function buildPath({ spec }: Kustomization, tree: FileTree): string {
  const path = spec.path ?? '.';
  // As in a change of root: `..` at the top stays at the top, and an absolute path starts there.
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '' && step !== '.') steps.push(step);
  }
  const inside = steps.length === 0 ? '.' : steps.join('/');
  if (tree.stat(inside) === undefined) {
    throw failed('ArtifactFailed', `kustomization path not found: stat ${inside}: no such file or directory`);
  }
  return inside;
}

export function artifactOf(object: KubeObject): Artifact | undefined {
  return (object['status'] as { artifact?: Artifact } | undefined)?.artifact;
}

function artifactMissing(what: string, { requeueDependencyMs }: KustomizationSettings): StageError {
  const message = `${what}, retrying in ${formatDuration(requeueDependencyMs)}`;
  return new StageError({ reason: 'ArtifactFailed', message, next: { type: 'after', delayMs: requeueDependencyMs }, event: null });
}

function isArtifactMissing(error: unknown): boolean {
  return (error as { reason?: unknown }).reason === 'ArtifactMissing';
}
