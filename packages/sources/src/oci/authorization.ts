import { SluiceError, isJsonObject } from '@sluice/core';
import { basicAuthorization, readBody } from '../http/exchange.js';
import { shown, type HttpTransport } from '../http/transport.js';
import type { Challenge } from './challenge.js';
import type { RegistryCredentials } from './docker-config.js';

interface Token {
  readonly header: string;
  readonly expires: number;
}

/** A token is good for this long when its server does not say. */
const defaultTokenMs = 60_000;

/** Makes the `Authorization` header of one registry: basic, or tokens that a token server gives for credentials, kept while they last. */
export class Authorization {
  readonly #transport: HttpTransport;
  readonly #credentials: RegistryCredentials | undefined;
  readonly #challenge: Challenge | undefined;
  readonly #registry: URL;
  readonly #now: () => number;
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(
    transport: HttpTransport,
    registry: URL,
    challenge: Challenge | undefined,
    credentials: RegistryCredentials | undefined,
    now: () => number,
  ) {
    this.#transport = transport;
    this.#registry = registry;
    this.#challenge = challenge;
    this.#credentials = credentials;
    this.#now = now;
  }

  /** The header for a scope such as `repository:team/app:pull`. `fresh` asks for a new token: the last one was not taken. */
  async header(scope: string, signal: AbortSignal | undefined, fresh = false): Promise<string | undefined> {
    const credentials = this.#credentials;
    if (this.#challenge?.scheme === 'basic') {
      if (credentials?.username === undefined) return undefined;
      return basicAuthorization(credentials.username, credentials.password ?? '');
    }
    if (credentials?.registryToken !== undefined) return `Bearer ${credentials.registryToken}`;
    if (this.#challenge?.scheme !== 'bearer') return undefined;
    const known = fresh ? undefined : await this.#tokens.get(scope);
    if (known !== undefined && known.expires > this.#now()) return known.header;
    const token = this.#fetch(scope, signal);
    this.#tokens.set(scope, token);
    token.catch(() => this.#tokens.delete(scope));
    return (await token).header;
  }

  async #fetch(scope: string, signal: AbortSignal | undefined): Promise<Token> {
    const realm = this.#challenge?.parameters.get('realm') ?? '';
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    if (url === undefined || (url.protocol !== 'https:' && !(url.protocol === 'http:' && this.#registry.protocol === 'http:'))) {
      throw new SluiceError('SourceAnswerInvalid', `${shown(this.#registry)} names no token server that is safe to ask`);
    }
    const service = this.#challenge?.parameters.get('service') ?? '';
    const { username, password, identityToken } = this.#credentials ?? {};
    const form = new URLSearchParams({ scope, service });
    if (identityToken !== undefined) {
      form.set('grant_type', 'refresh_token');
      form.set('refresh_token', identityToken);
      form.set('client_id', 'sluice');
    } else {
      for (const [name, value] of form) url.searchParams.set(name, value);
    }
    const answer = await this.#transport.send({
      method: identityToken === undefined ? 'GET' : 'POST',
      url,
      headers: {
        accept: 'application/json',
        ...(identityToken !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(identityToken === undefined && username !== undefined && { authorization: basicAuthorization(username, password ?? '') }),
      },
      ...(identityToken !== undefined && { body: form.toString() }),
      signal,
    });
    const body = (await readBody(answer, 1024 * 1024, `the answer of ${shown(url)}`)).toString('utf8');
    if (answer.status === 401 || answer.status === 403) {
      throw new SluiceError(
        'SourceAuthenticationFailed',
        `GET ${shown(url)}: UNAUTHORIZED: authentication required: the token server of ${this.#registry.host} gives ${this.#credentials === undefined ? 'anonymous clients' : 'these credentials'} no access (status ${answer.status})`,
      );
    }
    if (answer.status !== 200) throw new SluiceError('SourceRefused', `GET ${shown(url)}: unexpected status code ${answer.status}`);
    return this.#parse(body, url);
  }

  #parse(body: string, url: URL): Token {
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      value = undefined;
    }
    const token = isJsonObject(value) ? (value.token ?? value.access_token) : undefined;
    if (!isJsonObject(value) || typeof token !== 'string' || token === '' || /[\r\n]/.test(token)) {
      throw new SluiceError('SourceAnswerInvalid', `${shown(url)} answered without a token`);
    }
    const seconds = typeof value.expires_in === 'number' && value.expires_in > 0 ? value.expires_in : defaultTokenMs / 1000;
    // A little before its end: the request with it has still to arrive.
    return { header: `Bearer ${token}`, expires: this.#now() + seconds * 900 };
  }
}
