import { joinPath, type FileTree } from '@sluice/core';
import { ignoreMatcher, parsePatterns } from '@sluice/sources';

/** A tree without what some patterns of .gitignore leave out below a directory. */
export function ignoringTree(tree: FileTree, directory: string, patterns: readonly string[]): FileTree {
  const isIgnored = ignoreMatcher(parsePatterns(patterns.join('\n')));
  const isHidden = (path: string, isDirectory: boolean): boolean => {
    if (!path.startsWith(`${directory}/`)) return false;
    return isIgnored(path.slice(directory.length + 1).split('/'), isDirectory);
  };
  return {
    ...(tree.realPath === undefined ? {} : { realPath: (path: string) => tree.realPath!(path) }),
    read: (path) => tree.read(path),
    stat: (path) => {
      const type = tree.stat(path);
      return type !== undefined && isHidden(path, type === 'directory') ? undefined : type;
    },
    list: (path) => tree.list(path).filter(({ name, type }) => !isHidden(joinPath(path, name), type === 'directory')),
  };
}
