import type { FileTree } from './file-tree.js';
import { joinPath, normalizePath } from './path.js';

/** The tree below a directory of another tree. Its root is that directory: nothing above it can be named. */
export function subTree(tree: FileTree, directory: string): FileTree {
  const root = normalizePath(directory);
  if (root === '.') return tree;
  const inside = (path: string): string => joinPath(root, normalizePath(path));
  return {
    read: (path) => tree.read(inside(path)),
    stat: (path) => tree.stat(inside(path)),
    list: (path) => tree.list(inside(path)),
  };
}
