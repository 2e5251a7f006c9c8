import { SluiceError } from '@sluice/core';

/** An address of a Git repository that may be given to git: parsed, checked, without credentials. */
export interface GitUrl {
  readonly protocol: 'http' | 'https' | 'ssh' | 'file';
  /** With the port, when there is one. Empty for file. */
  readonly host: string;
  /** The address for git's arguments. It never starts with a dash and holds no password. */
  readonly address: string;
  readonly username?: string;
  readonly password?: string;
}

const hint = 'write https://host/path, or ssh://user@host/path';

/**
 * Checks an address. Only http, https and ssh, and file where that is allowed: no helpers (`ext::`), no host that ssh
 * would read as an option, no control characters.
 */
export function parseGitUrl(text: string, options: { readonly allowFile?: boolean } = {}): GitUrl {
  const refuse = (why: string): SluiceError => new SluiceError('GitUrlRefused', `the Git address ${quoted(text)} ${why}`);
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(text)) throw refuse('contains spaces or control characters');
  if (!/^(?:[a-z]+:\/\/[^/]|file:\/\/)/i.test(text)) throw refuse(`has no protocol that is allowed: ${hint}`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse(`does not parse: ${hint}`);
  }
  const protocol = url.protocol.slice(0, -1);
  if (protocol === 'file') {
    if (options.allowFile !== true) throw refuse('is a local one, which is not allowed here');
    if (url.host !== '') throw refuse('is a local one with a host');
    const path = decodeURIComponent(url.pathname);
    if (path.includes('\0')) throw refuse('contains a NUL character');
    return { protocol, host: '', address: `file://${path}` };
  }
  if (protocol !== 'http' && protocol !== 'https' && protocol !== 'ssh') throw refuse(`has no protocol that is allowed: ${hint}`);
  if (url.hostname === '' || url.hostname.startsWith('-')) throw refuse(`has no host that is allowed: ${hint}`);
  if (url.pathname.startsWith('/-') && protocol === 'ssh') throw refuse('has a path that starts with a dash');
  if (url.search !== '' || url.hash !== '') throw refuse('has a query or fragment, which no repository has');
  const username = decoded(url.username, refuse);
  const password = decoded(url.password, refuse);
  if (username.startsWith('-')) throw refuse('has a user that starts with a dash');
  // ssh names its user in the address; for http the user goes with the password, by the credential helper.
  const user = protocol === 'ssh' ? `${url.username === '' ? 'git' : url.username}@` : '';
  return {
    protocol,
    host: url.host,
    address: `${protocol}://${user}${url.host}${url.pathname}`,
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
  };
}

function decoded(text: string, refuse: (why: string) => SluiceError): string {
  try {
    const value = decodeURIComponent(text);
    // oxlint-disable-next-line no-control-regex -- these are what is looked for
    if (!/[\u0000-\u001f\u007f]/.test(value)) return value;
  } catch {
    // Falls through to the refusal.
  }
  throw refuse('has a user or password that does not parse');
}

/** An address as it stands in a message: without its password. */
export function quoted(url: string): string {
  return `'${url.replace(/\/\/[^/@\s]*@/, (userinfo) => (userinfo.includes(':') ? '//***@' : userinfo)).slice(0, 500)}'`;
}

/** The address that a submodule names, which may be relative to that of its repository. */
export function resolveSubmoduleUrl(parent: GitUrl, url: string): string {
  if (!url.startsWith('./') && !url.startsWith('../')) return url;
  const [, origin = '', path = ''] = /^([a-z]+:\/\/[^/]*)(\/.*)?$/.exec(parent.address) ?? [];
  const segments = path.split('/').filter((segment) => segment !== '');
  for (const segment of url.split('/')) {
    if (segment === '..') {
      if (segments.pop() === undefined) throw new SluiceError('GitUrlRefused', `the submodule address ${quoted(url)} leads above its host`);
    } else if (segment !== '.' && segment !== '') segments.push(segment);
  }
  return `${origin}/${segments.join('/')}`;
}
