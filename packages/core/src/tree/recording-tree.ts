import type { FileTree } from './file-tree.js';
import { normalizePath } from './path.js';

/** What was looked at in a tree: the exact input of whatever looked. */
export interface TreeReads {
  /** Files whose bytes were read. */
  readonly files: ReadonlySet<string>;
  /** Directories that were listed. */
  readonly directories: ReadonlySet<string>;
  /** Paths whose presence was asked for, with the answer: a file that was missing and appears changes the result too. */
  readonly stats: ReadonlyMap<string, 'file' | 'directory' | undefined>;
}

export interface RecordingTree extends FileTree {
  readonly reads: TreeReads;
}

/**
 * The same tree, with a record of what was read from it. Links are followed silently: where they lead is not on record, so
 * the trees of artifacts, which are what is worth recording, have none.
 */
export function recordingTree(tree: FileTree): RecordingTree {
  const files = new Set<string>();
  const directories = new Set<string>();
  const stats = new Map<string, 'file' | 'directory' | undefined>();
  return {
    reads: { files, directories, stats },
    read(path) {
      files.add(normalizePath(path));
      return tree.read(path);
    },
    stat(path) {
      const type = tree.stat(path);
      stats.set(normalizePath(path), type);
      return type;
    },
    list(path) {
      directories.add(normalizePath(path));
      return tree.list(path);
    },
  };
}
