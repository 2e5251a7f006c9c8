import { gitHubLike } from './github-like.js';
import type { GitProvider, ProviderOptions } from './provider.js';
import { Rest } from './rest.js';

const DOMAIN = 'github.com';
const PERMISSIONS: readonly string[] = ['pull', 'triage', 'push', 'maintain', 'admin'];

/** GitHub, and GitHub Enterprise Server. */
export function gitHubProvider(options: ProviderOptions): GitProvider {
  const { hostname, owner, repository, isPersonal, token } = options;
  const rest = new Rest({
    ...options,
    root: hostname === DOMAIN ? 'https://api.github.com' : `https://${hostname}/api/v3`,
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28', authorization: `Bearer ${token}` },
    tokenHint: 'check GITHUB_TOKEN: it needs the scope repo, and for an organization with single sign-on it must be authorized there',
  });
  const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}`;
  return gitHubLike(rest, options, {
    path,
    // Only organizations have repositories that are internal.
    newRepository: ({ visibility }) => (isPersonal ? {} : { visibility }),
    pageParameter: 'per_page',
    async grant(team, permission) {
      if (!PERMISSIONS.includes(permission))
        throw new Error(`invalid permission ${JSON.stringify(permission)}, must be one of: ${PERMISSIONS.join(', ')}`);
      const place = `/orgs/${encodeURIComponent(owner)}/teams/${encodeURIComponent(team)}${path}`;
      if ((await rest.call('GET', place, undefined, [404])).status !== 404) return false;
      await rest.call('PUT', place, { permission });
      return true;
    },
  });
}
