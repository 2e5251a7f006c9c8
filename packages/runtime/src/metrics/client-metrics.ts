import type { Fetch } from '@sluice/kube';
import type { MetricsRegistry } from './registry.js';

/** Counts the requests to Kubernetes APIs, as client-go does: one counter for all clusters, by their hosts. */
export function createClientMetrics(registry: MetricsRegistry): { counted(fetch: Fetch, host: string): Fetch } {
  const requests = registry.counter(
    'rest_client_requests_total',
    'Number of HTTP requests, partitioned by status code, method, and host.',
    ['code', 'host', 'method'],
  );
  return {
    counted: (fetch, host) => async (request) => {
      const { method } = request;
      try {
        const answer = await fetch(request);
        requests.increment({ code: String(answer.status), host, method });
        return answer;
      } catch (error) {
        requests.increment({ code: '<error>', host, method });
        throw error;
      }
    },
  };
}
