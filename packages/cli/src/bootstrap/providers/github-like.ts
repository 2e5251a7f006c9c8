import type { Json, JsonObject } from '@sluice/core';
import { field } from '../../kinds/index.js';
import type { DeployKey, GitProvider, HostedRepository, ProviderOptions, RepositorySettings } from './provider.js';
import { samePublicKey } from './public-key.js';
import type { Rest } from './rest.js';

/** What tells servers with an API like GitHub's apart. */
interface Dialect {
  /** The path of the repository in the API. */
  readonly path: string;
  /** What a new repository is made with besides its name and whether it is private. */
  readonly newRepository: (settings: RepositorySettings) => JsonObject;
  /** How the API calls the length of a page. */
  readonly pageParameter: 'per_page' | 'limit';
  readonly grant: GitProvider['grant'];
}

/** A repository of a server whose API is like GitHub's: Gitea took it from there. */
export function gitHubLike(
  rest: Rest,
  { hostname, owner, repository, isPersonal, token }: ProviderOptions,
  { path, newRepository, pageParameter, grant }: Dialect,
): GitProvider {
  const title = `https://${hostname}/${owner}/${repository}`;
  const hosted: HostedRepository = { title, httpsUrl: `${title}.git`, sshUrl: `ssh://git@${hostname}/${owner}/${repository}` };
  return {
    domain: hostname,
    login: { username: owner, password: token },
    async find() {
      return (await rest.call('GET', path, undefined, [404])).status === 404 ? undefined : hosted;
    },
    async create(settings) {
      if (isPersonal) await checkIdentity(rest, '/user', 'login', owner);
      await rest.call('POST', isPersonal ? '/user/repos' : `/orgs/${encodeURIComponent(owner)}/repos`, {
        name: repository,
        private: settings.visibility !== 'public',
        ...newRepository(settings),
      });
      return hosted;
    },
    async update({ visibility }) {
      const { body } = await rest.call('GET', path);
      const isPrivate = visibility !== 'public';
      if (field(body, 'private') === isPrivate) return false;
      await rest.call('PATCH', path, { private: isPrivate });
      return true;
    },
    grant,
    deployKey: (key) => deployKey(rest, path, key, pageParameter),
    close: () => rest.close(),
  };
}

/** A repository of a person can be made by that person only. */
export async function checkIdentity(rest: Rest, path: string, key: string, owner: string): Promise<void> {
  const { body } = await rest.call('GET', path);
  const name = field(body, key);
  if (typeof name === 'string' && name.toLowerCase() === owner.toLowerCase()) return;
  throw new Error(`the specified owner '${owner}' doesn't match the identity associated with the given token ('${String(name)}')`);
}

async function deployKey(
  rest: Rest,
  path: string,
  { title, publicKey, isReadOnly }: DeployKey,
  pageParameter: Dialect['pageParameter'],
): Promise<boolean> {
  const page = 50;
  const keys = await rest.list(
    `${path}/keys?${pageParameter}=${page}`,
    (body) => (Array.isArray(body) ? (body as readonly Json[]) : []),
    (number, body) =>
      Array.isArray(body) && body.length === page ? `${path}/keys?${pageParameter}=${page}&page=${number + 1}` : undefined,
  );
  for (const existing of keys) {
    if (field(existing, 'title') !== title) continue;
    if (samePublicKey(field(existing, 'key'), publicKey) && field(existing, 'read_only') === isReadOnly) return false;
    await rest.call('DELETE', `${path}/keys/${String(field(existing, 'id'))}`, undefined, [404]);
  }
  await rest.call('POST', `${path}/keys`, { title, key: publicKey.trim(), read_only: isReadOnly });
  return true;
}
