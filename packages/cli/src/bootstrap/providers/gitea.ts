import { field } from '../../kinds/index.js';
import { checkIdentity } from './github.js';
import type { GitProvider, HostedRepository, ProviderOptions } from './provider.js';
import { repositoryKey } from './repository-keys.js';
import { Rest } from './rest.js';

/** Gitea, and Forgejo. */
export function giteaProvider(options: ProviderOptions): GitProvider {
  const { hostname, owner, repository, isPersonal, token } = options;
  const origin = `https://${hostname}`;
  const rest = new Rest({
    ...options,
    root: `${origin}/api/v1`,
    headers: { authorization: `token ${token}` },
    tokenHint: 'check GITEA_TOKEN: it needs to write repositories, organizations and the user',
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
    async create({ visibility, branch }) {
      if (isPersonal) await checkIdentity(rest, '/user', 'login', owner);
      const settings = { name: repository, private: visibility !== 'public', default_branch: branch };
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
    async grant(team) {
      const place = `${path}/teams/${encodeURIComponent(team)}`;
      if ((await rest.call('GET', place, undefined, [404])).status !== 404) return false;
      await rest.call('PUT', place);
      return true;
    },
    deployKey: (key) => repositoryKey(rest, path, key, 'limit'),
    close: () => rest.close(),
  };
}
