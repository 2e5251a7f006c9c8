import { goJson, SluiceError } from '@sluice/core';
import { gitAddress, ownerAndRepository } from '../address.js';
import { commitOf, nameAndDescription } from '../describe.js';
import { isProgress } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { HttpRequest } from '../outlet.js';
import { callJson } from '../post.js';
import type { ProviderSettings } from '../settings.js';
import { changeRequestOf, commentOf, findComment, requireUid, textAt } from './git-comment.js';
import { isKnownStatus, requireCommitStatus, stateOf, tokenOrPassword } from './git-status.js';

const json = { 'Content-Type': 'application/json' };

/** The status of a commit. What is under way is told too: Gitea has a word for that. */
export function gitea(settings: ProviderSettings): Notifier {
  const context = requireCommitStatus(settings);
  const client = giteaClient(settings);
  return async (event, outlet) => {
    const commit = commitOf(event);
    const status = {
      state: isProgress(event) ? 'pending' : stateOf(event, 'success', 'failure', 'gitea'),
      target_url: '',
      description: nameAndDescription(event).description,
      context,
    };
    await callJson(outlet, 'failed creating Gitea client', client.get('/version'));
    const known = await callJson(outlet, 'could not list commit statuses', {
      ...client.get(`${client.repository}/commits/${commit}/statuses?limit=50&page=1`, json),
    });
    const wanted = { context, description: status.description };
    // The state is called `status` in what Gitea answers.
    if (isKnownStatus(known, { ...wanted, status: status.state }, 'context')) return;
    if (isKnownStatus(known, { ...wanted, state: status.state }, 'context')) return;
    await callJson(outlet, 'could not create commit status', client.write('POST', `${client.repository}/statuses/${commit}`, status));
  };
}

export function giteaPullRequestComment(settings: ProviderSettings): Notifier {
  requireUid(settings);
  const client = giteaClient(settings);
  return async (event, outlet) => {
    const { marker, body } = commentOf(settings, 'flux-pr-comment-key', event);
    const issues = `${client.repository}/issues`;
    const comments = `${issues}/${changeRequestOf(event)}/comments`;
    await callJson(outlet, 'failed creating Gitea client', client.get('/version'));
    const author = textAt(await callJson(outlet, 'failed to get authenticated user info', client.get('/user')), 'login');
    const list = await callJson(outlet, 'failed to list pull request comments', client.get(`${comments}?limit=100&page=1`));
    const known = findComment(list, marker, (comment) => textAt(comment, 'user', 'login') === author);
    await (known === undefined
      ? callJson(outlet, 'failed to create pull request comment', client.write('POST', comments, { body }))
      : callJson(outlet, 'failed to update pull request comment', client.write('PATCH', `${issues}/comments/${known}`, { body })));
  };
}

function giteaClient(settings: ProviderSettings) {
  const token = tokenOrPassword(settings);
  if (token === '') throw new SluiceError('ProviderInvalid', 'gitea token cannot be empty');
  const { host, id } = gitAddress(settings.address);
  const [owner, repository] = ownerAndRepository(id);
  const authorization = { Authorization: `token ${token}` };
  return {
    repository: `/repos/${owner}/${repository}`,
    get: (path: string, headers: Readonly<Record<string, string>> = {}): HttpRequest => ({
      method: 'GET',
      url: `${host}/api/v1${path}`,
      headers: { ...authorization, ...headers },
    }),
    write: (method: 'POST' | 'PATCH', path: string, body: object): HttpRequest => ({
      method,
      url: `${host}/api/v1${path}`,
      headers: { ...authorization, ...json },
      body: goJson(body),
    }),
  };
}
