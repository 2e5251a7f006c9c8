import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { SluiceError, errorMessage } from '@sluice/core';
import { proxyFromEnvironment } from '@sluice/kube';
import type { Dispatcher } from 'undici';
import { guardedLookup, refuseLinkLocal } from './link-local.js';

/** How servers are reached: certificates, proxy, limits of where. */
export interface HttpAccess {
  /** Authorities (PEM) that are trusted besides the public ones. */
  readonly ca?: string | undefined;
  /** A client certificate and its key (PEM). They are shown to the home origin only. */
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** `http://proxy:3128`; its credentials may be in it. Default: what the environment names. */
  readonly proxy?: string | undefined;
  /** Lets connections go to link-local addresses, where clouds keep their machines' credentials. Default: false. */
  readonly allowLinkLocal?: boolean | undefined;
  /** Where proxies are named. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface WebRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Ends the exchange, the body of its answer included. */
  readonly signal?: AbortSignal | undefined;
}

export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end, or destroyed. */
  readonly body: AsyncIterable<Uint8Array> & { destroy(): void };
  /** Where it came from, after redirects. */
  readonly url: URL;
}

/** One exchange; redirects are answers like others here. */
export interface HttpTransport {
  send(request: WebRequest): Promise<WebAnswer>;
  close(): Promise<void>;
}

/** A server that has nothing to say for that long is gone. */
const silenceMs = 30_000;

/** Connections to `home` and to wherever it refers to. */
export function createHttpTransport(home: URL, access: HttpAccess = {}): HttpTransport {
  const dispatchers = new Map<string, Promise<Dispatcher>>();
  const dispatcherFor = (url: URL): Promise<Dispatcher> => {
    const proxy = access.proxy ?? proxyFromEnvironment(url, access.env ?? process.env);
    // A client certificate is a credential: it goes home, not to where a redirect leads.
    const isHome = url.host === home.host;
    const key = `${isHome ? 'home' : 'elsewhere'} ${proxy ?? ''}`;
    let dispatcher = dispatchers.get(key);
    if (dispatcher === undefined) {
      dispatcher = openDispatcher(proxy, access, isHome);
      dispatchers.set(key, dispatcher);
      dispatcher.catch(() => dispatchers.delete(key));
    }
    return dispatcher;
  };
  return {
    async send({ method = 'GET', url, headers = {}, body, signal }) {
      try {
        if (access.allowLinkLocal !== true) refuseLinkLocal(url);
        const dispatcher = await dispatcherFor(url);
        const answer = await dispatcher.request({
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method,
          headers: { 'user-agent': 'sluice', ...headers },
          body: body ?? null,
          signal: signal ?? null,
        });
        // Whoever gives up reading aborts the body; that is no failure that nobody handled.
        answer.body.on('error', () => undefined);
        return { status: answer.statusCode, headers: flat(answer.headers), body: readable(answer.body, url, method, signal), url };
      } catch (error) {
        throw unreachable(method, url, error, signal);
      }
    },
    async close() {
      await Promise.allSettled([...dispatchers.values()].map(async (dispatcher) => (await dispatcher).destroy()));
    },
  };
}

/** An address as it may be shown: its query and its user may be secrets. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

async function openDispatcher(proxy: string | undefined, access: HttpAccess, withCertificate: boolean): Promise<Dispatcher> {
  // Loaded on use: the HTTP library takes longer to load than a command without a network takes to run.
  const { Agent, ProxyAgent } = await import('undici');
  const tls = {
    rejectUnauthorized: access.insecureSkipTlsVerify !== true,
    secureContext: secureContext(access, withCertificate),
    timeout: silenceMs,
  };
  const common = { headersTimeout: silenceMs, bodyTimeout: silenceMs, connections: 8, maxHeaderSize: 64 * 1024 };
  if (proxy === undefined) {
    return new Agent({ ...common, connect: { ...tls, ...(access.allowLinkLocal !== true && { lookup: guardedLookup }) } });
  }
  const url = proxyUrl(proxy);
  return new ProxyAgent({ ...common, uri: url.href, requestTls: tls, proxyTls: { secureContext: secureContext(access, false) } });
}

function proxyUrl(proxy: string): URL {
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new SluiceError(
      'SourceSettingsInvalid',
      `the proxy ${url === undefined ? 'address does not parse' : `${url.protocol}//${url.host} is not an HTTP proxy`}: write http://host:port`,
    );
  }
  return url;
}

/** With the public authorities and nothing else. Made once: reading all of them takes 10 ms, which every transport would spend. */
let publicContext: SecureContext | undefined;

function secureContext({ ca, clientCertificate, clientKey }: HttpAccess, withCertificate: boolean): SecureContext {
  if (ca === undefined && !(withCertificate && clientCertificate !== undefined)) return (publicContext ??= createSecureContext());
  try {
    return createSecureContext({
      ...(ca !== undefined && { ca: [...rootCertificates, ca] }),
      ...(withCertificate && clientCertificate !== undefined && clientKey !== undefined && { cert: clientCertificate, key: clientKey }),
    });
  } catch (error) {
    throw new SluiceError('SourceSettingsInvalid', `the TLS certificates do not load: ${errorMessage(error)}`, { cause: error });
  }
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && name !== '__proto__') result[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return result;
}

/** The body, with its failures said as those of the exchange are. */
function readable(body: Dispatcher.ResponseData['body'], url: URL, method: string, signal: AbortSignal | undefined): WebAnswer['body'] {
  return {
    destroy: () => void body.destroy(),
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of body as AsyncIterable<Uint8Array>) yield chunk;
      } catch (error) {
        throw unreachable(method, url, error, signal);
      }
    },
  };
}

const hints: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is not from a trusted authority: give its authority as ca.crt",
  SELF_SIGNED_CERT_IN_CHAIN: "the server's certificate is not from a trusted authority: give its authority as ca.crt",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the server's certificate is not from a trusted authority: give its authority as ca.crt",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the server's certificate is not from a trusted authority: give its authority as ca.crt",
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name: check the address',
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  ECONNREFUSED: 'nothing listens there: check host and port',
  ENOTFOUND: 'the name is not known: check the address, and DNS',
  EAI_AGAIN: 'the name server does not answer',
};

function unreachable(method: string, url: URL, error: unknown, signal: AbortSignal | undefined): SluiceError {
  if (error instanceof SluiceError) return error;
  // The library wraps what a proxy or several tried addresses said.
  const inner = error instanceof AggregateError ? error.errors[0] : error instanceof Error ? (error.cause ?? error) : error;
  if (inner instanceof SluiceError) return inner;
  const code = errorCode(inner);
  const isLate = signal?.aborted === true ? isTimeout(signal.reason) : /TIMEOUT|ETIMEDOUT/.test(code);
  if (isLate) return new SluiceError('SourceTimeout', `${method} ${shown(url)}: no answer in time`, { cause: error });
  const hint = Object.hasOwn(hints, code) ? ` (${hints[code]})` : '';
  const text = errorMessage(inner) === '' ? code : errorMessage(inner);
  return new SluiceError('SourceUnreachable', `${method} ${shown(url)}: ${text}${hint}`, { cause: error });
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}

/** `ECONNREFUSED`: the code of a system's or library's error; empty when it has none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : '';
}
