import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../server/context.js';
import { tooLargeRevision } from '../server/status.js';

/** How long a request waits for a resource version that is not there yet. */
const FUTURE_WAIT_MS = 3000;
const FUTURE_POLL_MS = 50;

export function parseRevision(text: string, refuse: (message: string) => Error): number {
  if (!/^\d+$/.test(text) || text.length > 19) {
    throw refuse(
      `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return Number(text);
}

/** Waits a while for a resource version that a client knows and this server does not; throws a 504 when it does not come. */
export async function awaitRevision(call: Call, revision: number): Promise<void> {
  const { store, now } = call.context;
  const deadline = now() + FUTURE_WAIT_MS;
  while (revision > store.revision) {
    if (now() >= deadline) throw tooLargeRevision(String(revision), store.revision);
    const signal = call.signal();
    await sleep(FUTURE_POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}
