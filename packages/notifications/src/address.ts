import { SluiceError } from '@sluice/core';

/** The address that a provider is at; `what` names it in the error. */
export function requireUrl(address: string, what: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.host === '') {
    const fault = address === '' ? 'empty url' : 'invalid URI for request';
    throw new SluiceError('ProviderInvalid', `invalid ${what} ${address}: 'parse ${JSON.stringify(address)}: ${fault}'`);
  }
  return url;
}

/** The host and the path of a Git repository, as the APIs of its server want them: `https://host`, `group/repo`. */
export function gitAddress(address: string): { readonly host: string; readonly id: string } {
  const scp = /^(?:[\w.~-]+@)?([\w.-]+):(?!\/\/)(.+)$/u.exec(address);
  if (scp !== null) return { host: `https://${scp[1] ?? ''}`, id: repositoryId(scp[2] ?? '') };
  if (!URL.canParse(address)) throw new SluiceError('ProviderInvalid', `failed parsing URL ${JSON.stringify(address)}`);
  const url = new URL(address);
  const scheme = url.protocol === 'ssh:' ? 'https:' : url.protocol;
  return { host: `${scheme}//${url.host}`, id: repositoryId(decodeURIComponent(url.pathname)) };
}

const repositoryId = (path: string): string => path.replace(/^\/+/u, '').replace(/\.git$/u, '');

/** The owner and the name of a repository that is not in a deeper group. */
export function ownerAndRepository(id: string): readonly [owner: string, repository: string] {
  const [owner, repository, ...rest] = id.split('/');
  if (owner === undefined || repository === undefined || rest.length > 0) {
    throw new SluiceError('ProviderInvalid', `invalid repository id ${JSON.stringify(id)}`);
  }
  return [owner, repository];
}

export const basicAuthorization = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
