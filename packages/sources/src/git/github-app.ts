import { createPrivateKey, sign } from 'node:crypto';
import { SluiceError, deadlineSignal, errorMessage, isJsonObject } from '@sluice/core';
import { serviceUrl } from '../cloud/exchange.js';
import { readBody } from '../http/exchange.js';
import { createHttpTransport } from '../http/transport.js';
import type { GitCredentials } from './credentials.js';

/** A GitHub App as a Secret describes it. */
export interface GitHubApp {
  readonly appId: string;
  readonly installationId?: string;
  /** The user or organisation of the installation, instead of its id. */
  readonly owner?: string;
  readonly privateKey: string;
  /** The address of the API. Default: `https://api.github.com`. */
  readonly baseUrl: string;
  readonly ca?: string;
  /** The address of a proxy, with its credentials. */
  readonly proxy?: string;
}

/** Reads a GitHub App from a Secret, by Flux's keys: `githubAppID`, `githubAppInstallationID` or `…Owner`, `githubAppPrivateKey`, `githubAppBaseURL`. */
export function gitHubAppFromSecret(
  data: Readonly<Record<string, Uint8Array>>,
  access: { readonly proxy?: string | undefined } = {},
): GitHubApp {
  const text = (key: string): string =>
    Object.hasOwn(data, key)
      ? Buffer.from(data[key] ?? [])
          .toString('utf8')
          .trim()
      : '';
  const required = (key: string): string => {
    const value = text(key);
    if (value === '') throw new SluiceError('GitCredentialsInvalid', `key '${key}' not found`);
    return value;
  };
  const installationId = text('githubAppInstallationID');
  const owner = text('githubAppInstallationOwner');
  if ((installationId === '') === (owner === '')) {
    throw new SluiceError(
      'GitCredentialsInvalid',
      `the Secret must contain exactly one of 'githubAppInstallationOwner' or 'githubAppInstallationID'`,
    );
  }
  const ca = text('ca.crt') || text('caFile');
  return {
    appId: required('githubAppID'),
    privateKey: required('githubAppPrivateKey'),
    baseUrl: (text('githubAppBaseURL') || 'https://api.github.com').replace(/\/+$/, ''),
    ...(installationId !== '' && { installationId }),
    ...(owner !== '' && { owner }),
    ...(ca !== '' && { ca }),
    ...(access.proxy !== undefined && { proxy: access.proxy }),
  };
}

export interface GitHubTokens {
  /** Credentials for Git over HTTPS. A token is used again until shortly before it expires. */
  credentials(app: GitHubApp, signal?: AbortSignal): Promise<GitCredentials>;
  /** The name of an app in addresses: what it does is shown as done by `<name>[bot]`. */
  slug(app: GitHubApp, signal?: AbortSignal): Promise<string>;
}

interface Token {
  readonly token: string;
  readonly expiresAt: number;
}

/** A token that has less than this left is not used any more: an operation may take a while. */
const minLeftMs = 5 * 60_000;

/** Gets installation tokens for GitHub Apps. `now` is the wall clock in milliseconds; `onAsk` is told when GitHub is about to be asked for one. */
export function createGitHubTokens(now: () => number = Date.now, onAsk?: () => void): GitHubTokens {
  const tokens = new Map<string, Promise<Token>>();
  return {
    async credentials(app, signal) {
      const key = JSON.stringify([app.baseUrl, app.appId, app.installationId, app.owner, app.privateKey]);
      const known = await tokens.get(key)?.catch(() => undefined);
      let token = known;
      if (token === undefined || token.expiresAt - now() < minLeftMs) {
        onAsk?.();
        const fresh = fetchToken(app, now(), signal);
        tokens.set(key, fresh);
        fresh.catch(() => tokens.delete(key));
        token = await fresh;
      }
      // Who has a token has shown that the App's key is theirs.
      const holder = `github-app ${app.baseUrl} ${app.appId} ${app.installationId ?? app.owner ?? ''}`;
      return { username: 'x-access-token', password: token.token, holder, ...(app.ca !== undefined && { ca: app.ca }) };
    },
    async slug(app, signal) {
      const answer = await call(app, 'GET', '/app', signedToken(app, now()), signal);
      if (!isJsonObject(answer) || typeof answer.slug !== 'string') throw failed(app, 'the answer has no slug');
      return answer.slug;
    },
  };
}

