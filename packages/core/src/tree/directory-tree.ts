import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { SluiceError } from '../errors.js';
import type { FileTree, TreeEntry } from './file-tree.js';
import { baseName, dirName, escapes, normalizePath } from './path.js';

export interface DirectoryTreeOptions {
  /** The largest file that is read. Default: 100 MiB. */
  readonly maxFileBytes?: number;
}

/** Not blocking: a FIFO in a checkout must not hang the reader. */
const READ_ONLY = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * The tree below a directory on disk. Symbolic links are followed as long as they stay below it; where those of directories lead
 * is looked up once for a tree.
 *
 * ```ts
 * const tree = directoryTree('/var/lib/artifact');
 * tree.read('apps/kustomization.yaml');
 * ```
 */
export function directoryTree(directory: string, options: DirectoryTreeOptions = {}): FileTree {
  const root = realpathSync.native(directory);
  const prefix = root.endsWith(sep) ? root : root + sep;
  const maxFileBytes = options.maxFileBytes ?? 100 * 1024 * 1024;

  /** The real path of a tree path; undefined when nothing is there. */
  const resolve = (path: string): string | undefined => {
    const normal = normalizePath(path);
    let real: string;
    try {
      real = realpathSync.native(join(root, normal));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new SluiceError('FileInvalid', `${path} can't be read: ${(error as Error).message.split(',')[0] ?? ''}`, {
        cause: error,
        place: { file: path },
      });
    }
    if (real !== root && !real.startsWith(prefix)) throw escapes(path);
    return real;
  };

  const directories = new Map<string, string | undefined>();
  const directoryOf = (normal: string): string | undefined => {
    const directory = dirName(normal);
    if (!directories.has(directory)) directories.set(directory, resolve(directory));
    return directories.get(directory);
  };

  const open = (path: string): number => {
    const normal = normalizePath(path);
    const directory = directoryOf(normal);
    if (directory === undefined) throw notFound(path);
    try {
      return openSync(directory + sep + baseName(normal), READ_ONLY);
    } catch {
      // It is a link, or there is something to say about it.
      const real = resolve(path);
      if (real === undefined) throw notFound(path);
      return openSync(real, READ_ONLY);
    }
  };

  const stat = (path: string): 'file' | 'directory' | undefined => {
    const real = resolve(path);
    const stats = real === undefined ? undefined : statSync(real, { throwIfNoEntry: false });
    return stats?.isFile() === true ? 'file' : stats?.isDirectory() === true ? 'directory' : undefined;
  };

  return {
    stat,
    read(path) {
      const file = open(path);
      try {
        const stats = fstatSync(file);
        if (!stats.isFile()) throw new SluiceError('FileInvalid', `${path} is not a regular file`, { place: { file: path } });
        if (stats.size > maxFileBytes) {
          throw new SluiceError('FileInvalid', `${path} has ${stats.size} bytes, the limit is ${maxFileBytes}`, { place: { file: path } });
        }
        return readWhole(file, stats.size);
      } finally {
        closeSync(file);
      }
    },
    list(path) {
      const real = resolve(path);
      if (real === undefined) throw notFound(path);
      const entries: TreeEntry[] = [];
      for (const entry of readdirSync(real, { withFileTypes: true })) {
        const type = entry.isFile()
          ? 'file'
          : entry.isDirectory()
            ? 'directory'
            : entry.isSymbolicLink()
              ? linkType(`${path}/${entry.name}`)
              : undefined;
        if (type !== undefined) entries.push({ name: entry.name, type });
      }
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    realPath(path) {
      const real = resolve(path);
      if (real === undefined) throw notFound(path);
      return real === root ? '.' : real.slice(prefix.length).replaceAll(sep, '/');
    },
  };

  /** A link that leaves the tree is left out of listings; naming it is the error. */
  function linkType(path: string): 'file' | 'directory' | undefined {
    try {
      return stat(path);
    } catch {
      return undefined;
    }
  }
}

/** The content of an open file. Of some that are made as they are read the length is not known. */
function readWhole(file: number, length: number): Uint8Array {
  if (length === 0) return readFileSync(file);
  const content = Buffer.allocUnsafeSlow(length);
  let end = 0;
  for (let count = 1; count > 0 && end < length; end += count) count = readSync(file, content, end, length - end, null);
  return content.subarray(0, end);
}

function notFound(path: string): SluiceError {
  return new SluiceError('FileNotFound', `${path}: no such file or directory`, { place: { file: path } });
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}
