import { SluiceError } from '../errors.js';

/**
 * A path in its one spelling: no empty or `.` segments, no trailing slash, `..` resolved, `.` for the root.
 * Throws `PathEscapes` for a path that leaves the root, and for absolute paths.
 */
export function normalizePath(path: string): string {
  if (path.startsWith('/')) throw escapes(path);
  if (path.includes('\0')) throw new SluiceError('FileInvalid', `path ${JSON.stringify(path)} contains a NUL character`);
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.pop() === undefined) throw escapes(path);
  }
  return kept.length === 0 ? '.' : kept.join('/');
}

/** `path` as seen from the directory `base`. */
export function joinPath(base: string, path: string): string {
  return normalizePath(`${base}/${path}`);
}

/** The directory that holds a normalised path. */
export function dirName(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash);
}

/** The last segment of a normalised path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The error of a path that leaves its tree. */
export function escapes(path: string): SluiceError {
  return new SluiceError('PathEscapes', `path ${JSON.stringify(path)} leaves the root of its tree`);
}
