import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricsRegistry } from './registry.js';

/** What every process shows: CPU, memory, and how long the event loop was held. The result stops the measuring. */
export function registerProcessMetrics(registry: MetricsRegistry): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const cpu = registry.counter('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.');
  const resident = registry.gauge('process_resident_memory_bytes', 'Resident memory size in bytes.');
  const heap = registry.gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.');
  const started = registry.gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.');
  const lag = registry.gauge('nodejs_eventloop_lag_p99_seconds', 'The 99th percentile of the event loop delays since the last scrape.');
  let counted = 0;
  registry.onScrape(() => {
    const { user, system } = process.cpuUsage();
    const seconds = (user + system) / 1e6;
    cpu.increment({}, seconds - counted);
    counted = seconds;
    const { rss, heapUsed } = process.memoryUsage();
    resident.set({}, rss);
    heap.set({}, heapUsed);
    started.set({}, Math.round(Date.now() / 1000 - process.uptime()));
    lag.set({}, delay.percentile(99) / 1e9);
    delay.reset();
  });
  return () => delay.disable();
}
