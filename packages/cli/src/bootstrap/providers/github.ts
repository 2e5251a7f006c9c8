import { field } from '../../kinds/index.js';
import type { GitProvider, HostedRepository, ProviderOptions } from './provider.js';
import { repositoryKey } from './repository-keys.js';
import { Rest } from './rest.js';

const DOMAIN = 'github.com';
/** What people call them: GitHub's own words. */
const PERMISSIONS: ReadonlyMap<string, string> = new Map([
  ['pull', 'pull'],
  ['triage', 'triage'],
  ['push', 'push'],
  ['maintain', 'maintain'],
  ['admin', 'admin'],
]);

/** GitHub, and GitHub Enterprise Server. */
export function gitHubProvider(options: ProviderOptions): GitProvider {
  const { hostname, owner, repository, isPersonal, token } = options;
  const origin = `https://${hostname}`;
  const rest = new Rest({
    ...options,
    root: hostname === DOMAIN ? 'https://api.github.com' : `${origin}/api/v3`,
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28', authorization: `Bearer ${token}` },
    tokenHint: 'check GITHUB_TOKEN: it needs the scope repo, and for an organization with single sign-on it must be authorized there',
  });
  const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}`;
  const hosted: HostedRepository = {
    title: `${origin}/${owner}/${repository}`,
    httpsUrl: `${origin}/${owner}/${repository}.git`,
    sshUrl: `ssh://git@${hostname}/${owner}/${repository}`,
  };
  return {
    domain: hostname,
    login: { username: owner, password: token },
    async find() {
      return (await rest.call('GET', path, undefined, [404])).status === 404 ? undefined : hosted;
    },
    async create({ visibility }) {
      const settings = { name: repository, private: visibility !== 'public', ...(isPersonal ? {} : { visibility }) };
      if (isPersonal) await checkIdentity(rest, '/user', 'login', owner);
      await rest.call('POST', isPersonal ? '/user/repos' : `/orgs/${encodeURIComponent(owner)}/repos`, settings);
      return hosted;
    },
    async update({ visibility }) {
      const { body } = await rest.call('GET', path);
      const isPrivate = visibility !== 'public';
      if (field(body, 'private') === isPrivate) return false;
      await rest.call('PATCH', path, { private: isPrivate });
      return true;
    },
    async grant(team, permission) {
      const wanted = PERMISSIONS.get(permission);
      if (wanted === undefined)
        throw new Error(`invalid permission ${JSON.stringify(permission)}, must be one of: ${[...PERMISSIONS.keys()].join(', ')}`);
      const place = `/orgs/${encodeURIComponent(owner)}/teams/${encodeURIComponent(team)}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}`;
      if ((await rest.call('GET', place, undefined, [404])).status !== 404) return false;
      await rest.call('PUT', place, { permission: wanted });
      return true;
    },
    deployKey: (key) => repositoryKey(rest, path, key, 'per_page'),
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