async function fetchToken(app: GitHubApp, time: number, signal: AbortSignal | undefined): Promise<Token> {
  const jwt = signedToken(app, time);
  const installation = app.installationId ?? (await findInstallation(app, jwt, signal));
  const answer = await call(app, 'POST', `/app/installations/${encodeURIComponent(installation)}/access_tokens`, jwt, signal);
  if (!isJsonObject(answer) || typeof answer.token !== 'string') throw failed(app, 'the answer has no token');
  const expiresAt = Date.parse(String(answer.expires_at));
  return { token: answer.token, expiresAt: Number.isNaN(expiresAt) ? time + 10 * 60_000 : expiresAt };
}

async function findInstallation(app: GitHubApp, jwt: string, signal: AbortSignal | undefined): Promise<string> {
  for (let page = 1; page <= 100; page++) {
    const answer = await call(app, 'GET', `/app/installations?per_page=100&page=${page}`, jwt, signal);
    if (!Array.isArray(answer) || answer.length === 0) break;
    for (const each of answer as { id?: unknown; account?: { login?: unknown } }[]) {
      if (String(each.account?.login).toLowerCase() === app.owner?.toLowerCase()) return String(each.id);
    }
  }
  throw failed(app, `the app has no installation for ${app.owner ?? ''}`);
}

/** What the app shows to say who it is: signed with its key, good for nine minutes. A minute earlier than now, for clocks that differ. */
function signedToken(app: GitHubApp, time: number): string {
  const seconds = Math.floor(time / 1000);
  const content = `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded({ iat: seconds - 60, exp: seconds + 480, iss: app.appId })}`;
  try {
    return `${content}.${sign('RSA-SHA256', Buffer.from(content), createPrivateKey(app.privateKey)).toString('base64url')}`;
  } catch (error) {
    throw new SluiceError('GitCredentialsInvalid', `githubAppPrivateKey is not a private key: ${errorMessage(error)}`, { cause: error });
  }
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const answerWithinMs = 30_000;
const maxAnswerBytes = 10_000_000;

/** One request to the API. Redirects are not followed: they could lead the token elsewhere. */
async function call(app: GitHubApp, method: 'GET' | 'POST', path: string, jwt: string, signal: AbortSignal | undefined): Promise<unknown> {
  const url = serviceUrl(app.baseUrl + path, 'githubAppBaseURL');
  const transport = createHttpTransport(url, {
    ...(app.ca !== undefined && { ca: app.ca }),
    ...(app.proxy !== undefined && { proxy: app.proxy }),
  });
  const headers = { authorization: `Bearer ${jwt}`, accept: 'application/vnd.github+json' };
  try {
    const answer = await transport.send({ method, url, headers, signal: deadlineSignal(answerWithinMs, signal) });
    const body = await readBody(answer, maxAnswerBytes, 'the answer');
    if (answer.status >= 200 && answer.status < 300) return parsed(body.toString('utf8'));
    throw failed(app, `${method} ${url.pathname} answered ${answer.status}`);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof SluiceError && error.reason === 'GitAuthenticationFailed' ? error : failed(app, errorMessage(error), error);
  } finally {
    await transport.close();
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function failed(app: GitHubApp, why: string, cause?: unknown): SluiceError {
  return new SluiceError('GitAuthenticationFailed', `no token for the GitHub App ${app.appId} from ${app.baseUrl}: ${why}`, { cause });
}
