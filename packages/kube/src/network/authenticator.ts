import { SluiceError } from '@sluice/core';
import { readFileSync } from 'node:fs';
import type { Credentials, IssuedToken } from '../kubeconfig/types.js';
import { ExecPlugin, type IssuedCertificate } from './exec-plugin.js';

/** Says who a request is from. */
export interface Authenticator {
  /** The value of the authorization header; a promise only when someone must be asked. */
  authorization(): string | undefined | Promise<string | undefined>;
  /** The server refused (401): forget what is cached. True when there may be something else. */
  refused(): boolean;
  /** A client certificate that came with the credentials; undefined when there is none (yet). */
  certificate?(): IssuedCertificate | undefined;
}

export function createAuthenticator(credentials: Credentials): Authenticator {
  switch (credentials.type) {
    case 'token':
      return constant(`Bearer ${credentials.token}`);
    case 'basic':
      return constant(`Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`);
    case 'token-file':
      return new TokenFile(credentials.file, credentials.fallback);
    case 'issued':
      return new IssuedTokens(credentials.issue);
    case 'exec':
      return new ExecPlugin(credentials);
    default:
      return constant(undefined);
  }
}

function constant(value: string | undefined): Authenticator {
  return { authorization: () => value, refused: () => false };
}

/** A token that is made when one is needed; requests that need it at the same time share one. */
class IssuedTokens implements Authenticator {
  readonly #issue: () => Promise<IssuedToken>;
  #issued: IssuedToken | undefined;
  #issuing: Promise<IssuedToken> | undefined;

  constructor(issue: () => Promise<IssuedToken>) {
    this.#issue = issue;
  }

  authorization(): string | Promise<string> {
    if (this.#issued !== undefined && this.#issued.expires > Date.now()) return `Bearer ${this.#issued.token}`;
    this.#issuing ??= this.#issue()
      .then((issued) => (this.#issued = issued))
      .finally(() => (this.#issuing = undefined));
    return this.#issuing.then(({ token }) => `Bearer ${token}`);
  }

  refused(): boolean {
    // One that its maker keeps would be the same again.
    const mayBeNew = this.#issued !== undefined && this.#issued.expires > Date.now();
    this.#issued = undefined;
    return mayBeNew;
  }
}

/** A token that something else keeps fresh in a file. */
class TokenFile implements Authenticator {
  readonly #file: string;
  readonly #fallback: string | undefined;
  #value = '';
  #readAt = -Infinity;

  constructor(file: string, fallback: string | undefined) {
    this.#file = file;
    this.#fallback = fallback;
  }

  authorization(): string {
    if (performance.now() - this.#readAt < 60_000) return this.#value;
    let token: string;
    try {
      token = readFileSync(this.#file, 'utf8').trim();
    } catch (cause) {
      // In the moment of a rotation the file may be away: what was read last is good for some time yet.
      if (this.#value !== '') return this.#value;
      if (this.#fallback === undefined) {
        throw new SluiceError('KubeCredentialsFailed', `the token file ${this.#file} can't be read: ${(cause as Error).message}`, {
          cause,
        });
      }
      token = this.#fallback;
    }
    this.#value = `Bearer ${token}`;
    this.#readAt = performance.now();
    return this.#value;
  }

  refused(): boolean {
    const before = this.#value;
    this.#readAt = -Infinity;
    return this.authorization() !== before;
  }
}
