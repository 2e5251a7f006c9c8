import type { Api, ApiAnswer, GitHost } from './git-host.js';

/** What a server of some kind knows, beside its repositories. */
export interface ServerState {
  readonly keys: { id: number; title: string; key: string; write: boolean }[];
  readonly tokens: { name: string; scopes: unknown }[];
  readonly grants: Record<string, unknown>;
  readonly created: unknown[];
  isPrivate: boolean;
}

export function newState(): ServerState {
  return { keys: [], tokens: [], grants: {}, created: [], isPrivate: true };
}

type Call = Parameters<Api>[0];
type Handler = (call: Call, host: GitHost, match: RegExpExecArray) => ApiAnswer;
type Routes = readonly (readonly [method: string, path: RegExp, handle: Handler])[];

/** An API of routes, behind a token. Whoever comes without it is told so, as by the real one. */
function apiOf(isAllowed: (call: Call, host: GitHost) => boolean, routes: Routes): Api {
  return (call, host) => {
    for (const [method, path, handle] of routes) {
      const match = path.exec(call.path);
      if (method !== call.method || match === null) continue;
      return isAllowed(call, host) ? handle(call, host, match) : { status: 401, body: { message: 'Bad credentials' } };
    }
    return undefined;
  };
}

/** Fields must be those that the server documents, no more and no less. */
function fields(body: unknown, ...names: readonly string[]): Record<string, unknown> {
  const found = Object.keys(body as object).toSorted();
  if (found.join() !== names.toSorted().join()) throw new Error(`fields ${found.join()} where ${names.join()} are documented`);
  return body as Record<string, unknown>;
}

const notFound: ApiAnswer = { status: 404, body: { message: 'Not Found' } };
const done: ApiAnswer = { status: 204 };
let ids = 100;

function addKey(state: ServerState, host: GitHost, title: unknown, key: unknown, write: boolean): number {
  const entry = { id: ids++, title: String(title), key: String(key), write };
  state.keys.push(entry);
  host.allowKey(entry.key, write ? 'write' : 'read');
  return entry.id;
}

function removeKey(state: ServerState, host: GitHost, id: string | undefined): ApiAnswer {
  const at = state.keys.findIndex((key) => key.id === Number(id));
  const [gone] = at < 0 ? [] : state.keys.splice(at, 1);
  if (gone === undefined) return notFound;
  host.revokeKey(gone.key);
  return done;
}

/** GitHub's REST API as of 2022-11-28, under the path of GitHub Enterprise Server. */
export function gitHubApi(state: ServerState, login: string): Api {
  const repository = ({ isPrivate }: ServerState): ApiAnswer => ({ status: 200, body: { name: 'fleet', private: isPrivate } });
  const create: Handler = ({ body }, host) => {
    state.created.push(body);
    host.create('org/fleet');
    return { status: 201, body: {} };
  };
  return apiOf(
    ({ headers }, host) => headers.authorization === `Bearer ${host.token}` && headers['x-github-api-version'] === '2022-11-28',
    [
      ['GET', /^\/api\/v3\/user$/, () => ({ status: 200, body: { login } })],
      ['GET', /^\/api\/v3\/repos\/org\/fleet$/, (_, host) => (host.exists('org/fleet') ? repository(state) : notFound)],
      [
        'PATCH',
        /^\/api\/v3\/repos\/org\/fleet$/,
        ({ body }) => {
          state.isPrivate = fields(body, 'private')['private'] === true;
          return repository(state);
        },
      ],
      [
        'POST',
        /^\/api\/v3\/orgs\/org\/repos$/,
        (call, host, match) => {
          fields(call.body, 'name', 'private', 'visibility');
          return create(call, host, match);
        },
      ],
      [
        'POST',
        /^\/api\/v3\/user\/repos$/,
        (call, host, match) => {
          fields(call.body, 'name', 'private');
          return create(call, host, match);
        },
      ],
      [
        'GET',
        /^\/api\/v3\/repos\/org\/fleet\/keys$/,
        () => ({
          status: 200,
          body: state.keys.map(({ id, title, key, write }) => ({ id, title, key, read_only: !write })),
        }),
      ],
      [
        'POST',
        /^\/api\/v3\/repos\/org\/fleet\/keys$/,
        ({ body }, host) => {
          const { title, key, read_only: isReadOnly } = fields(body, 'title', 'key', 'read_only');
          return { status: 201, body: { id: addKey(state, host, title, key, isReadOnly !== true) } };
        },
      ],
      ['DELETE', /^\/api\/v3\/repos\/org\/fleet\/keys\/(\d+)$/, (_, host, [, id]) => removeKey(state, host, id)],
      [
        'GET',
        /^\/api\/v3\/orgs\/org\/teams\/([\w-]+)\/repos\/org\/fleet$/,
        (_, __, [, team = '']) => (team in state.grants ? done : notFound),
      ],
      [
        'PUT',
        /^\/api\/v3\/orgs\/org\/teams\/([\w-]+)\/repos\/org\/fleet$/,
        ({ body }, __, [, team = '']) => {
          if (team === 'nobody') return notFound;
          state.grants[team] = fields(body, 'permission')['permission'];
          return done;
        },
      ],
    ],
  );
}

