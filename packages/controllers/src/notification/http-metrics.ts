import type { Fetch } from '@sluice/kube';
import type { MetricsRegistry } from '@sluice/runtime';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BYTES = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/** Measures a server as Flux measures its own: `gotk_event_http_*`, `gotk_receiver_http_*`. */
export interface HttpMetrics {
  measured(handle: Fetch): Fetch;
}

/** @param handler the part of the path that is no secret: `/`, `/hook/` */
export function createHttpMetrics(registry: MetricsRegistry, prefix: 'gotk_event' | 'gotk_receiver', handler: string): HttpMetrics {
  const labels = ['code', 'handler', 'method', 'service'];
  const durations = registry.histogram(`${prefix}_http_request_duration_seconds`, 'The latency of the HTTP requests.', labels, SECONDS);
  const sizes = registry.histogram(`${prefix}_http_response_size_bytes`, 'The size of the HTTP responses.', labels, BYTES);
  const inflight = registry.gauge(`${prefix}_http_requests_inflight`, 'The number of inflight requests being handled at the same time.', [
    'handler',
    'service',
  ]);
  let running = 0;
  registry.onScrape(() => inflight.set({ handler }, running));
  return {
    measured: (handle) => async (request) => {
      const started = performance.now();
      running += 1;
      let code = '500';
      try {
        const answer = await handle(request);
        code = String(answer.status);
        if (typeof answer.body === 'string') sizes.observe({ code, handler, method: request.method }, Buffer.byteLength(answer.body));
        return answer;
      } finally {
        running -= 1;
        durations.observe({ code, handler, method: request.method }, (performance.now() - started) / 1000);
      }
    },
  };
}
