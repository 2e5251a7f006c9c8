import { errorMessage } from '@sluice/core';
import type { Fetch } from '@sluice/kube';
import { readEvent, type NotificationEvent } from '@sluice/notifications';
import type { Logger } from '@sluice/runtime';
import type { Dispatcher } from './dispatcher.js';
import type { HttpMetrics } from './http-metrics.js';
import { requestText } from './request-body.js';

/** Takes events as Flux's controllers post them: `POST /` with an event's JSON. Repeats are answered with 429, as there. */
export function eventHandler(dispatcher: Dispatcher, log: Logger, metrics: HttpMetrics): Fetch {
  return metrics.measured(({ method, body }) => {
    if (method !== 'POST') return Promise.resolve(answer(405));
    const text = requestText(body);
    if (text === undefined) return Promise.resolve(answer(413));
    let event: NotificationEvent;
    try {
      event = readEvent(JSON.parse(text));
    } catch (error) {
      log.error('decoding the request body failed', errorMessage(error));
      return Promise.resolve(answer(400));
    }
    return Promise.resolve(answer(dispatcher.accept(event).isRepeat ? 429 : 202));
  });
}

const answer = (status: number) => ({ status, headers: {}, body: '' });
