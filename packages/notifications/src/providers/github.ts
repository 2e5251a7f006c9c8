import { goJson, SluiceError } from '@sluice/core';
import { gitAddress, ownerAndRepository } from '../address.js';
import { commitOf, nameAndDescription } from '../describe.js';
import { eventFields, isProgress } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { HttpRequest, Outlet } from '../outlet.js';
import { callJson } from '../post.js';
import type { ProviderSettings } from '../settings.js';
import { changeRequestOf, commentOf, findComment, requireUid, textAt } from './git-comment.js';
import { isKnownStatus, requireCommitStatus, stateOf, tokenOrPassword } from './git-status.js';

/** The status of a commit. */
export function gitHub(settings: ProviderSettings): Notifier {
  const context = requireCommitStatus(settings);
  const client = gitHubClient(settings);
  return async (event, outlet) => {
    if (isProgress(event)) return;
    const commit = commitOf(event);
    const status = { state: stateOf(event, 'success', 'failure', 'github'), description: nameAndDescription(event).description, context };
    const login = await client.login(outlet);
    const known = await callJson(
      outlet,
      'could not list commit statuses',
      client.get(login, `${client.repository}/commits/${commit}/statuses?per_page=50`),
    );
    if (isKnownStatus(known, status, 'context')) return;
    await callJson(
      outlet,
      'could not create commit status',
      client.write(login, 'POST', `${client.repository}/statuses/${commit}`, status),
    );
  };
}

/** A `repository_dispatch` event, which workflows can run on. */
export function gitHubDispatch(settings: ProviderSettings): Notifier {
  const client = gitHubClient(settings);
  return async (event, outlet) => {
    const { kind, name, namespace } = event.involvedObject;
    const login = await client.login(outlet);
    const payload = `{"event_type":${JSON.stringify(`${kind}/${name}.${namespace}`)},"client_payload":${goJson(eventFields(event))}}\n`;
    await callJson(outlet, 'could not send github repository dispatch webhook', {
      ...client.write(login, 'POST', `${client.repository}/dispatches`, {}),
      body: payload,
    });
  };
}

export function gitHubPullRequestComment(settings: ProviderSettings): Notifier {
  requireUid(settings);
  const client = gitHubClient(settings);
  return async (event, outlet) => {
    const { marker, body } = commentOf(settings, 'flux-pr-comment-key', event);
    const issue = `${client.repository}/issues`;
    const comments = `${issue}/${changeRequestOf(event)}/comments`;
    const login = await client.login(outlet);
    const author =
      login.slug === ''
        ? textAt(await callJson(outlet, 'failed to get authenticated user info', client.get(login, '/user')), 'login')
        : `${login.slug}[bot]`;
    const list = await callJson(outlet, 'failed to list pull request comments', {
      ...client.get(login, `${comments}?direction=asc&per_page=100&sort=created`, 'application/vnd.github.squirrel-girl-preview'),
    });
    const known = findComment(list, marker, (comment) => textAt(comment, 'user', 'login') === author);
    await (known === undefined
      ? callJson(outlet, 'failed to create pull request comment', client.write(login, 'POST', comments, { body }))
      : callJson(outlet, 'failed to update pull request comment', client.write(login, 'PATCH', `${issue}/comments/${known}`, { body })));
  };
}

interface Login {
  readonly token: string;
  readonly slug: string;
}

const headers = (login: Login, accept: string): Record<string, string> => ({
  Accept: accept,
  Authorization: `Bearer ${login.token}`,
  'X-GitHub-Api-Version': '2022-11-28',
});

function gitHubClient(settings: ProviderSettings) {
  const token = tokenOrPassword(settings);
  if (token === '' && !Object.hasOwn(settings.secret, 'githubAppID')) {
    throw new SluiceError('ProviderInvalid', 'github token or github app details must be specified');
  }
  const { host, id } = gitAddress(settings.address);
  const [owner, repository] = ownerAndRepository(id);
  const base = new URL(host).host === 'github.com' ? 'https://api.github.com' : `${host}/api/v3`;
  return {
    repository: `/repos/${owner}/${repository}`,
    login: (outlet: Outlet): Promise<Login> =>
      token === '' ? outlet.githubAppToken(settings.secret) : Promise.resolve({ token, slug: '' }),
    get(login: Login, path: string, accept = 'application/vnd.github.v3+json'): HttpRequest {
      return { method: 'GET', url: `${base}${path}`, headers: headers(login, accept) };
    },
    write(login: Login, method: 'POST' | 'PATCH', path: string, body: object): HttpRequest {
      return {
        method,
        url: `${base}${path}`,
        headers: { ...headers(login, 'application/vnd.github.v3+json'), 'Content-Type': 'application/json' },
        body: `${JSON.stringify(body)}\n`,
      };
    },
  };
}
