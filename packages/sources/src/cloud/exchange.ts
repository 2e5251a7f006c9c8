import { SluiceError, deadlineSignal, isJsonObject } from '@sluice/core';
import { readBody, reasonOfStatus } from '../http/exchange.js';
import { createHttpTransport, shown, type HttpAccess, type WebRequest } from '../http/transport.js';
import type { CloudAccount } from './account.js';

/** Something that lasts for a while: a token, keys. */
export interface Lasting<T> {
  readonly value: T;
  /** In milliseconds since 1970. */
  readonly expires: number;
}

/** Gives what lasts, and asks for it anew when it is about to end. */
export type Renewed<T> = (signal?: AbortSignal) => Promise<T>;

/** A little before its end: what is made with it has still to arrive. */
const marginMs = 60_000;

/** Keeps what `fetch` gives as long as it lasts; those who ask meanwhile share one answer. */
export function renewed<T>(fetch: (signal?: AbortSignal) => Promise<Lasting<T>>, now: () => number = Date.now): Renewed<T> {
  let known: Promise<Lasting<T>> | undefined;
  return async (signal) => {
    const before = known;
    const last = await before?.catch(() => undefined);
    if (last !== undefined && last.expires - marginMs >= now()) return last.value;
    // Whoever comes first asks; the others find that it was asked.
    if (known === undefined || known === before) {
      const fetched = fetch(signal);
      known = fetched;
      fetched.catch(() => {
        if (known === fetched) known = undefined;
      });
    }
    return (await known).value;
  };
}

export interface CloudAccess extends HttpAccess {
  /** The limit of one request. Default: 20 s. */
  readonly timeoutMs?: number | undefined;
  readonly now?: (() => number) | undefined;
  /** Who asks, where that is not this process itself. */
  readonly account?: CloudAccount | undefined;
  /** Told when a service is about to be asked. */
  readonly onAsk?: (() => void) | undefined;
}

const maxAnswerBytes = 1024 * 1024;

/** Sends one request to a service that gives out credentials. What it answers may be secret: nothing of it goes into a message. */
export async function ask(what: string, request: WebRequest, { timeoutMs = 20_000, onAsk, ...access }: CloudAccess): Promise<string> {
  onAsk?.();
  const transport = createHttpTransport(request.url, access);
  try {
    const answer = await transport.send({ ...request, signal: deadlineSignal(timeoutMs, request.signal) });
    const body = (await readBody(answer, maxAnswerBytes, `the answer of ${shown(request.url)}`)).toString('utf8');
    if (answer.status === 200) return body;
    const code = errorCode(body);
    throw new SluiceError(
      answer.status === 400 ? 'SourceAuthenticationFailed' : reasonOfStatus(answer.status),
      `${what}: ${shown(request.url)} answered ${answer.status}${code === undefined ? '' : ` (${code})`}`,
    );
  } finally {
    await transport.close();
  }
}

/** The same for JSON. */
export async function askJson(what: string, request: WebRequest, access: CloudAccess): Promise<Record<string, unknown>> {
  const body = await ask(what, request, access);
  try {
    const value: unknown = JSON.parse(body);
    if (isJsonObject(value)) return value;
  } catch {
    // said below
  }
  throw new SluiceError('SourceAnswerInvalid', `${what}: ${shown(request.url)} did not answer with a JSON object`);
}

/** A form, as token servers take them. */
export function form(url: URL, fields: Readonly<Record<string, string>>, signal?: AbortSignal): WebRequest {
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(fields).toString(),
    signal,
  };
}

/** A bearer token out of an OAuth 2.0 answer. */
export function tokenOf(answer: Readonly<Record<string, unknown>>, what: string, now: () => number): Lasting<string> {
  const { access_token: token, expires_in: seconds } = answer;
  if (typeof token !== 'string' || token === '' || /[\r\n]/.test(token)) {
    throw new SluiceError('SourceAnswerInvalid', `${what}: the answer holds no access token`);
  }
  return { value: token, expires: now() + Number(seconds ?? 300) * 1000 };
}

/** A word such as `invalid_client` or `AccessDenied`; anything longer might quote a secret. */
function errorCode(body: string): string | undefined {
  return /"(?:error|__type|code)"\s*:\s*"([A-Za-z0-9_.#]{1,80})"/.exec(body)?.[1] ?? /<Code>([A-Za-z0-9_.]{1,80})<\/Code>/.exec(body)?.[1];
}

/** An address out of settings. */
export function serviceUrl(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '') {
    throw new SluiceError(
      'SourceSettingsInvalid',
      `${what} ${JSON.stringify(text.replace(/^.*@/, '***@').slice(0, 200))} is no web address`,
    );
  }
  return url;
}
