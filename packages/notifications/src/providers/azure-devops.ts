import { goJson, isJsonObject, SluiceError } from '@sluice/core';
import { basicAuthorization, gitAddress } from '../address.js';
import { commitOf, nameAndDescription } from '../describe.js';
import { metadataOf } from '../metadata.js';
import { isProgress } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { Outlet } from '../outlet.js';
import { callJson } from '../post.js';
import type { ProviderSettings } from '../settings.js';
import { requireCommitStatus, stateOf } from './git-status.js';
import { textAt } from './git-comment.js';

const JSON_OF_API = 'application/json;api-version=6.0';
const SCOPE = '499b84ac-1321-427f-aa17-267ca6975798/.default';

/** The status of a commit. Without a token, the workload's identity is used. */
export function azureDevOps(settings: ProviderSettings): Notifier {
  const { host, id } = gitAddress(settings.address);
  const name = requireCommitStatus(settings);
  const [organization, project, , repository, ...rest] = id.split('/');
  if (organization === undefined || project === undefined || repository === undefined || rest.length > 0) {
    throw new SluiceError('ProviderInvalid', `invalid repository id ${JSON.stringify(id)}`);
  }
  return async (event, outlet) => {
    if (isProgress(event)) return;
    const commit = commitOf(event);
    const status = { state: stateOf(event, 'succeeded', 'error', 'azure devops'), description: nameAndDescription(event).description };
    const summary = metadataOf(event, 'summary');
    const genre = summary === undefined ? 'fluxcd' : `fluxcd:${summary}`;
    const token = settings.token === '' ? await outlet.azureToken(SCOPE) : settings.token;
    const headers = {
      Authorization: basicAuthorization('', token),
      'X-TFS-FedAuthRedirect': 'Suppress',
      'X-TFS-Session': uuid(outlet),
    };
    // The service tells its client what it serves; an account that is elsewhere answers with a failure here.
    await callJson(outlet, 'could not reach Azure DevOps', {
      method: 'OPTIONS',
      url: `${host}/${organization}/_apis`,
      headers: { ...headers, Accept: 'application/json' },
    });
    const url = `${host}/${organization}/${project}/_apis/git/repositories/${repository}/commits/${commit}/statuses`;
    const known = await callJson(outlet, 'could not list commit statuses', {
      method: 'GET',
      url,
      headers: { ...headers, Accept: JSON_OF_API },
    });
    if (isKnown(known, genre, name, status)) return;
    await callJson(outlet, 'could not create commit status', {
      method: 'POST',
      url,
      headers: { ...headers, Accept: JSON_OF_API, 'Content-Type': 'application/json;charset=utf-8' },
      body: goJson({ context: { genre, name }, description: status.description, state: status.state }),
    });
  };
}

function isKnown(answer: unknown, genre: string, name: string, status: { readonly state: string; readonly description: string }): boolean {
  const list = isJsonObject(answer) ? answer['value'] : answer;
  if (!Array.isArray(list)) return false;
  const newest: unknown = list.find((item) => textAt(item, 'context', 'genre') === genre && textAt(item, 'context', 'name') === name);
  return textAt(newest, 'state') === status.state && textAt(newest, 'description') === status.description;
}

function uuid(outlet: Outlet): string {
  const hex = Buffer.from(outlet.randomBytes(16)).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
