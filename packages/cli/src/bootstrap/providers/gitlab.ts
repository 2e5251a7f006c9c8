import type { Json } from '@sluice/core';
import { field } from '../../kinds/index.js';
import { checkIdentity } from './github-like.js';
import type { GitProvider, HostedRepository, ProviderOptions } from './provider.js';
import { samePublicKey } from './public-key.js';
import { Rest } from './rest.js';

/** GitLab's numbers for what a group may do. */
const ACCESS: ReadonlyMap<string, number> = new Map([
  ['pull', 10],
  ['triage', 20],
  ['push', 30],
  ['maintain', 40],
  ['admin', 50],
]);

const PAGE = 100;

/** GitLab, on gitlab.com or a server of one's own. The hostname may be a whole URL. */
export function gitLabProvider(options: ProviderOptions): GitProvider {
  const { owner, repository, isPersonal, token } = options;
  const hostname = options.hostname.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const origin = `https://${hostname}`;
  const rest = new Rest({
    ...options,
    root: `${origin}/api/v4`,
    headers: { 'private-token': token },
    tokenHint: 'check GITLAB_TOKEN: it needs the scopes api, read_repository and write_repository',
  });
  const parts = repository.split('/');
  const name = parts.at(-1) ?? repository;
  const group = [owner, ...parts.slice(0, -1)].join('/');
  const fullName = `${group}/${name}`;
  const path = `/projects/${encodeURIComponent(fullName)}`;
  const hosted: HostedRepository = {
    title: `${origin}/${fullName}`,
    httpsUrl: `${origin}/${fullName}.git`,
    sshUrl: `ssh://git@${hostname}/${fullName}`,
  };
  const all = (place: string): Promise<readonly Json[]> =>
    rest.list(
      `${place}?per_page=${PAGE}`,
      (body) => (Array.isArray(body) ? body : []),
      (page, body) => (Array.isArray(body) && body.length === PAGE ? `${place}?per_page=${PAGE}&page=${page + 1}` : undefined),
    );
  return {
    domain: hostname,
    login: { username: owner, password: token },
    async find() {
      return (await rest.call('GET', path, undefined, [404])).status === 404 ? undefined : hosted;
    },
    async create({ visibility, branch }) {
      const settings = { name, path: name, visibility, default_branch: branch };
      if (isPersonal) {
        await checkIdentity(rest, '/user', 'username', owner);
        await rest.call('POST', '/projects', settings);
        return hosted;
      }
      const { status, body } = await rest.call('GET', `/groups/${encodeURIComponent(group)}`, undefined, [404]);
      if (status === 404)
        throw new Error(
          `there is no group ${JSON.stringify(group)}, or the token may not see it; for a user's own repository add --personal`,
        );
      await rest.call('POST', '/projects', { ...settings, namespace_id: Number(field(body, 'id')) });
      return hosted;
    },
    async update({ visibility }) {
      const { body } = await rest.call('GET', path);
      if (field(body, 'visibility') === visibility) return false;
      await rest.call('PUT', path, { visibility });
      return true;
    },
    async grant(team, permission) {
      const access = ACCESS.get(permission);
      if (access === undefined)
        throw new Error(`invalid permission ${JSON.stringify(permission)}, must be one of: ${[...ACCESS.keys()].join(', ')}`);
      const groupId = Number(field((await rest.call('GET', `/groups/${encodeURIComponent(team)}`)).body, 'id'));
      const shared = field((await rest.call('GET', path)).body, 'shared_with_groups');
      const existing = Array.isArray(shared) ? shared.find((each) => field(each, 'group_id') === groupId) : undefined;
      if (field(existing, 'group_access_level') === access) return false;
      // A share can't be changed, only made anew.
      if (existing !== undefined) await rest.call('DELETE', `${path}/share/${groupId}`, undefined, [404]);
      await rest.call('POST', `${path}/share`, { group_id: groupId, group_access: access });
      return true;
    },
    async deployKey({ title, publicKey, isReadOnly }) {
      for (const existing of await all(`${path}/deploy_keys`)) {
        if (field(existing, 'title') !== title) continue;
        if (samePublicKey(field(existing, 'key'), publicKey) && field(existing, 'can_push') === !isReadOnly) return false;
        await rest.call('DELETE', `${path}/deploy_keys/${String(field(existing, 'id'))}`, undefined, [404]);
      }
      await rest.call('POST', `${path}/deploy_keys`, { title, key: publicKey.trim(), can_push: !isReadOnly });
      return true;
    },
    async deployToken(title) {
      const tokens = await all(`${path}/deploy_tokens`);
      if (tokens.some((each) => field(each, 'name') === title && field(each, 'revoked') !== true && field(each, 'expired') !== true))
        return undefined;
      const { body } = await rest.call('POST', `${path}/deploy_tokens`, { name: title, scopes: ['read_repository'] });
      return { username: String(field(body, 'username')), password: String(field(body, 'token')) };
    },
    close: () => rest.close(),
  };
}
