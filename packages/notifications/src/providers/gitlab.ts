import { goJson, isJsonObject, SluiceError } from '@sluice/core';
import { gitAddress } from '../address.js';
import { commitOf, nameAndDescription } from '../describe.js';
import { isProgress } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { HttpRequest } from '../outlet.js';
import { callJson } from '../post.js';
import type { ProviderSettings } from '../settings.js';
import { changeRequestOf, commentOf, findComment, requireUid, textAt } from './git-comment.js';
import { requireCommitStatus, stateOf, tokenOrPassword } from './git-status.js';

/** The status of a commit. */
export function gitLab(settings: ProviderSettings): Notifier {
  const client = gitLabClient(settings);
  const name = requireCommitStatus(settings);
  return async (event, outlet) => {
    if (isProgress(event)) return;
    const commit = commitOf(event);
    const state = stateOf(event, 'success', 'failed', 'gitlab');
    const { description } = nameAndDescription(event);
    const known = await callJson(
      outlet,
      'unable to list commit status',
      client.get(`${client.project}/repository/commits/${commit}/statuses?name=${encodeURIComponent(name)}`),
    );
    const wanted = { sha: commit, status: state, description, name };
    const isKnown = Array.isArray(known) && known.some((status) => isJsonObject(status) && hasAll(status, wanted));
    if (isKnown) return;
    await callJson(
      outlet,
      'could not create commit status',
      client.write('POST', `${client.project}/statuses/${commit}`, { state, name, description }),
    );
  };
}

export function gitLabMergeRequestComment(settings: ProviderSettings): Notifier {
  requireUid(settings);
  const client = gitLabClient(settings);
  return async (event, outlet) => {
    const { marker, body } = commentOf(settings, 'flux-mr-comment-key', event);
    const notes = `${client.project}/merge_requests/${changeRequestOf(event)}/notes`;
    const author = textAt(await callJson(outlet, 'failed to get authenticated user info', client.get('/user')), 'username');
    const list = await callJson(
      outlet,
      'failed to list merge request notes',
      client.get(`${notes}?order_by=created_at&per_page=100&sort=asc`),
    );
    const known = findComment(list, marker, (note) => textAt(note, 'author', 'username') === author);
    await (known === undefined
      ? callJson(outlet, 'failed to create merge request note', client.write('POST', notes, { body }))
      : callJson(outlet, 'failed to update merge request note', client.write('PUT', `${notes}/${known}`, { body })));
  };
}

const hasAll = (value: Record<string, unknown>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, text]) => value[key] === text);

function gitLabClient(settings: ProviderSettings) {
  const token = tokenOrPassword(settings);
  if (token === '') throw new SluiceError('ProviderInvalid', 'gitlab token cannot be empty');
  const { host, id } = gitAddress(settings.address);
  const headers = { Accept: 'application/json', 'PRIVATE-TOKEN': token };
  return {
    project: `/projects/${encodeURIComponent(id)}`,
    get: (path: string): HttpRequest => ({ method: 'GET', url: `${host}/api/v4${path}`, headers }),
    write: (method: 'POST' | 'PUT', path: string, body: object): HttpRequest => ({
      method,
      url: `${host}/api/v4${path}`,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: goJson(body),
    }),
  };
}
