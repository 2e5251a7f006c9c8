import { gitHubLike } from './github-like.js';
import type { GitProvider, ProviderOptions } from './provider.js';
import { Rest } from './rest.js';

/** Gitea, and Forgejo. */
export function giteaProvider(options: ProviderOptions): GitProvider {
  const { hostname, owner, repository, token } = options;
  const rest = new Rest({
    ...options,
    root: `https://${hostname}/api/v1`,
    headers: { authorization: `token ${token}` },
    tokenHint: 'check GITEA_TOKEN: it needs to write repositories, organizations and the user',
  });
  const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}`;
  return gitHubLike(rest, options, {
    path,
    newRepository: ({ branch }) => ({ default_branch: branch }),
    pageParameter: 'limit',
    async grant(team) {
      const place = `${path}/teams/${encodeURIComponent(team)}`;
      if ((await rest.call('GET', place, undefined, [404])).status !== 404) return false;
      await rest.call('PUT', place);
      return true;
    },
  });
}