/** Gitea's API, version 1. */
export function giteaApi(state: ServerState): Api {
  return apiOf(
    ({ headers }, host) => headers.authorization === `token ${host.token}`,
    [
      ['GET', /^\/api\/v1\/user$/, () => ({ status: 200, body: { login: 'org' } })],
      [
        'GET',
        /^\/api\/v1\/repos\/org\/fleet$/,
        (_, host) => (host.exists('org/fleet') ? { status: 200, body: { private: state.isPrivate } } : notFound),
      ],
      [
        'POST',
        /^\/api\/v1\/user\/repos$/,
        ({ body }, host) => {
          const settings = fields(body, 'name', 'private', 'default_branch');
          state.created.push(settings);
          state.isPrivate = settings['private'] === true;
          host.create('org/fleet');
          return { status: 201, body: {} };
        },
      ],
      [
        'GET',
        /^\/api\/v1\/repos\/org\/fleet\/keys$/,
        () => ({
          status: 200,
          body: state.keys.map(({ id, title, key, write }) => ({ id, title, key, read_only: !write })),
        }),
      ],
      [
        'POST',
        /^\/api\/v1\/repos\/org\/fleet\/keys$/,
        ({ body }, host) => {
          const { title, key, read_only: isReadOnly } = fields(body, 'title', 'key', 'read_only');
          return { status: 201, body: { id: addKey(state, host, title, key, isReadOnly !== true) } };
        },
      ],
      ['DELETE', /^\/api\/v1\/repos\/org\/fleet\/keys\/(\d+)$/, (_, host, [, id]) => removeKey(state, host, id)],
    ],
  );
}

/** GitLab's API, version 4. */
export function gitLabApi(state: ServerState): Api {
  const project = String.raw`^/api/v4/projects/group%2Fteam%2Ffleet`;
  return apiOf(
    ({ headers }, host) => headers['private-token'] === host.token,
    [
      [
        'GET',
        new RegExp(`${project}$`),
        (_, host) =>
          host.exists('group/team/fleet')
            ? {
                status: 200,
                body: {
                  visibility: 'private',
                  shared_with_groups: Object.entries(state.grants).map(([id, level]) => ({
                    group_id: Number(id),
                    group_access_level: level,
                  })),
                },
              }
            : { status: 404, body: { message: '404 Project Not Found' } },
      ],
      ['GET', /^\/api\/v4\/groups\/group%2Fteam$/, () => ({ status: 200, body: { id: 7 } })],
      ['GET', /^\/api\/v4\/groups\/friends$/, () => ({ status: 200, body: { id: 8 } })],
      [
        'POST',
        new RegExp(`${project}/share$`),
        ({ body }) => {
          const { group_id: id, group_access: access } = fields(body, 'group_id', 'group_access');
          state.grants[String(id)] = access;
          return { status: 201, body: {} };
        },
      ],
      [
        'POST',
        /^\/api\/v4\/projects$/,
        ({ body }, host) => {
          state.created.push(fields(body, 'name', 'path', 'visibility', 'default_branch', 'namespace_id'));
          host.create('group/team/fleet');
          return { status: 201, body: {} };
        },
      ],
      [
        'GET',
        new RegExp(`${project}/deploy_keys$`),
        () => ({
          status: 200,
          body: state.keys.map(({ id, title, key, write }) => ({ id, title, key, can_push: write })),
        }),
      ],
      [
        'POST',
        new RegExp(`${project}/deploy_keys$`),
        ({ body }, host) => {
          const { title, key, can_push: write } = fields(body, 'title', 'key', 'can_push');
          return { status: 201, body: { id: addKey(state, host, title, key, write === true) } };
        },
      ],
      ['DELETE', new RegExp(`${project}/deploy_keys/(\\d+)$`), (_, host, [, id]) => removeKey(state, host, id)],
      [
        'GET',
        new RegExp(`${project}/deploy_tokens$`),
        () => ({ status: 200, body: state.tokens.map(({ name }) => ({ name, revoked: false, expired: false })) }),
      ],
      [
        'POST',
        new RegExp(`${project}/deploy_tokens$`),
        ({ body }, host) => {
          const { name, scopes } = fields(body, 'name', 'scopes');
          state.tokens.push({ name: String(name), scopes });
          return { status: 201, body: { username: 'gitlab+deploy-token-1', token: host.token } };
        },
      ],
    ],
  );
}

