/**
 * A read-only rooted set of files: an artifact's directory, a Git tree, memory.
 *
 * Paths are relative to the root and slash separated (`apps/base/kustomization.yaml`); the root is `.`. No path leaves
 * the root, symbolic links included: a path that would is a `PathEscapes` error, in every implementation. Reads are
 * synchronous, so that the engines over a tree are plain functions.
 */
export interface FileTree {
  /** The bytes of a file. Throws `FileNotFound`, `FileInvalid` (not a regular file, too large) or `PathEscapes`. */
  read(path: string): Uint8Array;
  /** What is at a path, links followed; undefined when nothing is. Throws `PathEscapes`. */
  stat(path: string): 'file' | 'directory' | undefined;
  /** The entries of a directory, sorted by name, links resolved. Throws `FileNotFound` or `PathEscapes`. */
  list(path: string): readonly TreeEntry[];
  /**
   * Where a path leads once all links in it are followed, in its one spelling. Only trees that may hold
   * links have it; elsewhere a path is what it says. Throws `FileNotFound` or `PathEscapes`.
   */
  realPath?(path: string): string;
}

export interface TreeEntry {
  readonly name: string;
  readonly type: 'file' | 'directory';
}
