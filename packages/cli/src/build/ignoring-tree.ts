import { isJsonObject, joinPath, type FileTree, type JsonObject } from '@sluice/core';
import { findKustomizationFile, generateKustomization } from '@sluice/kustomize';
import { defaultMatcher, ignoreFileName, parsePatterns, type IgnoreMatcher } from '@sluice/sources';
import { parseYaml, printYaml } from '@sluice/yaml';

/** The lists of a kustomization that patterns may shorten. */
const LISTS = ['resources', 'components', 'crds'];

/**
 * A tree whose kustomization of a directory, written or not, names nothing that is left out of an artifact: by the `.sourceignore` files
 * in the directory, and by more patterns. What its entries bring in turn is not looked at, as in Flux.
 */
export function ignoringTree(tree: FileTree, directory: string, patterns: readonly string[]): FileTree {
  const written = writtenPatterns(tree, directory, []);
  const isIgnored = defaultMatcher([...written, ...parsePatterns(patterns.join('\n'))]);
  const found = findKustomizationFile(tree, directory);
  const file = joinPath(directory, found ?? 'kustomization.yaml');
  const text = found === undefined ? printYaml(generateKustomization(tree, directory)) : Buffer.from(tree.read(file)).toString('utf8');
  const content = parseYaml(text);
  const kept = isJsonObject(content) ? withoutIgnored(content, tree, directory, isIgnored) : undefined;
  // A file that nothing is left out of keeps its lines.
  if (kept === undefined) return tree;
  const bytes = Buffer.from(printYaml(kept));
  return {
    ...(tree.realPath === undefined ? {} : { realPath: (path: string) => (path === file ? file : tree.realPath!(path)) }),
    read: (path) => (path === file ? bytes : tree.read(path)),
    stat: (path) => (path === file ? 'file' : tree.stat(path)),
    list: (path) => tree.list(path),
  };
}

/** A kustomization without what is ignored; undefined when nothing is. */
function withoutIgnored(content: JsonObject, tree: FileTree, directory: string, isIgnored: IgnoreMatcher): JsonObject | undefined {
  const isKept = (entry: unknown): boolean => {
    if (typeof entry !== 'string' || /^[a-z][a-z0-9+.-]*:/i.test(entry)) return true;
    const path = joinPath(directory, entry);
    const below = directory === '.' ? path : path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : undefined;
    return below === undefined || !isIgnored(below.split('/'), tree.stat(path) === 'directory');
  };
  let isShorter = false;
  const lists = LISTS.flatMap((name) => {
    const list = content[name];
    if (!Array.isArray(list)) return [];
    const rest = list.filter(isKept);
    isShorter ||= rest.length < list.length;
    return [[name, rest] as const];
  });
  return isShorter ? { ...content, ...Object.fromEntries(lists) } : undefined;
}

/** The patterns of the ignore files of a directory and of those in it. */
function writtenPatterns(tree: FileTree, directory: string, domain: readonly string[]): ReturnType<typeof parsePatterns> {
  const own = joinPath(directory, ignoreFileName);
  const patterns = tree.stat(own) === 'file' ? parsePatterns(Buffer.from(tree.read(own)).toString('utf8'), domain) : [];
  for (const { name, type } of tree.list(directory)) {
    const below = joinPath(directory, name);
    const isLink = tree.realPath !== undefined && tree.realPath(below) !== joinPath(tree.realPath(directory), name);
    if (type === 'directory' && name !== '.git' && !isLink) patterns.push(...writtenPatterns(tree, below, [...domain, name]));
  }
  return patterns;
}
