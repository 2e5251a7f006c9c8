import { SluiceError } from '@sluice/core';
import type { FetchJson } from '@sluice/notifications';
import type { Clock } from '@sluice/runtime';
import { createConnections } from '../notification/connections.js';
import { createHttpOutlet } from '../notification/http-outlet.js';

const KEEP_MS = 10 * 60_000;
const MAX_KEPT = 100;

/** Reads what issuers of tokens publish, and keeps it for a while: a webhook must not make us ask them each time. */
export function createIssuerReader(clock: Clock, signal: AbortSignal): FetchJson {
  const kept = new Map<string, { readonly until: number; readonly value: Promise<unknown> }>();
  return async (url) => {
    const known = kept.get(url);
    if (known !== undefined && known.until > clock.now()) return await known.value;
    if (kept.size >= MAX_KEPT) kept.clear();
    const value = read(url, clock, signal);
    kept.set(url, { until: clock.now() + KEEP_MS, value });
    value.catch(() => kept.delete(url));
    return await value;
  };
}

async function read(url: string, clock: Clock, signal: AbortSignal): Promise<unknown> {
  const connections = createConnections();
  const send = createHttpOutlet((address) => connections.to(address, {}), clock, signal);
  try {
    const answer = await send({ method: 'GET', url, headers: { Accept: 'application/json' } });
    if (answer.status !== 200) throw new SluiceError('WebhookRefused', `the issuer of tokens answered ${answer.status} at ${url}`);
    return JSON.parse(answer.body) as unknown;
  } finally {
    await connections.close();
  }
}
