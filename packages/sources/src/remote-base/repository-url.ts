import type { GitReference } from '../git/reference.js';

/** A base in a Git repository, as kustomize's URLs name it. */
export interface RepositoryBase {
  readonly url: string;
  /** As it is written; empty when it is not. */
  readonly ref: string;
  /** What its `ref` may be, in the order in which it is looked for: which it is, the server knows. */
  readonly candidates: readonly GitReference[];
  /** The directory in the repository. */
  readonly path: string;
  readonly submodules: boolean;
  readonly timeoutMs: number | undefined;
}

/**
 * Reads the URL of a base: `https://host/org/repo//path?ref=v1`, `github.com/org/repo/path?ref=v1`,
 * `git@host:org/repo.git//path`, `git::https://…`. What stands behind `//`, `.git`, `_git/name`, or on GitHub behind the
 * repository's name, is the directory.
 */
export function parseRepositoryUrl(text: string): RepositoryBase {
  const [address, query] = splitOnce(text.replace(/^git::/, ''), '?');
  const parameters = new URLSearchParams(query);
  const { url, path } = splitPath(withScheme(address));
  const ref = parameters.get('ref') ?? parameters.get('version') ?? '';
  const timeout = parameters.get('timeout');
  return {
    url,
    path: path === '' ? '.' : path,
    ref,
    candidates: candidatesOf(ref),
    submodules: parameters.get('submodules') !== 'false',
    // Seconds, or a Go duration.
    timeoutMs: timeout === null || !/^\d+s?$/.test(timeout) ? undefined : Number.parseInt(timeout, 10) * 1_000,
  };
}

function withScheme(address: string): string {
  const github = /^(?:gh:|(?:https?:\/\/)?(?:www\.)?github\.com[:/])(.*)$/i.exec(address);
  if (github !== null) return `https://github.com/${github[1] ?? ''}`;
  const scp = /^([\w.-]+@[\w.-]+):(?!\/\/)(.*)$/.exec(address);
  if (scp !== null) return `ssh://${scp[1] ?? ''}/${scp[2] ?? ''}`;
  return /^[\w.-]+@/.test(address) ? `ssh://${address}` : address;
}

function splitPath(address: string): { url: string; path: string } {
  const afterScheme = address.indexOf('://') + 3;
  const rest = address.slice(afterScheme);
  const double = rest.indexOf('//');
  if (double >= 0) return { url: address.slice(0, afterScheme + double), path: trimmed(rest.slice(double + 2)) };
  const marked = /^(.*?(?:\.git|\/_git\/[^/]+))(?:\/(.*))?$/.exec(rest);
  if (marked !== null) return { url: address.slice(0, afterScheme) + (marked[1] ?? ''), path: trimmed(marked[2] ?? '') };
  const [host = '', org = '', name = '', ...path] = rest.split('/');
  if (host === 'github.com') return { url: `https://github.com/${org}/${name}`, path: trimmed(path.join('/')) };
  return { url: address, path: '' };
}

/** A commit by its full hash, a reference by its full name, or else a branch or tag; without one, whatever the server shows first. */
function candidatesOf(ref: string): readonly GitReference[] {
  if (ref === '') return [{ name: 'HEAD' }];
  if (/^[0-9a-f]{40}$/.test(ref)) return [{ commit: ref }];
  return ref.startsWith('refs/') ? [{ name: ref }] : [{ branch: ref }, { tag: ref }];
}

function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
