import { createHash } from 'node:crypto';
import { goJson, isJsonObject, SluiceError } from '@sluice/core';
import { basicAuthorization, gitAddress, ownerAndRepository } from '../address.js';
import { commitOf, nameAndDescription } from '../describe.js';
import { isProgress } from '../event.js';
import type { Notifier } from '../notifier.js';
import { answerJson, callJson, isSuccess } from '../post.js';
import type { ProviderSettings } from '../settings.js';
import { requireCommitStatus, stateOf } from './git-status.js';

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

/** The build status of a commit on bitbucket.org. The token is `user:password`. */
export function bitbucket(settings: ProviderSettings): Notifier {
  const { token, address } = settings;
  if (token === '') throw new SluiceError('ProviderInvalid', 'bitbucket token cannot be empty');
  const key = sha1(requireCommitStatus(settings));
  const { id } = gitAddress(address);
  const [username, password, ...rest] = token.split(':');
  if (username === undefined || password === undefined || rest.length > 0) {
    throw new SluiceError('ProviderInvalid', 'invalid token format, expected to be <user>:<password>');
  }
  const [owner, repository] = ownerAndRepository(id);
  const headers = { Authorization: basicAuthorization(username, password) };
  return async (event, outlet) => {
    if (isProgress(event)) return;
    const commit = commitOf(event);
    const state = stateOf(event, 'SUCCESSFUL', 'FAILED', 'bitbucket');
    const { name, description } = nameAndDescription(event);
    const url = `https://api.bitbucket.org/2.0/repositories/${owner}/${repository}/commit/${commit}/statuses/build`;
    const known = await outlet.send({ method: 'GET', url: `${url}/${key}`, headers });
    if (!isSuccess(known) && known.status !== 404) {
      throw new SluiceError('ProviderFailed', `could not get commit status: status code ${known.status}: ${known.body}`);
    }
    const status = answerJson(known);
    if (isJsonObject(status) && status['state'] === state && status['description'] === description) return;
    await callJson(outlet, 'could not create commit status', {
      method: 'POST',
      url,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: goJson({ key, url: 'https://bitbucket.org', state, name, description }),
    });
  };
}

/** The build status of a commit on a server of one's own. */
export function bitbucketServer(settings: ProviderSettings): Notifier {
  const { token, username, password, address } = settings;
  const commits = bitbucketServerCommits(address);
  const key = sha1(requireCommitStatus(settings));
  if (token === '' && (username === '' || password === '')) {
    throw new SluiceError('ProviderInvalid', 'invalid credentials, expected to be one of username/password or API Token');
  }
  const headers = {
    Authorization: token === '' ? basicAuthorization(username, password) : `Bearer ${token}`,
    'x-atlassian-token': 'no-check',
    'x-requested-with': 'XMLHttpRequest',
  };
  return async (event, outlet) => {
    if (isProgress(event)) return;
    const commit = commitOf(event);
    const state = stateOf(event, 'SUCCESSFUL', 'FAILED', 'bitbucket server');
    const { name: title, description } = nameAndDescription(event);
    const name = `${title} [${description}]`;
    const url = `${commits}/${commit}/builds`;
    const known = await outlet.send({ method: 'GET', url: `${url}?key=${key}`, headers });
    if (known.status > 399 && known.status !== 404) {
      throw new SluiceError('ProviderFailed', `could not get existing commit status: ${known.status}: ${known.body}`);
    }
    const status = known.status === 200 ? answerJson(known) : undefined;
    const wanted = { description, key, name, state };
    if (isJsonObject(status) && Object.entries(wanted).every(([field, value]) => status[field] === value)) return;
    await callJson(outlet, 'could not post build status', {
      method: 'POST',
      url,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: `${goJson({ ...wanted, url: address })}\n`,
    });
  };
}

/** `https://host/context/scm/PROJECT/repository.git`, as people clone it. */
function bitbucketServerCommits(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new SluiceError(
      'ProviderInvalid',
      `could not parse git address: unsupported scheme type in address: ${address}. Must be http or https`,
    );
  }
  const path = url.pathname.replace(/\.git$/u, '');
  const scm = path.lastIndexOf('/scm/');
  if (scm < 0) {
    throw new SluiceError('ProviderInvalid', 'could not parse git address: supplied provider address is not http(s) git clone url');
  }
  const [project, repository] = ownerAndRepository(path.slice(scm + '/scm/'.length));
  return `${url.origin}${path.slice(0, scm)}/rest/api/latest/projects/${project}/repos/${repository}/commits`;
}
