import { SluiceError, joinPath, normalizePath, type FileTree } from '@sluice/core';
import { RemoteBaseError, isRemoteUrl, isRepositoryUrl, type RemoteRepository, type Remotes } from './remote.js';

/** What a kustomization may read: only files in and below its own directory, or any file of the tree. */
export type LoadRestrictions = 'rootOnly' | 'none';

export interface LoaderOptions {
  readonly restrictions: LoadRestrictions;
  readonly remotes: Remotes | undefined;
  /** What messages call the root of the tree. */
  readonly rootName: string;
}

const NOT_A_DIRECTORY = 'must build at directory';

/** Reads what one kustomization names, as seen from its directory. */
export class Loader {
  /** The directory, in the tree, no link on the way to it. */
  readonly directory: string;
  readonly #tree: FileTree;
  readonly #options: LoaderOptions;
  readonly #referrer: Loader | undefined;
  readonly #url: string | undefined;
  /** The repository that this was entered by. */
  readonly repository: RemoteRepository | undefined;

  private constructor(
    tree: FileTree,
    directory: string,
    options: LoaderOptions,
    {
      referrer,
      url,
      repository,
    }: { readonly referrer?: Loader; readonly url?: string | undefined; readonly repository?: RemoteRepository } = {},
  ) {
    this.#tree = tree;
    this.directory = directory;
    this.#options = options;
    this.#referrer = referrer;
    this.#url = url;
    this.repository = repository;
  }

  /** The loader of the directory that is built. */
  static at(tree: FileTree, path: string, options: LoaderOptions): Loader {
    const directory = resolvePath('.', path, options.rootName);
    demandDirectory(tree, directory, path, options);
    return new Loader(tree, realPath(tree, directory), options);
  }

  /** The directory as messages show it. */
  get name(): string {
    return this.#shown(this.directory);
  }

  /** Where a path leads in the tree. */
  resolve(path: string): string {
    return resolvePath(this.directory, path, this.#options.rootName);
  }

  /** Whether a path is that of a file that may be read. */
  mayLoad(path: string): boolean {
    const resolved = this.resolve(path);
    return this.#tree.stat(resolved) === 'file' && this.#allows(resolved);
  }

  #allows(resolved: string): boolean {
    return this.#options.restrictions === 'none' || isBelow(realPath(this.#tree, resolved), this.directory);
  }

  load(path: string): Uint8Array {
    if (isRemoteUrl(path)) return this.#loadRemote(path);
    const resolved = this.resolve(path);
    const shown = this.#shown(resolved);
    const place = { file: resolved };
    const type = this.#tree.stat(resolved);
    const isRestricted = this.#options.restrictions === 'rootOnly';
    if (type === undefined) {
      throw new SluiceError('FileNotFound', isRestricted ? missing(shown) : `open ${shown}: no such file or directory`, { place });
    }
    if (type === 'directory') {
      throw new SluiceError('FileInvalid', isRestricted ? `'${shown}' must resolve to a file` : `read ${shown}: is a directory`, { place });
    }
    if (!this.#allows(resolved)) {
      throw new SluiceError('PathEscapes', `security; file '${shown}' is not in or below '${this.name}'`, { place });
    }
    return this.#tree.read(resolved);
  }

