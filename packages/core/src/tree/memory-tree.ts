import { SluiceError } from '../errors.js';
import type { FileTree, TreeEntry } from './file-tree.js';
import { baseName, dirName, normalizePath } from './path.js';

/**
 * A tree in memory, from paths to contents.
 *
 * ```ts
 * const tree = memoryTree({ 'kustomization.yaml': 'resources: [cm.yaml]', 'cm.yaml': '…' });
 * ```
 */
export function memoryTree(files: Readonly<Record<string, string | Uint8Array>>): FileTree {
  const contents = new Map<string, Uint8Array>();
  const directories = new Map<string, Map<string, TreeEntry>>([['.', new Map()]]);
  for (const [path, content] of Object.entries(files)) {
    const normal = normalizePath(path);
    contents.set(normal, typeof content === 'string' ? new TextEncoder().encode(content) : content);
    addEntry(directories, normal, 'file');
  }
  const stat = (path: string): 'file' | 'directory' | undefined => {
    const normal = normalizePath(path);
    return contents.has(normal) ? 'file' : directories.has(normal) ? 'directory' : undefined;
  };
  return {
    stat,
    read(path) {
      const content = contents.get(normalizePath(path));
      if (content !== undefined) return content;
      if (stat(path) === 'directory') throw new SluiceError('FileInvalid', `${path} is not a regular file`, { place: { file: path } });
      throw notFound(path);
    },
    list(path) {
      const entries = directories.get(normalizePath(path));
      if (entries === undefined) throw notFound(path);
      return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

function addEntry(directories: Map<string, Map<string, TreeEntry>>, path: string, type: 'file' | 'directory'): void {
  const parent = dirName(path);
  let entries = directories.get(parent);
  if (entries === undefined) {
    entries = new Map();
    directories.set(parent, entries);
    addEntry(directories, parent, 'directory');
  }
  entries.set(baseName(path), { name: baseName(path), type });
}

function notFound(path: string): SluiceError {
  return new SluiceError('FileNotFound', `${path}: no such file or directory`, { place: { file: path } });
}
