import { validateHeaderName, validateHeaderValue } from 'node:http';
import { errorMessage, SluiceError } from '@sluice/core';
import type { HttpAnswer, Outlet } from '@sluice/notifications';
import { sleep, type Clock } from '@sluice/runtime';
import type { HttpTransport, WebAnswer } from '@sluice/sources';

/** What of an answer is read: more would only be for a log. */
const MAX_ANSWER_BYTES = 64 * 1024;
const RETRIES = 4;
const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 30_000;

/**
 * Sends requests to a provider, again where it was busy or could not be reached, until the signal ends it. Redirects are
 * answers: a message with credentials does not go elsewhere.
 */
export function createHttpOutlet(connectionTo: (url: URL) => HttpTransport, clock: Clock, signal: AbortSignal): Outlet['send'] {
  return async ({ url: address, method, headers, body }) => {
    const url = new URL(address);
    for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await once(connectionTo(url), { url, method, headers, ...(body === undefined ? {} : { body }), signal });
      if ('answer' in outcome && !isBusy(outcome.answer.status)) return outcome.answer;
      if (attempt === RETRIES || signal.aborted || isHopeless(outcome)) return ended(outcome, attempt + 1);
      const delay = 'retryAfterMs' in outcome && outcome.retryAfterMs !== undefined ? outcome.retryAfterMs : FIRST_DELAY_MS * 2 ** attempt;
      try {
        await sleep(clock, Math.min(delay, LONGEST_DELAY_MS), signal);
      } catch {
        return ended(outcome, attempt + 1);
      }
    }
  };
}

/** What can't be sent would be tried again and again. Headers come from Secrets: the message has the name only, if that is one. */
function checkHeader(name: string, value: string): void {
  try {
    validateHeaderName(name);
  } catch (error) {
    throw new SluiceError('ProviderInvalid', 'a header has a name that can not be one', { cause: error });
  }
  try {
    validateHeaderValue(name, value);
  } catch (error) {
    throw new SluiceError('ProviderInvalid', `the value of the header ${name} has characters that can not be sent: line breaks, say`, {
      cause: error,
    });
  }
}

type Outcome = { readonly answer: HttpAnswer; readonly retryAfterMs: number | undefined } | { readonly error: unknown };

async function once(transport: HttpTransport, request: Parameters<HttpTransport['send']>[0]): Promise<Outcome> {
  try {
    const answer = await transport.send(request);
    const seconds = Number(answer.headers['retry-after']);
    return {
      answer: { status: answer.status, body: await textOf(answer) },
      retryAfterMs: Number.isFinite(seconds) && seconds >= 0 && answer.headers['retry-after'] !== undefined ? seconds * 1000 : undefined,
    };
  } catch (error) {
    return { error };
  }
}

/** Asking again helps where nobody answered, not where an address is refused. */
function isHopeless(outcome: Outcome): boolean {
  if ('answer' in outcome) return false;
  const { error } = outcome;
  return error instanceof SluiceError && error.reason !== 'SourceUnreachable' && error.reason !== 'SourceTimeout';
}

const isBusy = (status: number): boolean => status === 429 || (status >= 500 && status !== 501);

function ended(outcome: Outcome, attempts: number): HttpAnswer {
  if ('answer' in outcome) return outcome.answer;
  const times = attempts === 1 ? '' : ` (tried ${attempts} times)`;
  throw new SluiceError('ProviderFailed', `failed to execute request: ${errorMessage(outcome.error)}${times}`, { cause: outcome.error });
}

async function textOf({ body }: WebAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) {
      body.destroy();
      break;
    }
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER_BYTES);
}