const bitbucketRepository = (host: GitHost): ApiAnswer => ({
  status: 200,
  body: {
    slug: 'fleet',
    public: false,
    links: {
      clone: [
        { name: 'http', href: `https://${host.user}@${host.address}/scm/PLAT/fleet.git` },
        { name: 'ssh', href: `ssh://git@${host.sshAddress}/scm/PLAT/fleet.git` },
      ],
    },
  },
});
const bitbucketPage = (values: readonly unknown[]): ApiAnswer => ({ status: 200, body: { values, isLastPage: true } });

/** Bitbucket Server's APIs, version 1.0. */
export function bitbucketApi(state: ServerState): Api {
  const place = '/rest/(?:api|keys)/1.0/projects/PLAT/repos';
  return apiOf(
    ({ headers }, host) => headers.authorization === `Bearer ${host.token}`,
    [
      [
        'GET',
        /^\/rest\/api\/1\.0\/projects$/,
        ({ query }) => bitbucketPage(query.get('name') === 'Platform' ? [{ key: 'PLAT', name: 'Platform' }] : []),
      ],
      ['GET', new RegExp(`^${place}/fleet$`), (_, host) => (host.exists('scm/PLAT/fleet') ? bitbucketRepository(host) : notFound)],
      [
        'POST',
        new RegExp(`^${place}$`),
        ({ body }, host) => {
          state.created.push(fields(body, 'name', 'scmId', 'defaultBranch', 'public'));
          host.create('scm/PLAT/fleet');
          return { ...bitbucketRepository(host), status: 201 };
        },
      ],
      [
        'GET',
        new RegExp(`^${place}/fleet/permissions/groups$`),
        () => bitbucketPage(Object.keys(state.grants).map((name) => ({ group: { name }, permission: 'REPO_WRITE' }))),
      ],
      [
        'PUT',
        new RegExp(`^${place}/fleet/permissions/groups$`),
        ({ query }) => {
          state.grants[query.get('name') ?? ''] = query.get('permission');
          return done;
        },
      ],
      [
        'GET',
        new RegExp(`^${place}/fleet/ssh$`),
        () =>
          bitbucketPage(
            state.keys.map(({ id, title, key, write }) => ({
              key: { id, text: key, label: title },
              permission: write ? 'REPO_WRITE' : 'REPO_READ',
            })),
          ),
      ],
      [
        'POST',
        new RegExp(`^${place}/fleet/ssh$`),
        ({ body }, host) => {
          const { key, permission } = fields(body, 'key', 'permission');
          const { text, label } = fields(key, 'text', 'label');
          return { status: 201, body: { key: { id: addKey(state, host, label, text, permission === 'REPO_WRITE') } } };
        },
      ],
      ['DELETE', new RegExp(`^${place}/fleet/ssh/(\\d+)$`), (_, host, [, id]) => removeKey(state, host, id)],
    ],
  );
}
