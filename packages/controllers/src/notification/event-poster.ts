import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, withDeadline } from '@sluice/core';
import type { NotificationEvent } from '@sluice/notifications';
import type { EventBus, Logger } from '@sluice/runtime';
import { createHttpTransport } from '@sluice/sources';
import { notificationOf } from './wire.js';

/** So many events wait at most; with more of them the oldest are lost: they are in the cluster, too. */
const MOST_WAITING = 1000;
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const ANSWER_WITHIN_MS = 15_000;

export interface EventPoster {
  /** Posts what is left, for so long at most. */
  stop(withinMs: number): Promise<void>;
}

/**
 * Tells a notification-controller that runs elsewhere of all events, as Flux's controllers do: one POST an event, in order.
 * What it does not take after some attempts is lost; an answer of 429 says that it knows.
 */
export function postEvents(events: EventBus, address: URL, log: Logger): EventPoster {
  const transport = createHttpTransport(address, { allowLinkLocal: true });
  const waiting: NotificationEvent[] = [];
  const stopping = new AbortController();
  let working: Promise<void> | undefined;

  const unsubscribe = events.subscribe((event) => {
    if (event.severity === 'trace') return;
    if (waiting.length >= MOST_WAITING) waiting.shift();
    waiting.push(notificationOf(event));
    working ??= work().finally(() => (working = undefined));
  });

  async function work(): Promise<void> {
    for (let event = waiting.shift(); event !== undefined && !stopping.signal.aborted; event = waiting.shift()) {
      await deliver(event).catch((error: unknown) =>
        log.debug('an event could not be posted', { address: address.href, error: errorMessage(error) }),
      );
    }
  }

  async function deliver(event: NotificationEvent): Promise<void> {
    const body = JSON.stringify(event);
    for (let attempt = 1; ; attempt++) {
      try {
        const headers = { 'content-type': 'application/json' };
        const answer = await withDeadline(ANSWER_WITHIN_MS, stopping.signal, (signal) =>
          transport.send({ method: 'POST', url: address, headers, body, signal }),
        );
        answer.body.destroy();
        if (answer.status < 500) return;
        throw new Error(`it answered ${answer.status}`);
      } catch (error) {
        if (attempt === ATTEMPTS || stopping.signal.aborted) throw error;
        await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1), undefined, { signal: stopping.signal });
      }
    }
  }

  return {
    async stop(withinMs) {
      unsubscribe();
      const timer = setTimeout(() => stopping.abort(new Error('the controller stops')), withinMs);
      await working;
      clearTimeout(timer);
      await transport.close();
    },
  };
}
