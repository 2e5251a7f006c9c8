import { headerOf, type Fetch, type HttpResponse } from '@sluice/kube';
import type { MetricsRegistry } from './metrics/registry.js';

export interface ProbeOptions {
  readonly registry: MetricsRegistry;
  /** Why the process is not ready, or undefined when it is. */
  readonly notReady: () => string | undefined;
}

/** Answers `/healthz`, `/readyz` and `/metrics`; 404 for anything else. */
export function createProbes({ registry, notReady }: ProbeOptions): Fetch {
  return (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return Promise.resolve(text(405, 'method not allowed\n'));
    switch (request.path.split('?', 1)[0]) {
      case '/healthz':
        return Promise.resolve(text(200, 'ok'));
      case '/readyz': {
        const reason = notReady();
        return Promise.resolve(reason === undefined ? text(200, 'ok') : text(503, `${reason}\n`));
      }
      case '/metrics': {
        // Whoever can read it gets the format that has exemplars.
        const isOpen = headerOf(request.headers, 'accept')?.includes('application/openmetrics-text') === true;
        const type = isOpen ? 'application/openmetrics-text; version=1.0.0' : 'text/plain; version=0.0.4';
        const body = bytesOf(registry.pieces(isOpen ? 'openmetrics' : 'text'));
        return Promise.resolve({ status: 200, headers: { 'content-type': `${type}; charset=utf-8` }, body });
      }
      default:
        return Promise.resolve(text(404, 'not found\n'));
    }
  };
}

function text(status: number, body: string, type = 'text/plain; charset=utf-8'): HttpResponse {
  return { status, headers: { 'content-type': type }, body };
}

async function* bytesOf(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield Buffer.from(piece);
}
