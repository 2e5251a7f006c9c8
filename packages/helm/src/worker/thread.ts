/** What runs in a worker: renders what it is asked to, one after the other, and remembers the charts. */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { SluiceError, errorMessage } from '@sluice/core';
import type { Chart } from '../chart/chart.js';
import type { Lookup } from '../functions/host.js';
import { render } from '../render/render.js';
import type { Answer, LookupAnswer, LookupRequest, RenderRequest } from './messages.js';

const charts = new Map<number, Chart>();

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a worker has no origin
parentPort?.on('message', (request: RenderRequest) => parentPort?.postMessage(answerTo(request)));

function answerTo({ id, chart: given, drop, values, release, options, lookup }: RenderRequest): Answer {
  try {
    if (given !== undefined) charts.set(id, given);
    if (drop !== undefined) charts.delete(drop);
    const chart = charts.get(id);
    if (chart === undefined) throw new SluiceError('RenderFailed', 'the worker was not given the chart');
    return { rendering: render(chart, values, release, { ...options, ...(lookup !== undefined && { lookup: waitingLookup(lookup) }) }) };
  } catch (error) {
    if (error instanceof SluiceError) return { reason: error.reason, message: error.message, place: error.place };
    return { reason: 'RenderFailed', message: errorMessage(error), place: {} };
  }
}

/** Templates run to their end without a pause, so the thread sleeps until the cluster has answered. */
function waitingLookup({ port, shared }: NonNullable<RenderRequest['lookup']>): Lookup {
  return (apiVersion, kind, namespace, name) => {
    Atomics.store(shared, 0, 0);
    port.postMessage({ apiVersion, kind, namespace, name } satisfies LookupRequest);
    Atomics.wait(shared, 0, 0);
    const received: { readonly message: LookupAnswer } | undefined = receiveMessageOnPort(port);
    if (received === undefined) throw new Error('the cluster did not answer');
    if ('error' in received.message) throw new Error(received.message.error);
    return received.message.object;
  };
}
