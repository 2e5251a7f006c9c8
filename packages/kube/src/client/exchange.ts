import { errorMessage, SluiceError } from '@sluice/core';
import { bodyChunks, bodyText, type Fetch, type HttpHeaders, type HttpRequest, type HttpResponse } from '../http.js';
import { retryAfterOf } from './kube-error.js';
import { onAbort } from './on-abort.js';
import { backOff, pause, type Timers } from './timers.js';

interface Head {
  readonly status: number;
  readonly headers: HttpHeaders;
}

/** A whole answer. */
export interface Answer extends Head {
  readonly body: string;
}

/** An answer whose body is still coming. */
export interface StreamAnswer extends Head {
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface ExchangeOptions {
  readonly timers: Timers;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Asking twice does no harm. */
  readonly idempotent: boolean;
}

/** A server that answers knows what it asks for; one that can't be reached is more often down than busy. */
const MAX_ATTEMPTS = { answered: 8, unreachable: 4 };
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;

/** Sends a request until it has an answer that is worth handing on, within one deadline. */
export function exchange(fetch: Fetch, request: HttpRequest, options: ExchangeOptions): Promise<Answer> {
  const controller = new AbortController();
  const bound: HttpRequest = { ...request, signal: controller.signal };
  return withDeadline(request, controller, options, () => ask(fetch, bound, controller.signal, options, wholeAnswer));
}

/**
 * Opens a stream: the deadline ends with the answer's head. The stream itself ends by the server or by the controller, which the
 * caller must abort when it reads no further. An answer that is an error is read whole.
 */
export function openStream(
  fetch: Fetch,
  request: HttpRequest,
  controller: AbortController,
  options: ExchangeOptions,
): Promise<Answer | StreamAnswer> {
  const bound: HttpRequest = { ...request, stream: true, signal: controller.signal };
  return withDeadline(request, controller, options, () =>
    ask<Answer | StreamAnswer>(fetch, bound, controller.signal, options, (response) =>
      response.status < 300
        ? { status: response.status, headers: response.headers, chunks: untilAborted(bodyChunks(response.body), controller.signal) }
        : wholeAnswer(response),
    ),
  );
}

async function wholeAnswer({ status, headers, body }: HttpResponse): Promise<Answer> {
  return { status, headers, body: typeof body === 'string' ? body : await bodyText(body) };
}

async function ask<T extends Head>(
  fetch: Fetch,
  request: HttpRequest,
  signal: AbortSignal,
  options: ExchangeOptions,
  read: (response: HttpResponse) => T | Promise<T>,
): Promise<T> {
  const ends = options.timers.now() + options.timeoutMs;
  for (let attempt = 0; ; attempt++) {
    let delay: number | undefined;
    let result: T | SluiceError;
    try {
      result = await read(await fetch(request));
      delay = retryDelay(result, attempt, options);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      result = unreachable(request, error);
      if (result.reason !== 'KubeUnreachable') throw result;
      if (options.idempotent || neverSent(error)) delay = nextDelay(attempt, options);
    }
    const attempts = result instanceof SluiceError ? MAX_ATTEMPTS.unreachable : MAX_ATTEMPTS.answered;
    // When the wait would outlast the deadline the last answer says more than a timeout would.
    if (delay === undefined || attempt + 1 >= attempts || options.timers.now() + delay >= ends) {
      if (result instanceof SluiceError) throw result;
      return result;
    }
    await pause(options.timers, delay, signal);
  }
}

/** How long to wait before asking again; undefined when the answer stands. */
function retryDelay(answer: Head, attempt: number, options: ExchangeOptions): number | undefined {
  const { status, headers } = answer;
  if (status !== 429 && status < 500) return undefined;
  const seconds = retryAfterOf(headers);
  if (seconds !== undefined) return seconds * 1000 + nextDelay(0, options);
  // 500 without Retry-After is an opinion of the server (a webhook, an apply that does not type-check): asking again does not change it.
  if (status === 429 || (options.idempotent && status >= 502 && status <= 504)) return nextDelay(attempt, options);
  return undefined;
}

function nextDelay(attempt: number, options: ExchangeOptions): number {
  return backOff(attempt, FIRST_DELAY_MS, MAX_DELAY_MS, options.timers.random());
}

/** Ends a task at the deadline or when the caller's signal is aborted: by its controller, and also when it pays no attention to that. */
function withDeadline<T>(
  request: HttpRequest,
  controller: AbortController,
  options: Pick<ExchangeOptions, 'timers' | 'timeoutMs' | 'signal'>,
  task: () => Promise<T>,
): Promise<T> {
  const { timers, timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const end = (reason: unknown) => {
      settled();
      controller.abort(reason);
      reject(reason);
    };
    const cancel = timers.after(timeoutMs, () => end(timedOut(request, timeoutMs)));
    const forget = onAbort(signal, () => end(signal?.reason));
    const settled = () => {
      cancel();
      forget();
    };
    task().then(resolve, reject).finally(settled);
  });
}

function timedOut(request: HttpRequest, timeoutMs: number): SluiceError {
  return new SluiceError('KubeTimeout', `${describe(request)}: no answer within ${timeoutMs / 1000} s`);
}

/** The error of a request that got no answer. */
function unreachable(request: HttpRequest, error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  return new SluiceError('KubeUnreachable', `${describe(request)}: ${errorMessage(rootCause(error))}`, { cause: error });
}

function describe({ method, path }: HttpRequest): string {
  return `${method} ${path.split('?', 1)[0]}`;
}

/** An AggregateError of a connection attempt to several addresses says nothing itself. */
function rootCause(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}

/** Whether the request failed before any of it could reach the server, so that sending it again is always safe. */
function neverSent(error: unknown): boolean {
  const code = (rootCause(error) as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && connectErrors.has(code);
}

const connectErrors = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** The same chunks, until the signal is aborted, also when their source pays no attention to it. Throws the signal's reason then. */
async function* untilAborted(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let rejectNext: ((reason: unknown) => void) | undefined;
  const aborted = () => rejectNext?.(signal.reason);
  signal.addEventListener('abort', aborted, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        rejectNext = reject;
        iterator.next().then(resolve, reject);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', aborted);
    // Not awaited: a source that hangs would hold up who reads no further.
    void iterator.return?.()?.catch(() => undefined);
  }
}
