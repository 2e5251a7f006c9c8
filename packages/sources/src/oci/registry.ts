import { STATUS_CODES } from 'node:http';
import { SluiceError, isJsonObject } from '@sluice/core';
import { follow, readExcerpt, reasonOfStatus } from '../http/exchange.js';
import {
  createHttpTransport,
  errorCode,
  shown,
  type HttpAccess,
  type HttpTransport,
  type WebAnswer,
  type WebRequest,
} from '../http/transport.js';
import { Authorization } from './authorization.js';
import { parseChallenges } from './challenge.js';
import type { RegistryLogin } from './docker-config.js';
import type { OciRepository } from './reference.js';

export interface RegistryOptions extends HttpAccess {
  /** Who to be. Default: nobody. */
  readonly login?: RegistryLogin | undefined;
  /** Allows plain HTTP, and TLS without a known certificate where no `ca` is given. Registries on this machine need it not. */
  readonly insecure?: boolean | undefined;
  /** The wall clock, in milliseconds. */
  readonly now?: (() => number) | undefined;
}

export interface RegistryRequest extends Omit<WebRequest, 'url'> {
  /** Below `/v2/<repository>/`: `manifests/latest`; or an address that the registry gave. */
  readonly to: string | URL;
  readonly action: 'pull' | 'push';
}

interface Opened {
  readonly base: URL;
  readonly authorization: Authorization;
}

/** Requests to the registry of one repository: finds how it wants to be spoken to, then logs in as it asks. */
export class Registry {
  readonly repository: OciRepository;
  readonly #transport: HttpTransport;
  readonly #options: RegistryOptions;
  #opened: Promise<Opened> | undefined;

  constructor(repository: OciRepository, options: RegistryOptions) {
    this.repository = repository;
    this.#options = options;
    this.#transport = createHttpTransport(new URL(`https://${repository.registry}`), {
      ...options,
      insecureSkipTlsVerify: options.insecureSkipTlsVerify ?? (options.insecure === true && options.ca === undefined),
    });
  }

  /** An answer of whatever status but 401. */
  async send({ to, action, ...request }: RegistryRequest): Promise<WebAnswer> {
    this.#opened ??= this.#open(request.signal);
    this.#opened.catch(() => (this.#opened = undefined));
    const { base, authorization } = await this.#opened;
    const url = typeof to === 'string' ? new URL(`/v2/${this.repository.repository}/${to}`, base) : to;
    const scope = `repository:${this.repository.repository}:${action === 'push' ? 'pull,push' : 'pull'}`;
    const attempt = async (fresh: boolean): Promise<WebAnswer> => {
      // An upload may go to another host: that one is not the registry that the credentials are for.
      const header = url.origin === base.origin ? await authorization.header(scope, request.signal, fresh) : undefined;
      const headers = { ...request.headers, ...(header !== undefined && { authorization: header }) };
      const exchange = { ...request, url, headers };
      return (request.method ?? 'GET') === 'GET' || request.method === 'HEAD'
        ? await follow(this.#transport, exchange)
        : await this.#transport.send(exchange);
    };
    const answer = await attempt(false);
    if (answer.status !== 401 || url.origin !== base.origin) return answer;
    answer.body.destroy();
    return await attempt(true);
  }

  /** An answer of the expected status; anything else is an error in the registry's words. */
  async expect(statuses: readonly number[], request: RegistryRequest): Promise<WebAnswer> {
    const answer = await this.send(request);
    if (statuses.includes(answer.status)) return answer;
    throw await registryFailure(request.method ?? 'GET', answer);
  }

  async base(signal: AbortSignal | undefined): Promise<URL> {
    this.#opened ??= this.#open(signal);
    this.#opened.catch(() => (this.#opened = undefined));
    return (await this.#opened).base;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #open(signal: AbortSignal | undefined): Promise<Opened> {
    const { registry } = this.repository;
    const mayBePlain = this.#options.insecure === true || isThisMachine(registry);
    let failure: unknown;
    for (const scheme of mayBePlain ? ['https', 'http'] : ['https']) {
      const base = new URL(`${scheme}://${registry}`);
      let answer: WebAnswer;
      try {
        answer = await this.#transport.send({ url: new URL('/v2/', base), signal });
      } catch (error) {
        if (failure === undefined || scheme === 'http') failure = error;
        // Who presents a bad certificate is there: nothing is said to it in the clear, unless that is allowed.
        if (this.#options.insecure !== true && isCertificateFault(error)) break;
        continue;
      }
      if (answer.status !== 401 && answer.status !== 200) throw await registryFailure('GET', answer);
      answer.body.destroy();
      const challenges = answer.status === 401 ? parseChallenges(answer.headers['www-authenticate'] ?? '') : [];
      const challenge = challenges.find((each) => each.scheme === 'bearer') ?? challenges.find((each) => each.scheme === 'basic');
      if (answer.status === 401 && challenge === undefined) {
        throw new SluiceError('SourceAuthenticationFailed', `GET ${shown(answer.url)}: it wants a login of a kind that is not known here`);
      }
      const credentials = await this.#options.login?.(this.repository);
      return { base, authorization: new Authorization(this.#transport, base, challenge, credentials, this.#options.now ?? Date.now) };
    }
    throw failure;
  }
}

function isThisMachine(registry: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(registry);
}

function isCertificateFault(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const inner = cause instanceof Error ? (cause.cause ?? cause) : cause;
  return /CERT|VERIFY|SELF_SIGNED|UNABLE_TO_GET_ISSUER/.test(errorCode(inner));
}

/** The error of an answer, in the words that go-containerregistry has for it. */
export async function registryFailure(method: string, answer: WebAnswer): Promise<SluiceError> {
  const text = await readExcerpt(answer);
  const request = `${method} ${shown(answer.url)}`;
  const said = messagesOf(text);
  const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim();
  const words =
    said.length === 0
      ? `unexpected status code ${status}${text.trim() === '' ? '' : `: ${text.trim().slice(0, 500)}`}`
      : said.length === 1
        ? (said[0] ?? '')
        : `multiple errors returned: ${said.join('; ')}`;
  return new SluiceError(reasonOfStatus(answer.status), `${request}: ${words}`);
}

function messagesOf(text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const errors = isJsonObject(value) && Array.isArray(value.errors) ? value.errors : [];
  return errors.filter(isJsonObject).map(({ code, message, detail }) => {
    const what = isJsonObject(detail)
      ? `map[${Object.entries(detail)
          .map(([key, each]) => `${key}:${typeof each === 'string' ? each : JSON.stringify(each)}`)
          .join(' ')}]`
      : typeof detail === 'string'
        ? detail
        : '';
    return `${String(code)}: ${String(message)}${what === '' || what === 'map[]' ? '' : `; ${what}`}`.slice(0, 1000);
  });
}
