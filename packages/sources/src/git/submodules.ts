import { SluiceError } from '@sluice/core';
import type { GitRequest } from './client.js';
import type { Mirror, MirrorLimits } from './mirror.js';
import type { Listed } from './sparse.js';
import type { GitEntry, GitLink } from './tree.js';
import { parseGitUrl, resolveSubmoduleUrl, type GitUrl } from './url.js';

/** How deep submodules may contain submodules: the same as in Flux. */
const maxDepth = 10;

/** Brings a commit of a repository here and hands out its files; they hold as long as `use` runs. */
export type OpenCommit = <T>(request: GitRequest, commit: string, use: (mirror: Mirror, listed: Listed) => Promise<T>) => Promise<T>;

export interface WithSubmodules {
  readonly url: GitUrl;
  readonly mirror: Mirror;
  readonly request: GitRequest;
  /** The whole listing of the repository: its `.gitmodules` counts even where a sparse checkout leaves it out. */
  readonly all: Listed;
  readonly wanted: Listed;
  readonly limits: MirrorLimits;
  readonly allowFile: boolean;
  readonly open: OpenCommit;
}

/**
 * Adds the files of submodules, at all levels. Every address goes through the same policy as that of the repository
 * itself, and the credentials go along only to its own host.
 */
export async function withSubmodules<T>(
  { url, mirror, request, all, wanted, limits, allowFile, open }: WithSubmodules,
  use: (files: readonly GitEntry[]) => Promise<T>,
  depth = 0,
): Promise<T> {
  if (wanted.links.length === 0) return await use(wanted.files);
  if (depth >= maxDepth) throw new SluiceError('GitTreeUnsafe', `submodules of ${url.address} nest more than ${maxDepth} levels deep`);
  const modules = await readModules(mirror, all, limits);
  const collect = async (links: readonly GitLink[], files: readonly GitEntry[]): Promise<T> => {
    const [link, ...rest] = links;
    if (link === undefined) return await use(files);
    const address = modules.get(link.path);
    // A link that .gitmodules does not know is an empty directory to git, too.
    if (address === undefined) return await collect(rest, [...files, emptyDirectory(link.path, mirror)]);
    const target = parseGitUrl(resolveSubmoduleUrl(url, address), { allowFile: allowFile && url.protocol === 'file' });
    const nested = submoduleRequest(request, url, target);
    return await open(nested, link.commit, (submirror, listed) =>
      withSubmodules(
        { url: target, mirror: submirror, request: nested, all: listed, wanted: listed, limits, allowFile, open },
        (found) => collect(rest, [...files, ...found.map((file) => ({ ...file, path: `${link.path}/${file.path}` }))]),
        depth + 1,
      ),
    );
  };
  return await collect(wanted.links, wanted.files);
}

function submoduleRequest(request: GitRequest, parent: GitUrl, target: GitUrl): GitRequest {
  const { credentials, ...rest } = request;
  const isSameHost = target.protocol === parent.protocol && target.host === parent.host;
  return {
    ...rest,
    url: target.address,
    reference: {},
    // Another host gets to see nothing but what everybody may see; the authorities to trust are no secret.
    ...(isSameHost && credentials !== undefined && { credentials }),
    ...(!isSameHost && credentials?.ca !== undefined && { credentials: { ca: credentials.ca } }),
  };
}

/** The addresses in `.gitmodules`, by path. */
async function readModules(mirror: Mirror, listed: Listed, limits: MirrorLimits): Promise<Map<string, string>> {
  const file = listed.files.find(({ path }) => path === '.gitmodules');
  if (file === undefined) return new Map();
  const byName = new Map<string, { path?: string; url?: string }>();
  for (const [key, value] of await mirror.readConfigBlob(file.contentId, limits)) {
    const match = /^submodule\.(.*)\.(path|url)$/s.exec(key);
    if (match === null) continue;
    const [, name = '', field] = match;
    const module = byName.get(name) ?? {};
    module[field === 'path' ? 'path' : 'url'] = value;
    byName.set(name, module);
  }
  const found = new Map<string, string>();
  for (const { path, url } of byName.values()) if (path !== undefined && url !== undefined) found.set(path, url);
  return found;
}

export function emptyDirectory(path: string, mirror: Mirror): GitEntry {
  return { path, type: 'directory', executable: false, size: 0, contentId: '', mirror: mirror.directory };
}
