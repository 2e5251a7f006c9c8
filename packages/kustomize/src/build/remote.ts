import { SluiceError, type FileTree } from '@sluice/core';

/** What was fetched for a build beforehand; undefined for what was not. */
export interface Remotes {
  /** The content behind an `http(s)` URL. */
  file(url: string): Uint8Array | undefined;
  /** The tree of a repository, and the directory in it that a base's URL means. */
  repository(url: string): RemoteRepository | undefined;
}

export interface RemoteRepository {
  readonly tree: FileTree;
  readonly path: string;
  /** What is cloned, and which of its references: for the notes that a build makes of where something is from. */
  readonly repo?: string;
  readonly ref?: string;
}

/** A build needs something that is not in its tree. */
export class RemoteBaseError extends SluiceError {
  readonly url: string;

  constructor(url: string, isAllowed: boolean) {
    const why = isAllowed ? 'it was not fetched' : 'remote bases are off: put it into the repository, or allow them';
    super('BuildRefused', `${url} is not in the tree of this build, and ${why}`);
    this.url = url;
  }
}

/** The URL that a build stopped at, however deep in its bases; undefined when it failed for something else. */
export function remoteBaseOf(error: unknown): string | undefined {
  if (error instanceof RemoteBaseError) return error.url;
  return error instanceof Error && error.cause !== undefined ? remoteBaseOf(error.cause) : undefined;
}

export function isRemoteUrl(path: string): boolean {
  return /^https?:\/\//.test(path);
}

/** Whether a path names a repository in one of the spellings that kustomize knows. */
export function isRepositoryUrl(path: string): boolean {
  return /^(?:git::|(?:https?|ssh|file|git):\/\/|[\w.-]+@[\w.-]+[:/]|(?:www\.)?github\.com[:/]|gh:)/i.test(path);
}
