import type { Json } from '@sluice/core';
import { field } from '../../kinds/index.js';
import type { GitProvider, HostedRepository, ProviderOptions } from './provider.js';
import { samePublicKey } from './public-key.js';
import { Rest } from './rest.js';

/** Bitbucket Server, and Data Center. */
export function bitbucketServerProvider(options: ProviderOptions): GitProvider {
  const { hostname, owner, repository, isPersonal, token, username } = options;
  const rest = new Rest({
    ...options,
    root: `https://${hostname}/rest`,
    headers: { authorization: `Bearer ${token}`, 'x-atlassian-token': 'no-check' },
    tokenHint: 'check BITBUCKET_TOKEN: it needs to administer projects and repositories',
  });
  const all = (place: string): Promise<readonly Json[]> =>
    rest.list(
      place,
      (body) => {
        const values = field(body, 'values');
        return Array.isArray(values) ? (values as Json[]) : [];
      },
      (_page, body) =>
        field(body, 'isLastPage') === false
          ? `${place}${place.includes('?') ? '&' : '?'}start=${String(field(body, 'nextPageStart'))}`
          : undefined,
    );
  let project: Promise<string> | undefined;
  /** People name a project by its name; the API wants its key. */
  const projectKey = (): Promise<string> =>
    (project ??= (async () => {
      if (isPersonal) return `~${owner}`;
      const projects = await all(`/api/1.0/projects?name=${encodeURIComponent(owner)}`);
      const named = projects.find((each) => String(field(each, 'name')).toLowerCase() === owner.toLowerCase());
      if (named !== undefined) return String(field(named, 'key'));
      const { status, body } = await rest.call('GET', `/api/1.0/projects/${encodeURIComponent(owner)}`, undefined, [404]);
      if (status === 404)
        throw new Error(
          `there is no project ${JSON.stringify(owner)}, or the token may not see it; for a user's own repository add --personal`,
        );
      return String(field(body, 'key'));
    })());
  const slug = repository.toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
  const pathOf = async (api: 'api' | 'keys'): Promise<string> =>
    `/${api}/1.0/projects/${encodeURIComponent(await projectKey())}/repos/${encodeURIComponent(slug)}`;
  const hostedBy = async (body: Json | undefined): Promise<HostedRepository> => {
    const links = field(body, 'links', 'clone');
    const link = (name: string): string | undefined => {
      const found: unknown = Array.isArray(links) ? links.find((each) => field(each, 'name') === name) : undefined;
      const href = field(found, 'href');
      return typeof href === 'string' ? href.replace(/^(https?:\/\/)[^/@]*@/, '$1') : undefined;
    };
    const place = `${await projectKey()}/${slug}`;
    return {
      title: `https://${hostname}/scm/${place}`,
      httpsUrl: link('http') ?? `https://${hostname}/scm/${place}.git`,
      sshUrl: link('ssh') ?? `ssh://git@${hostname}:7999/${place}.git`,
    };
  };
  return {
    domain: hostname,
    login: { username: isPersonal ? owner : username, password: token },
    async find() {
      const { status, body } = await rest.call('GET', await pathOf('api'), undefined, [404]);
      return status === 404 ? undefined : hostedBy(body);
    },
    async create({ visibility, branch }) {
      const place = `/api/1.0/projects/${encodeURIComponent(await projectKey())}/repos`;
      const { body } = await rest.call('POST', place, {
        name: repository,
        scmId: 'git',
        defaultBranch: branch,
        public: visibility === 'public',
      });
      return hostedBy(body);
    },
    async update({ visibility }) {
      const place = await pathOf('api');
      const isPublic = visibility === 'public';
      if (field((await rest.call('GET', place)).body, 'public') === isPublic) return false;
      await rest.call('PUT', place, { public: isPublic });
      return true;
    },
    async grant(group) {
      const place = `${await pathOf('api')}/permissions/groups`;
      const granted = await all(`${place}?filter=${encodeURIComponent(group)}`);
      if (granted.some((each) => field(each, 'group', 'name') === group && /^REPO_(WRITE|ADMIN)$/.test(String(field(each, 'permission')))))
        return false;
      await rest.call('PUT', `${place}?name=${encodeURIComponent(group)}&permission=REPO_WRITE`);
      return true;
    },
    async deployKey({ title, publicKey, isReadOnly }) {
      const place = `${await pathOf('keys')}/ssh`;
      const permission = isReadOnly ? 'REPO_READ' : 'REPO_WRITE';
      for (const existing of await all(place)) {
        if (field(existing, 'key', 'label') !== title) continue;
        if (samePublicKey(field(existing, 'key', 'text'), publicKey) && field(existing, 'permission') === permission) return false;
        await rest.call('DELETE', `${place}/${String(field(existing, 'key', 'id'))}`, undefined, [404]);
      }
      // The label of a key is what follows it.
      await rest.call('POST', place, { key: { text: `${publicKey.trim()} ${title}`, label: title }, permission });
      return true;
    },
    close: () => rest.close(),
  };
}