  /** The loader of another kustomization. Throws if that would be this one, or one above it. */
  enter(path: string): Loader {
    if (path === '') throw new SluiceError('KustomizationInvalid', 'new root cannot be empty');
    if (isRepositoryUrl(path)) return this.#enterRemote(path);
    if (path.startsWith('/')) throw new SluiceError('KustomizationInvalid', `new root '${path}' cannot be absolute`);
    const directory = this.resolve(path);
    demandDirectory(this.#tree, directory, this.#shown(directory), this.#options);
    const real = realPath(this.#tree, directory);
    this.#demandNoCycle(real);
    return new Loader(this.#tree, real, this.#options, { referrer: this, url: this.#url });
  }

  #demandNoCycle(directory: string): void {
    for (const loader of this.#chain()) {
      if (loader.#tree === this.#tree && isBelow(loader.directory, directory)) {
        const message = `cycle detected: candidate root '${this.#shown(directory)}' contains visited root '${loader.name}'`;
        throw new SluiceError(
          'BaseCycle',
          `${message} (${[...this.#chain()]
            .reverse()
            .map(({ name }) => name)
            .join(' -> ')} -> ${this.#shown(directory)})`,
          { place: { file: this.directory } },
        );
      }
    }
  }

  /** This loader and those of the kustomizations that led here. */
  #chain(): Loader[] {
    return this.#referrer === undefined ? [this] : [this, ...this.#referrer.#chain()];
  }

  #loadRemote(url: string): Uint8Array {
    const content = this.#options.remotes?.file(url);
    if (content === undefined) throw new RemoteBaseError(url, this.#options.remotes !== undefined);
    return content;
  }

  #enterRemote(url: string): Loader {
    for (const loader of this.#chain()) {
      if (loader.#url?.startsWith(url) === true) {
        throw new SluiceError('BaseCycle', `cycle detected: URI '${url}' referenced by previous URI '${loader.#url}'`);
      }
    }
    const repository = this.#options.remotes?.repository(url);
    if (repository === undefined) throw new RemoteBaseError(url, this.#options.remotes !== undefined);
    const { tree, path } = repository;
    // What was fetched may not read beyond its own directories, whatever this build allows.
    const options: LoaderOptions = { ...this.#options, restrictions: 'rootOnly', rootName: url };
    demandDirectory(tree, normalizePath(path), path, options);
    return new Loader(tree, realPath(tree, normalizePath(path)), options, { referrer: this, url, repository });
  }

  #shown(path: string): string {
    return shownPath(this.#options.rootName, path);
  }
}

/** Where a path leads from a directory; as on a disk where the tree is one. */
function resolvePath(directory: string, path: string, rootName: string): string {
  if (path.startsWith('/')) return resolvePath('.', withoutRoot(path, rootName), rootName);
  if (rootName !== '/') return joinPath(directory, path);
  const kept: string[] = [];
  for (const part of `${directory}/${path}`.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return normalizePath(kept.join('/'));
}

function shownPath(rootName: string, path: string): string {
  if (path === '.') return rootName;
  return rootName.endsWith('/') ? rootName + path : `${rootName}/${path}`;
}

function withoutRoot(path: string, rootName: string): string {
  const prefix = rootName.endsWith('/') ? rootName : `${rootName}/`;
  return path === rootName ? '.' : path.startsWith(prefix) ? path.slice(prefix.length) : path.replace(/^\/+/, '');
}

/** Links are followed before anything is decided: about what may be read, about cycles, and where `..` leads. */
function realPath(tree: FileTree, path: string): string {
  return tree.realPath?.(path) ?? path;
}

function isBelow(path: string, directory: string): boolean {
  return directory === '.' || path === directory || path.startsWith(`${directory}/`);
}

function demandDirectory(tree: FileTree, path: string, shown: string, options: LoaderOptions): void {
  const type = tree.stat(path);
  const place = { file: path };
  if (type === undefined) {
    const absolute = shown.startsWith('/') ? shown : shownPath(options.rootName, path);
    throw new SluiceError(
      'FileNotFound',
      `${NOT_A_DIRECTORY}: not a valid directory: evalsymlink failure on '${shown}' : lstat ${absolute}: no such file or directory`,
      { place },
    );
  }
  if (type === 'file') throw new SluiceError('FileInvalid', `${NOT_A_DIRECTORY}: '${shown}': file is not directory`, { place });
}

function missing(shown: string): string {
  return `evalsymlink failure on '${shown}' : lstat ${shown}: no such file or directory`;
}
